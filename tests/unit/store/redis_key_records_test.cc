// How keys and accounts stand in Redis, and what is published of their changes.

#include "gateway/store/redis_key_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/store/redis_slots.h"
#include "tests/unit/store/resp.h"

namespace trackly::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

const std::string kNil = "$-1\r\n";
constexpr std::string_view kHex =
    "a100000000000000000000000000000000000000000000000000000000000000";

KeyDigest digest() {
  KeyDigest digest{};
  digest[0] = 0xa1;
  return digest;
}

// ------------------------------------------------------------------------------------------- names

TEST(RedisKeyNames, HoldTheDigestNeverTheKey) {
  EXPECT_EQ(redis_key_of(digest()), "trackly:key:" + std::string(kHex));
}

TEST(RedisKeyNames, OfOneAccountLieOnOneNode) {
  EXPECT_EQ(redis_slot(redis_key_of_account("acct")), redis_slot(redis_key_of_keys("acct")));
  EXPECT_NE(redis_key_of_account("acct"), redis_key_of_keys("acct"));
}

// ----------------------------------------------------------------------------------------- changes

TEST(RedisKeyChange, SaysWhichKeyOrWhichAccount) {
  const Change of_key = parse_change(change_of_key(digest()));
  EXPECT_THAT(of_key.key, Optional(digest()));
  EXPECT_EQ(of_key.account, "");
  const Change of_account = parse_change(change_of_account("acct 7"));
  EXPECT_EQ(of_account.key, std::nullopt);
  EXPECT_EQ(of_account.account, "acct 7");
}

TEST(RedisKeyChange, IsNeitherWhereItCannotBeRead) {
  const std::string hex(kHex);
  for (const std::string& message :
       {std::string(), std::string("key"), std::string("key "), "key " + hex.substr(1),
        "key " + hex + "0", "key G" + hex.substr(1), "key A" + hex.substr(1), "KEY " + hex,
        std::string("account "), std::string("accounts")}) {
    const Change change = parse_change(message);
    EXPECT_EQ(change.key, std::nullopt) << message;
    EXPECT_EQ(change.account, "") << message;
  }
}

// -------------------------------------------------------------------------------------------- keys

/// "web of acct", with "until 5" where it ends; else why there is none.
std::string key_in(const std::string& wire) {
  StoredKey key;
  switch (read_key(parsed(wire), key)) {
    case KeyReading::unknown:
      return "unknown";
    case KeyReading::unreadable:
      return "unreadable";
    case KeyReading::known:
      break;
  }
  std::string text = key.name + " of " + key.account;
  if (key.expires) text += " until " + std::to_string(key.expires->time_since_epoch() / 1ms);
  return text;
}

TEST(RedisKeyRecord, NamesTheKeyAndItsAccount) {
  EXPECT_EQ(key_in(array({bulk("acct"), bulk("web"), kNil})), "web of acct");
  EXPECT_EQ(key_in(array({bulk("acct"), bulk(""), kNil})), " of acct");
}

TEST(RedisKeyRecord, MayEnd) {
  EXPECT_EQ(key_in(array({bulk("acct"), bulk("web"), bulk("1767225600000")})),
            "web of acct until 1767225600000");
  EXPECT_EQ(key_in(array({bulk("acct"), bulk("web"), bulk("0")})), "web of acct until 0");
}

TEST(RedisKeyRecord, IsUnknownWhereThereIsNone) {
  EXPECT_EQ(key_in(array({kNil, kNil, kNil})), "unknown");
}

TEST(RedisKeyRecord, IsUnreadableRatherThanHalfUnderstood) {
  for (const char* end : {"soon", "", "-1", "1.5", "17672256000000000000", "9223372036854775807"}) {
    EXPECT_EQ(key_in(array({bulk("acct"), bulk("web"), bulk(end)})), "unreadable") << end;
  }
  EXPECT_EQ(key_in(array({bulk("acct"), kNil, kNil})), "unreadable") << "without a name";
  EXPECT_EQ(key_in(array({bulk(""), bulk("web"), kNil})), "unreadable");
  EXPECT_EQ(key_in(array({bulk("two words"), bulk("web"), kNil})), "unreadable");
  EXPECT_EQ(key_in(array({number(7), bulk("web"), kNil})), "unreadable");
  EXPECT_EQ(key_in(array({bulk("acct"), bulk("web")})), "unreadable");
  EXPECT_EQ(key_in(array({})), "unreadable");
  EXPECT_EQ(key_in("*-1\r\n"), "unreadable");
  EXPECT_EQ(key_in("-WRONGTYPE Operation against a key\r\n"), "unreadable");
}

