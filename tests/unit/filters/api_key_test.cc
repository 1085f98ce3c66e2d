#include "filters/api_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/filters/filter_bench.h"

namespace trackly::filters {
namespace {

constexpr std::string_view kKey = "trk_0123456789abcdefghijABCDEFGHIJ42";

/// Not SHA-256, but a digest that a test can read: the key's last two characters, as they are.
class LastTwo final : public Hasher {
 public:
  KeyDigest sha256(std::string_view text) override {
    ++asked;
    KeyDigest digest{};
    digest[0] = static_cast<std::uint8_t>(text[text.size() - 2]);
    digest[1] = static_cast<std::uint8_t>(text[text.size() - 1]);
    return digest;
  }
  int asked = 0;
};

/// A key that ends in `last_two`, and its digest in a keys.yaml.
std::string key(std::string_view last_two) {
  return std::string(kKey.substr(0, kKey.size() - 2)).append(last_two);
}
std::string digest_of(std::string_view last_two) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : last_two) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex.append(60, '0');
}

std::string keys_file() {
  const auto line = [](std::string_view last_two, std::string_view account) {
    return R"({"sha256":")" + digest_of(last_two) + R"(","account":")" + std::string(account) +
           R"(","name":"key )" + std::string(last_two) + R"("})";
  };
  return R"({"accounts":{
      "acct_42":{"status":"active"},
      "plain":{},
      "gone":{"status":"suspended"},
      "broke":{"status":"billing_blocked"},
      "fraud":{"status":"fraud_blocked"},
      "email":{"products":["email"]},
      "nothing":{"products":[]}},
    "keys":[)" +
         line("42", "acct_42") + "," + line("pl", "plain") + "," + line("go", "gone") + "," +
         line("br", "broke") + "," + line("fr", "fraud") + "," + line("em", "email") + "," +
         line("no", "nothing") + "]}";
}

std::vector<ErrorEntry> catalogue() {
  std::vector<ErrorEntry> entries;
  const auto entry = [&entries](std::string id, int status, std::string code, std::string text) {
    ErrorEntry& added = entries.emplace_back();
    added.id = std::move(id);
    added.status = status;
    added.code = std::move(code);
    added.text = std::move(text);
  };
  entry("missing_api_key", 401, "missing_api_key", "Missing API key");
  entry("invalid_api_key", 401, "invalid_api_key", "Invalid API key");
  entry("account_suspended", 403, "", "Account is suspended");
  entry("billing_blocked", 403, "billing_blocked", "Billing");
  entry("fraud_blocked", 403, "fraud_blocked", "Fraud");
  entry("product_not_enabled", 403, "{product}_not_enabled", "{PRODUCT} is not enabled");
  return entries;
}

class ApiKeyTest : public testing::Test {
 protected:
  ApiKeyTest() {
    bench_.catalogue(catalogue());
    bench_.file("keys.yaml", keys_file());
    bench_.lend(hasher_);
    read_ = &bench_.operation("GET", "/contacts");
    send_ = &bench_.operation("POST", "/messages");
    send_->tags = {"messages", "send"};
    otp_ = &bench_.operation("POST", "/otp");
    otp_->tags = {"otp"};
    email_ = &bench_.operation("POST", "/email");
    email_->product = "email";
    open_ = &bench_.operation("GET", "/status");
    open_->needs_key = false;
  }

  void make(std::string_view settings = "{}") {
    bench_.make(make_api_key, settings);
    ASSERT_THAT(bench_.problems(), testing::IsEmpty());
  }
  std::string ask(RequestToFilter& request) {
    return request.ask(*bench_.filter(*request.exchange.operation));
  }
  std::string ask(const Operation& operation, std::string_view key) {
    RequestToFilter request(operation);
    request.field("X-Api-Key", key);
    return ask(request);
  }

