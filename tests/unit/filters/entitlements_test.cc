#include "filters/entitlements.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/unit/filters/filter_bench.h"

namespace trackly::filters {
namespace {

class EntitlementsTest : public testing::Test {
 protected:
  EntitlementsTest() {
    otp_ = &bench_.operation("POST", "/otp");
    otp_->json_body = otp_->has_body = otp_->body_required = true;
    otp_->entitlements = {{"/phone", "", "", "", "geo_restricted", Mark()},
                          {"", "voice", "/channel", "voice", "voice_not_enabled", Mark()}};
    plain_ = &bench_.operation("POST", "/plain");
    bench_.make(make_entitlements);
  }

  /// The account of the requests that follow.
  Account& account() { return *account_; }

  std::string ask(std::string_view body) {
    RequestToFilter request(*otp_);
    auto key = std::make_shared<KeyRecord>();
    key->account = account_;
    request.exchange.key = std::move(key);
    const std::string verdict = request.body(body).ask(*bench_.filter(*otp_));
    was_held_ = request.was_held;
    detail_ = request.detail;
    return verdict;
  }

  FilterBench bench_{{"invalid_input", "geo_restricted", "voice_not_enabled"}};
  Operation* otp_;
  Operation* plain_;
  std::shared_ptr<Account> account_ = std::make_shared<Account>();
  bool was_held_ = false;
  std::string detail_;
};

TEST_F(EntitlementsTest, AnAccountThatNamesNothingHasAll) {
  EXPECT_EQ(ask(R"({"phone":"+4915112345678","channel":"voice"})"), "next");
  EXPECT_FALSE(was_held_) << "so its body is not needed";
}

TEST_F(EntitlementsTest, ANumberBeginsWithACallingCodeOfTheAccount) {
  account().calling_codes = {"1", "44"};
  EXPECT_EQ(ask(R"({"phone":"+14155551234"})"), "next");
  EXPECT_EQ(ask(R"({"phone":"+447700900123"})"), "next");
  EXPECT_EQ(ask(R"({"phone":"+4915112345678"})"), "geo_restricted");
  EXPECT_EQ(detail_, "/phone");
}

TEST_F(EntitlementsTest, AnAccountWithoutCallingCodesMayCallNobody) {
  account().calling_codes.emplace();
  EXPECT_EQ(ask(R"({"phone":"+14155551234"})"), "geo_restricted");
}

TEST_F(EntitlementsTest, WhatIsNoNumberIsTheSchemasToJudge) {
  account().calling_codes = {"44"};
  for (const char* body : {"{}", R"({"phone":null})", R"({"phone":14155551234})", R"({"phone":""})",
                           R"({"phone":"(415) 555-1234"})"}) {
    EXPECT_EQ(ask(body), "next") << body;
  }
}

TEST_F(EntitlementsTest, AFeatureIsAskedForWhereTheBodySaysSo) {
  account().features.emplace();
  EXPECT_EQ(ask(R"({"channel":"voice"})"), "voice_not_enabled");
  EXPECT_EQ(detail_, "/channel");
  EXPECT_EQ(ask(R"({"channel":"sms"})"), "next");
  EXPECT_EQ(ask(R"({"channel":["voice"]})"), "next");
  EXPECT_EQ(ask("{}"), "next");
  account().features = {"mms", "voice"};
  EXPECT_EQ(ask(R"({"channel":"voice"})"), "next");
}

TEST_F(EntitlementsTest, WithoutAConditionAFeatureIsAskedForAlways) {
  otp_->entitlements = {{"", "voice", "", "", "voice_not_enabled", Mark()}};
  bench_.make(make_entitlements);
  account().features = {"mms"};
  EXPECT_EQ(ask("{}"), "voice_not_enabled");
}

TEST_F(EntitlementsTest, TheFirstThatIsNotMetDecides) {
  account().features.emplace();
  account().calling_codes = {"44"};
  EXPECT_EQ(ask(R"({"channel":"voice","phone":"+14155551234"})"), "geo_restricted");
}

TEST_F(EntitlementsTest, ABodyThatCannotBeReadIsRefused) {
  account().features.emplace();
  EXPECT_EQ(ask(R"({"channel":"sms","channel":"voice"})"), "invalid_input");
}

TEST_F(EntitlementsTest, ARequestWithoutAKeyHasNoAccountToAsk) {
  RequestToFilter request(*otp_);
  EXPECT_EQ(request.body(R"({"channel":"voice"})").ask(*bench_.filter(*otp_)), "next");
}

TEST_F(EntitlementsTest, OperationsThatAskForNothingDoNotNeedIt) {
  EXPECT_EQ(bench_.filter(*plain_), nullptr);
  EXPECT_EQ(bench_.describe(*plain_), "");
  EXPECT_EQ(bench_.describe(*otp_),
            "calling code of /phone, feature voice where /channel is voice");
}

TEST_F(EntitlementsTest, AnUnknownErrorIsReported) {
  otp_->entitlements.front().error = "geo_restrictet";
  bench_.make(make_entitlements, R"({"strict":true})");
  ASSERT_EQ(bench_.problems().size(), 2U);
  EXPECT_NE(bench_.problems()[0].find("unknown key \"strict\""), std::string::npos);
  EXPECT_NE(bench_.problems()[1].find("did you mean \"geo_restricted\""), std::string::npos);
}

}  // namespace
}  // namespace trackly::filters
