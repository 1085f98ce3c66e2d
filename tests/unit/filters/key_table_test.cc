#include "filters/key_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gateway/json/read_node.h"

namespace trackly::filters {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kDigest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

class KeyTableTest : public testing::Test {
 protected:
  void read(std::string_view json) {
    file_ = json::read_node(json, "keys.yaml", problems_);
    table_ = KeyTable::read(file_, rules_, problems_);
  }
  const std::vector<std::string>& problems() const { return problems_.lines(); }
  KeyAnswer find(std::uint8_t first_byte, std::uint8_t last_byte) {
    KeyDigest digest{0x9f, 0x86, 0xd0, 0x81, 0x88, 0x4c, 0x7d, 0x65, 0x9a, 0x2f, 0xea,
                     0xa0, 0xc5, 0x5a, 0xd0, 0x15, 0xa3, 0xbf, 0x4f, 0x1b, 0x2b, 0x0b,
                     0x82, 0x2c, 0xd1, 0x5d, 0x6c, 0x15, 0xb0, 0xf0, 0x0a, 0x08};
    digest.front() = first_byte;
    digest.back() = last_byte;
    return table_->find(digest);
  }

  KeyTable::RuleNames rules_;
  Problems problems_;
  Node file_;
  std::shared_ptr<KeyTable> table_;
};

TEST_F(KeyTableTest, AKeyIsFoundByItsDigest) {
  read(R"({"accounts":{"acct_42":{"status":"billing_blocked","products":["email","otp"]}},
           "keys":[{"sha256":")" +
       kDigest + R"(","account":"acct_42","name":"production"}]})");
  ASSERT_THAT(problems(), IsEmpty());
  EXPECT_EQ(table_->size(), 1U);
  const KeyAnswer answer = find(0x9f, 0x08);
  ASSERT_EQ(answer.status, KeyAnswer::Status::known);
  EXPECT_EQ(answer.record->id, "9f86d081884c7d65");
  EXPECT_EQ(answer.record->name, "production");
  EXPECT_EQ(answer.record->account->id, "acct_42");
  EXPECT_EQ(answer.record->account->status, AccountStatus::billing_blocked);
  ASSERT_TRUE(answer.record->account->products);
  EXPECT_THAT(*answer.record->account->products, ElementsAre("email", "otp"));
}

TEST_F(KeyTableTest, EveryByteOfADigestCounts) {
  read(R"({"accounts":{"a":{}},"keys":[{"sha256":")" + kDigest +
       R"(","account":"a","name":"n"}]})");
  EXPECT_EQ(find(0x9e, 0x08).status, KeyAnswer::Status::unknown);
  EXPECT_EQ(find(0x9f, 0x09).status, KeyAnswer::Status::unknown);
  EXPECT_EQ(find(0x9f, 0x09).record, nullptr);
}

TEST_F(KeyTableTest, KeysOfAnAccountShareIt) {
  std::string other = kDigest;
  other.back() = '9';
  read(R"({"accounts":{"a":{"status":"suspended"}},"keys":[{"sha256":")" + kDigest +
       R"(","account":"a","name":"one"},{"sha256":")" + other +
       R"(","account":"a","name":"two"}]})");
  ASSERT_THAT(problems(), IsEmpty());
  EXPECT_EQ(find(0x9f, 0x08).record->account, find(0x9f, 0x09).record->account);
  EXPECT_EQ(find(0x9f, 0x09).record->name, "two");
}

TEST_F(KeyTableTest, AnEmptyFileHasNoKeys) {
  for (const char* text : {"{}", "null", R"({"accounts":null})", R"({"accounts":{},"keys":[]})"}) {
    read(text);
    EXPECT_THAT(problems(), IsEmpty()) << text;
    EXPECT_EQ(table_->size(), 0U) << text;
  }
}

TEST_F(KeyTableTest, ADigestIsLowerCaseHexOfFullLength) {
  std::string upper = kDigest;
  upper[1] = 'F';
  std::string foreign = kDigest;
  foreign[1] = 'g';
  for (const std::string& digest : {std::string(), kDigest.substr(1), kDigest + "0", upper, foreign,
                                    std::string("trk_0123456789abcdefghijABCDEFGHIJ42")}) {
    problems_ = Problems();
    read("{\"accounts\":{\"a\":{}},\"keys\":[\n {\"sha256\":\"" + digest +
         R"(","account":"a","name":"n"}]})");
    EXPECT_THAT(problems(), ElementsAre("keys.yaml:2:2: sha256: expected the 64 lower-case "
                                        "hexadecimal digits that `key hash` prints"))
        << digest;
    EXPECT_EQ(table_->size(), 0U);
  }
}

TEST_F(KeyTableTest, EveryMistakeIsReportedWithItsLine) {
  read(R"({
    "accounts": {
      "a": {"status": "suspendet"},
      "b": {"state": "active"}
    },
    "keys": [
      {"sha256": ")" +
       kDigest + R"(", "account": "a", "name": "one"},
      {"sha256": ")" +
       kDigest + R"(", "account": "b", "name": "two"},
      {"sha256": ")" +
       kDigest + R"(", "account": "c", "name": "three"},
      {"sha256": "9f", "account": "a"}
    ],
    "key": []
  })");
  EXPECT_THAT(problems(),
              ElementsAre(testing::HasSubstr("keys.yaml:3:23: status: expected"),
                          testing::HasSubstr("keys.yaml:4:13: unknown key \"state\""),
                          "keys.yaml:8:7: sha256: this key is in the file already",
                          "keys.yaml:9:7: account: \"c\" is not among the accounts",
                          testing::HasSubstr("keys.yaml:10:7: sha256: expected"),
                          "keys.yaml:10:7: name: a key needs one, for the access log",
                          testing::HasSubstr(
                              "keys.yaml:12:5: unknown key \"key\"; did you mean \"keys\"?")));
}