  LastTwo hasher_;
  FilterBench bench_{{}};
  Operation* read_;
  Operation* send_;
  Operation* otp_;
  Operation* email_;
  Operation* open_;
};

TEST_F(ApiKeyTest, AKnownKeyPassesAndTellsWhoItIs) {
  make();
  RequestToFilter request(*read_);
  request.field("x-api-key", kKey);
  EXPECT_EQ(ask(request), "next");
  ASSERT_NE(request.exchange.key, nullptr);
  EXPECT_EQ(request.exchange.key->name, "key 42");
  EXPECT_EQ(request.exchange.key->account->id, "acct_42");
  EXPECT_EQ(request.exchange.upstream_fields.find("X-Account-Id"), "acct_42");
  EXPECT_TRUE(request.exchange.removed_upstream_fields.empty());
}

TEST_F(ApiKeyTest, NoKeyIsMissing) {
  make();
  RequestToFilter request(*read_);
  EXPECT_EQ(ask(request), "missing_api_key");
  EXPECT_EQ(request.exchange.key, nullptr);
  EXPECT_TRUE(request.exchange.upstream_fields.empty());
}

TEST_F(ApiKeyTest, AnEmptyKeyIsMissing) {
  make();
  for (const char* value : {"", " ", "\t ", "  \t"}) {
    EXPECT_EQ(ask(*read_, value), "missing_api_key") << '"' << value << '"';
  }
}

TEST_F(ApiKeyTest, SpacesAndTabsAroundAKeyAreNotPartOfIt) {
  make();
  EXPECT_EQ(ask(*read_, " \t" + std::string(kKey) + "\t "), "next");
}

TEST_F(ApiKeyTest, ARepeatedKeyIsInvalid) {
  make();
  for (const std::string_view second : {kKey, std::string_view("")}) {
    RequestToFilter request(*read_);
    request.field("X-Api-Key", kKey).field("x-api-key", second);
    EXPECT_EQ(ask(request), "invalid_api_key");
  }
  RequestToFilter empty(*read_);
  empty.field("X-Api-Key", "").field("X-Api-Key", "");
  EXPECT_EQ(ask(empty), "invalid_api_key");
}