// ---------------------------------------------------------------------------------------- accounts

struct Reading {
  std::shared_ptr<const Account> account;
  std::string unreadable;
};
Reading account_in(const std::string& wire) {
  Reading reading;
  reading.unreadable = "of the one before";
  reading.account = read_account("acct", parsed(wire), reading.unreadable);
  return reading;
}

TEST(RedisAccountRecord, MayAllThatItDoesNotName) {
  const auto [account, unreadable] = account_in(bulks({"status", "active"}));
  ASSERT_TRUE(account) << unreadable;
  EXPECT_EQ(account->id, "acct");
  EXPECT_EQ(account->status, AccountStatus::active);
  EXPECT_EQ(account->products, std::nullopt);
  EXPECT_EQ(account->features, std::nullopt);
  EXPECT_EQ(account->calling_codes, std::nullopt);
  EXPECT_EQ(account->batch_maximum, std::nullopt);
  EXPECT_THAT(account->limits, IsEmpty());
}

TEST(RedisAccountRecord, SaysWhatTheAccountMay) {
  const auto [account, unreadable] =
      account_in(bulks({"status", "fraud_blocked", "products", "sms,voice", "features", "",
                        "calling_codes", "1,44", "batch_maximum", "500"}));
  ASSERT_TRUE(account) << unreadable;
  EXPECT_EQ(account->status, AccountStatus::fraud_blocked);
  EXPECT_THAT(account->products, Optional(ElementsAre("sms", "voice")));
  EXPECT_THAT(account->features, Optional(IsEmpty())) << "named, and empty: it has none";
  EXPECT_THAT(account->calling_codes, Optional(ElementsAre("1", "44")));
  EXPECT_EQ(account->batch_maximum, 500U);
}

TEST(RedisAccountRecord, CarriesLimitsAsTheyWereWritten) {
  const AccountLimit written{"daily", 1500, 24h, 1500};
  const auto [account, unreadable] =
      account_in(bulks({field_of_limit("daily"), write_limit(written)}));
  ASSERT_TRUE(account) << unreadable;
  ASSERT_EQ(account->limits.size(), 1U);
  const AccountLimit& read = account->limits[0];
  EXPECT_EQ(read.rule, "daily");
  EXPECT_EQ(read.tokens, 1500U);
  EXPECT_EQ(read.period, 24h);
  EXPECT_EQ(read.burst, 1500U);
}

TEST(RedisAccountRecord, FieldsOfLaterVersionsAreLeftAlone) {
  EXPECT_TRUE(account_in(bulks({"status", "active", "color", "blue", "", ""})).account);
}

TEST(RedisAccountRecord, IsNoneWhereThereIsNone) {
  const auto [account, unreadable] = account_in(array({}));
  EXPECT_EQ(account, nullptr);
  EXPECT_EQ(unreadable, "");
}

TEST(RedisAccountRecord, WhatCannotBeUnderstoodIsNamed) {
  const std::vector<std::pair<std::string, std::string>> fields = {
      {"status", "sleepy"},
      {"status", ""},
      {"calling_codes", "1,044"},
      {"calling_codes", "1,,2"},
      {"calling_codes", "1;2"},
      {"batch_maximum", "0"},
      {"batch_maximum", "many"},
      {"batch_maximum", "-5"},
      {"limit:", "1 1 1"},
      {"limit:daily", ""},
      {"limit:daily", "1500 86400000000"},
      {"limit:daily", "1500 86400000000 1500 1"},
      {"limit:daily", "1500  86400000000 1500"},
      {"limit:daily", "0 86400000000 1500"},
      {"limit:daily", "1500 0 1500"},
      {"limit:daily", "1500 86400000000 0"},
      {"limit:daily", "-1 86400000000 1500"},
      {"limit:daily", "1500 18446744073709551615 1500"},
      {"limit:daily", "1500 1d 1500"},
  };
  for (const auto& [field, value] : fields) {
    const auto [account, unreadable] = account_in(bulks({"products", "sms", field, value}));
    EXPECT_EQ(account, nullptr) << field << "=" << value;
    EXPECT_EQ(unreadable, field) << value;
  }
}

TEST(RedisAccountRecord, IsUnreadableWhereItIsNoList) {
  for (const std::string& wire : {bulks({"status"}), bulk("active"), std::string("*-1\r\n"),
                                  std::string("-WRONGTYPE Operation against a key\r\n")}) {
    const auto [account, unreadable] = account_in(wire);
    EXPECT_EQ(account, nullptr) << wire;
    EXPECT_EQ(unreadable, "the record") << wire;
  }
}

}  // namespace
}  // namespace trackly::store