TEST_F(KeyTableTest, AnAccountsIdCanStandInAHeaderField) {
  read(
      "{\"accounts\":{\n\"acct "
      "42\":{},\n\"acct\\r\\nX-Evil\":{},\n\"caf\u00e9\":{},\n\"a:/~!\":{}}}");
  EXPECT_THAT(
      problems(),
      ElementsAre("keys.yaml:2:1: accounts: an id is one or more visible ASCII characters",
                  "keys.yaml:3:1: accounts: an id is one or more visible ASCII characters",
                  "keys.yaml:4:1: accounts: an id is one or more visible ASCII characters"));
}

TEST_F(KeyTableTest, ACallingCodeIsAllDigitsAndTextNotANumber) {
  read(R"({"accounts":{
    "a":{"calling_codes":["1","44","1876"]},
    "b":{"calling_codes":["+44"]},
    "c":{"calling_codes":["044"]},
    "d":{"calling_codes":[""]},
    "e":{"calling_codes":[44]}}})");
  EXPECT_THAT(problems(),
              ElementsAre(testing::HasSubstr("keys.yaml:3:9: calling_codes: \"+44\" is none"),
                          testing::HasSubstr("keys.yaml:4:9: calling_codes: \"044\" is none"),
                          testing::HasSubstr("keys.yaml:5:9: calling_codes: \"\" is none"),
                          testing::HasSubstr("keys.yaml:6:27: calling_codes: expected")));
}

TEST_F(KeyTableTest, AnAccountMayHaveLimitsOfItsOwn) {
  read(R"({"accounts":{"a":{"batch_maximum":500,"limits":{
      "single":{"rate":"500/s","burst":1000},
      "hourly":{"rate":"5/h"},
      "daily":{"quota":"5000/day"}}}},
      "keys":[{"sha256":")" +
       kDigest + R"(","account":"a","name":"n"}]})");
  ASSERT_THAT(problems(), IsEmpty());
  const Account& account = *find(0x9f, 0x08).record->account;
  EXPECT_EQ(account.batch_maximum, 500U);
  ASSERT_EQ(account.limits.size(), 3U);
  EXPECT_EQ(account.limits[0].rule, "single");
  EXPECT_EQ(account.limits[0].tokens, 500U);
  EXPECT_EQ(account.limits[0].burst, 1000U);
  EXPECT_EQ(account.limits[1].burst, 5U);
  EXPECT_EQ(account.limits[1].period, std::chrono::hours(1));
  EXPECT_EQ(account.limits[2].burst, 5000U);
}

TEST_F(KeyTableTest, ALimitIsARateOrAQuota) {
  read(R"({"accounts":{
      "a":{"limits":{"x":{"rate":"5/s","quota":"5/day"}}},
      "b":{"limits":{"x":{}}},
      "c":{"limits":{"x":{"quota":"5/day","burst":5}}},
      "d":{"limits":["x"]},
      "e":{"batch_maximum":0}}})");
  ASSERT_EQ(problems().size(), 5U);
  EXPECT_THAT(problems()[0], testing::HasSubstr("keys.yaml:2:26: limits: expected a rate"));
  EXPECT_THAT(problems()[1], testing::HasSubstr("keys.yaml:3:26: limits: expected a rate"));
  EXPECT_THAT(problems()[2], testing::HasSubstr("unknown key \"burst\""));
  EXPECT_THAT(problems()[3], testing::HasSubstr("limits: expected a mapping"));
  EXPECT_THAT(problems()[4], testing::HasSubstr("batch_maximum"));
}

TEST_F(KeyTableTest, ALimitIsForARuleThatThereIs) {
  rules_ = {"single", "daily"};
  read(R"({"accounts":{"a":{"limits":{"single":{"rate":"5/s"},"dayly":{"quota":"5/day"}}}}})");
  ASSERT_EQ(problems().size(), 1U);
  EXPECT_THAT(problems()[0], testing::HasSubstr("unknown rule \"dayly\""));
}

TEST_F(KeyTableTest, ANameIsOneKeyOfItsAccount) {
  std::string second = kDigest;
  second.back() = '9';
  std::string third = kDigest;
  third.back() = '7';
  read(R"({"accounts":{"a":{},"b":{}},"keys":[
      {"sha256":")" +
       kDigest + R"(","account":"a","name":"production"},
      {"sha256":")" +
       second + R"(","account":"b","name":"production"},
      {"sha256":")" +
       third + R"(","account":"a","name":"production"}]})");
  EXPECT_THAT(problems(),
              ElementsAre("keys.yaml:4:7: name: the account has a key \"production\" already"));
}

TEST_F(KeyTableTest, WhatIsNoMappingIsReported) {
  read(R"({"accounts":["a"],"keys":{"sha256":"x"}})");
  ASSERT_EQ(problems().size(), 2U);
  EXPECT_EQ(problems()[0], "keys.yaml:1:13: accounts: expected a mapping of account ids");
  EXPECT_THAT(problems()[1], testing::HasSubstr("keys.yaml:1:26: keys: expected"));
}

}  // namespace
}  // namespace trackly::filters