TEST_F(ApiKeyTest, AMalformedKeyIsInvalidAndNotLookedFor) {
  make();
  const std::string known(kKey);
  for (const std::string& value :
       {known.substr(1), known + "4", known.substr(0, 35), "TRK_" + known.substr(4),
        "trk-" + known.substr(4), known.substr(0, 20) + "-" + known.substr(21),
        known.substr(0, 20) + " " + known.substr(21),
        known.substr(0, 20) + "\xC3" + known.substr(21), known + ", " + known, "Bearer " + known,
        std::string(10'000, 'a')}) {
    EXPECT_EQ(ask(*read_, value), "invalid_api_key") << value;
  }
  EXPECT_EQ(hasher_.asked, 0);
}

TEST_F(ApiKeyTest, AnUnknownKeyIsInvalid) {
  make();
  EXPECT_EQ(ask(*read_, key("zz")), "invalid_api_key");
  EXPECT_EQ(hasher_.asked, 1);
}

TEST_F(ApiKeyTest, ASuspendedAccountMayDoNothing) {
  make();
  RequestToFilter request(*read_);
  request.field("X-Api-Key", key("go"));
  EXPECT_EQ(ask(request), "account_suspended");
  EXPECT_EQ(request.error->status, 403);
  EXPECT_EQ(request.error->body, R"({"error":"Account is suspended"})");
  EXPECT_EQ(ask(*send_, key("go")), "account_suspended");
  EXPECT_EQ(ask(*otp_, key("go")), "account_suspended");
}

TEST_F(ApiKeyTest, WhoWasRefusedIsKnownToTheLog) {
  make();
  RequestToFilter request(*read_);
  request.field("X-Api-Key", key("go"));
  ask(request);
  ASSERT_NE(request.exchange.key, nullptr);
  EXPECT_EQ(request.exchange.key->account->id, "gone");
  EXPECT_TRUE(request.exchange.upstream_fields.empty());
}

TEST_F(ApiKeyTest, ABlockedAccountMayReadButNeitherSendNorVerify) {
  make();
  EXPECT_EQ(ask(*read_, key("br")), "next");
  EXPECT_EQ(ask(*send_, key("br")), "billing_blocked");
  EXPECT_EQ(ask(*otp_, key("br")), "billing_blocked");
  EXPECT_EQ(ask(*read_, key("fr")), "next");
  EXPECT_EQ(ask(*send_, key("fr")), "fraud_blocked");
  EXPECT_EQ(ask(*otp_, key("fr")), "fraud_blocked");
}

TEST_F(ApiKeyTest, AnAccountIsActiveUnlessItsFileSaysOtherwise) {
  make();
  EXPECT_EQ(ask(*send_, key("pl")), "next");
}

TEST_F(ApiKeyTest, AnOperationOfAProductAsksForIt) {
  make();
  EXPECT_EQ(ask(*email_, key("em")), "next");
  EXPECT_EQ(ask(*email_, key("no")), "product_not_enabled");
  EXPECT_EQ(ask(*read_, key("no")), "next");
}

TEST_F(ApiKeyTest, AnAccountWithoutAListHasEveryProduct) {
  make();
  EXPECT_EQ(ask(*email_, key("42")), "next");
}

TEST_F(ApiKeyTest, TheProductIsNamedInTextAndCode) {
  make();
  RequestToFilter request(*email_);
  request.field("X-Api-Key", key("no"));
  ask(request);
  EXPECT_EQ(request.error->status, 403);
  EXPECT_EQ(request.error->body, R"({"error":"EMAIL is not enabled","code":"email_not_enabled"})");
}

TEST_F(ApiKeyTest, AnOperationWithoutSecurityIsNotAsked) {
  make();
  EXPECT_EQ(bench_.filter(*open_), nullptr);
  EXPECT_EQ(bench_.describe(*open_), "");
  EXPECT_EQ(bench_.describe(*read_), "API key");
  EXPECT_EQ(bench_.describe(*email_), "API key, product email");
}

TEST_F(ApiKeyTest, TheKeyIsKeptFromTheServiceWhereItIsNotForwarded) {
  make(R"({"forward":false})");
  RequestToFilter request(*read_);
  request.field("X-Api-Key", kKey);
  EXPECT_EQ(ask(request), "next");
  EXPECT_THAT(request.exchange.removed_upstream_fields, testing::ElementsAre("X-Api-Key"));
  EXPECT_EQ(request.exchange.upstream_fields.find("X-Account-Id"), "acct_42");
}

TEST_F(ApiKeyTest, TheFileHasANameOfItsOwn) {
  bench_.file("other.yaml", R"({"accounts":{"a":{}},"keys":[{"sha256":")" + digest_of("zz") +
                                R"(","account":"a","name":"n"}]})");
  make(R"({"store":"file","file":"other.yaml"})");
  EXPECT_EQ(ask(*read_, key("zz")), "next");
  EXPECT_EQ(ask(*read_, kKey), "invalid_api_key");
}

TEST_F(ApiKeyTest, MistakesInItsSettingsAreReported) {
  bench_.make(make_api_key, R"({"store":"redi","file":"keys.yml","forwards":true})");
  ASSERT_EQ(bench_.problems().size(), 3U);
  EXPECT_THAT(bench_.problems()[0], testing::HasSubstr("gateway.json:1:10: store: expected"));
  EXPECT_THAT(bench_.problems()[1],
              testing::HasSubstr("unknown key \"forwards\"; did you mean \"forward\"?"));
  EXPECT_THAT(bench_.problems()[2], testing::HasSubstr("keys.yml: no such file"));
}

}  // namespace
}  // namespace trackly::filters
