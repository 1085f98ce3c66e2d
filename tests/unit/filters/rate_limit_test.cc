#include "filters/rate_limit/rate_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/filters/filter_bench.h"

namespace trackly::filters {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// "rule key cost", of each withdrawal.
std::vector<std::string> in_words(std::span<const BucketTake> takes) {
  std::vector<std::string> words;
  for (const BucketTake& take : takes) {
    words.push_back(take.policy->name + " " + take.key + " " + std::to_string(take.cost));
  }
  return words;
}

/// A store that answers what a test tells it, at once or when the test says so.
class FakeStore final : public TokenBucketStore {
 public:
  Lookup<TakeAnswer> take(std::span<const BucketTake> takes, Callback callback) override {
    ++asked;
    taken = in_words(takes);
    answer.states.resize(takes.size(), BucketState{});
    if (!answers_later) return answer;
    callback_ = std::move(callback);
    return std::make_unique<Waiting>(*this);
  }
  void refund(std::span<const BucketTake> takes) override {
    for (std::string& words : in_words(takes)) refunded.push_back(std::move(words));
  }

  void answer_now() { std::exchange(callback_, nullptr)(answer); }

  TakeAnswer answer{.status = TakeAnswer::Status::ok, .granted = true, .states = {}, .failure = {}};
  bool answers_later = false;
  int asked = 0;
  bool cancelled = false;
  std::vector<std::string> taken;
  std::vector<std::string> refunded;

 private:
  struct Waiting final : Pending {
    explicit Waiting(FakeStore& from) : store(from) {}
    ~Waiting() override { store.cancelled = true; }
    FakeStore& store;
  };
  Callback callback_;
};

TakeAnswer granted(std::vector<BucketState> states) {
  return {.status = TakeAnswer::Status::ok,
          .granted = true,
          .states = std::move(states),
          .failure = {}};
}
TakeAnswer refused(std::vector<BucketState> states) {
  TakeAnswer answer = granted(std::move(states));
  answer.granted = false;
  return answer;
}
TakeAnswer unavailable() {
  TakeAnswer answer = granted({});
  answer.status = TakeAnswer::Status::unavailable;
  answer.granted = false;
  answer.failure = "timeout";
  return answer;
}

std::shared_ptr<const KeyRecord> key_of(std::string account, std::string id = "0123456789abcdef") {
  auto owner = std::make_shared<Account>();
  owner->id = std::move(account);
  auto record = std::make_shared<KeyRecord>();
  record->id = std::move(id);
  record->name = "production";
  record->account = std::move(owner);
  return record;
}

std::shared_ptr<const KeyRecord> key_with_limits(std::vector<AccountLimit> limits) {
  const auto record = key_of("acct_42");
  auto account = std::make_shared<Account>(*record->account);
  account->limits = std::move(limits);
  auto limited = std::make_shared<KeyRecord>(*record);
  limited->account = std::move(account);
  return limited;
}

class RateLimitTest : public testing::Test {
 protected:
  RateLimitTest() {
    send_ = &bench_.operation("POST", "/messages");
    send_->tags = {"send"};
    send_->json_body = send_->has_body = send_->body_required = true;
    bulk_ = &bench_.operation("POST", "/messages/bulk");
    bulk_->tags = {"send", "bulk"};
    bulk_->batch = Batch{"/messages", 1000, "rate_limited", "", Mark()};
    read_ = &bench_.operation("GET", "/contacts");
    bench_.lend(hasher_, local_, &redis_);
    bench_.redis_is_configured();
  }

  // Digests that differ where the texts do.
  struct Echo final : Hasher {
    KeyDigest sha256(std::string_view text) override {
      KeyDigest digest{};
      for (std::size_t i = 0; i < text.size() && i < digest.size(); ++i) {
        digest[digest.size() / 2 - 1 - i % (digest.size() / 2)] ^=
            static_cast<std::uint8_t>(text[text.size() - 1 - i]);
      }
      return digest;
    }
  };

  void make(std::string_view rules, std::string_view more = "") {
    bench_.make(make_rate_limit,
                "{\"rules\":[" + std::string(rules) + "]" + std::string(more) + "}");
    ASSERT_THAT(bench_.problems(), IsEmpty());
  }
  void make_shared(std::string_view rules, std::string_view on_failure) {
    make(rules, R"(,"store":"redis","on_store_failure":")" + std::string(on_failure) + '"');
  }

  /// A request of acct_42, and the filter that saw it.
  struct Asked {
    explicit Asked(const Operation& operation) : request(operation) {
      request.exchange.client_address = "192.0.2.7";
      request.exchange.key = key_of("acct_42");
    }
    std::string field(std::string_view name) const {
      return std::string(request.exchange.response_fields.find(name).value_or("(none)"));
    }
    Exchange& exchange() { return request.exchange; }
    void end() { filter->on_end(request.exchange); }

    std::unique_ptr<Filter> filter;
    RequestToFilter request;
    std::string verdict;
  };
  std::unique_ptr<Asked> start(const Operation& operation) {
    auto asked = std::make_unique<Asked>(operation);
    asked->filter = bench_.filter(operation);
    return asked;
  }
  void ask(Asked& asked) { asked.verdict = asked.request.ask(*asked.filter); }
  std::unique_ptr<Asked> ask(const Operation& operation) {
    auto asked = start(operation);
    ask(*asked);
    return asked;
  }

  Echo hasher_;
  FakeStore local_;
  FakeStore redis_;
  FilterBench bench_{{"rate_limited", "daily_cap_exceeded", "redis_unavailable", "invalid_input"}};
  Operation* send_;
  Operation* bulk_;
  Operation* read_;
};

constexpr std::string_view kSingle = R"({"name":"single","rate":"100/s","burst":200})";
constexpr std::string_view kDaily =
    R"({"name":"daily","key":"account","quota":"5000/day","cost":"items",)"
    R"("error":"daily_cap_exceeded","match":{"tags":["send"]}})";
const std::string kBoth = std::string(kSingle) + "," + std::string(kDaily);

// ------------------------------------------------------------------------------ accounts' own
// limits

TEST_F(RateLimitTest, AnAccountsOwnLimitTakesTheRulesPlace) {
  make(kSingle);
  auto asked = start(*read_);
  asked->exchange().key = key_with_limits({{"single", 1000, 1s, 5000}});
  ask(*asked);
  EXPECT_EQ(asked->field("RateLimit-Policy"), R"("single";q=5000;w=5)");
}

TEST_F(RateLimitTest, AnAccountsLimitForAnotherRuleChangesNothing) {
  make(kSingle);
  auto asked = start(*read_);
  asked->exchange().key = key_with_limits({{"daily", 1000, 1s, 5000}});
  ask(*asked);
  EXPECT_EQ(asked->field("RateLimit-Policy"), R"("single";q=200;w=2)");
}

TEST_F(RateLimitTest, WhatCostsMoreThanTheAccountsBurstIsRefusedForAsLongAsItTakesToFill) {
  make(kDaily);
  local_.answer = refused({{.remaining = 10}});
  auto asked = start(*bulk_);
  asked->exchange().batch_items = 1000;
  asked->exchange().key = key_with_limits({{"daily", 10, 24h, 10}});
  ask(*asked);
  EXPECT_EQ(asked->verdict, "daily_cap_exceeded");
  EXPECT_EQ(asked->field("Retry-After"), "86400");
  EXPECT_THAT(local_.taken, ElementsAre("daily account.acct_42 11"));
}

// ------------------------------------------------------------------------------- what is charged

TEST_F(RateLimitTest, ARequestIsChargedToTheBucketOfItsKey) {
  make(kSingle);
  EXPECT_EQ(ask(*read_)->verdict, "next");
  EXPECT_THAT(local_.taken, ElementsAre("single account.acct_42/0123456789abcdef 1"));
}

TEST_F(RateLimitTest, AllRulesOfARequestAreAskedAtOnce) {
  make(kBoth);
  const auto asked = start(*bulk_);
  asked->exchange().batch_items = 30;
  ask(*asked);
  EXPECT_EQ(local_.asked, 1);
  EXPECT_THAT(local_.taken,
              ElementsAre("single account.acct_42/0123456789abcdef 1", "daily account.acct_42 30"));
}

TEST_F(RateLimitTest, WithoutABatchARequestIsOneItem) {
  make(kDaily);
  ask(*send_);
  EXPECT_THAT(local_.taken, ElementsAre("daily account.acct_42 1"));
}

TEST_F(RateLimitTest, AnEmptyBatchIsOneItem) {
  make(kDaily);
  const auto asked = start(*bulk_);
  asked->exchange().batch_items = 0;
  ask(*asked);
  EXPECT_THAT(local_.taken, ElementsAre("daily account.acct_42 1"));
}

TEST_F(RateLimitTest, ARuleCountsForWhomItSays) {
  make(R"({"name":"a","key":"address","rate":"1/s"},{"name":"g","key":"global","rate":"1/s"})");
  ask(*read_);
  EXPECT_THAT(local_.taken, ElementsAre("a address.192.0.2.7 1", "g global 1"));
}

TEST_F(RateLimitTest, WithoutAKeyTheAddressCounts) {
  make(R"({"name":"k","rate":"1/s"},{"name":"a","key":"account","rate":"1/s"})");
  const auto asked = start(*read_);
  asked->exchange().key = nullptr;
  asked->exchange().client_address = "2001:db8::1";
  ask(*asked);
  EXPECT_THAT(local_.taken, ElementsAre("k address.2001%3Adb8%3A%3A%2F64 1",
                                        "a address.2001%3Adb8%3A%3A%2F64 1"));
}

TEST_F(RateLimitTest, AClientOfIpv6IsItsNetwork) {
  make(R"({"name":"a","key":"address","rate":"1/s"})");
  const auto bucket_of = [this](std::string_view address) {
    const auto asked = start(*read_);
    asked->exchange().client_address = address;
    ask(*asked);
    return local_.taken.back();
  };
  EXPECT_EQ(bucket_of("2001:db8:1:2::1"), "a address.2001%3Adb8%3A1%3A2%3A%3A%2F64 1");
  EXPECT_EQ(bucket_of("2001:db8:1:2:f:f:f:f"), bucket_of("2001:db8:1:2::1"));
  EXPECT_NE(bucket_of("2001:db8:1:3::1"), bucket_of("2001:db8:1:2::1"));
  EXPECT_EQ(bucket_of("::ffff:192.0.2.7"), "a address.192.0.2.7 1");
}

TEST_F(RateLimitTest, AnAccountsNameCannotPassForAnotherBucket) {
  make(R"({"name":"a","key":"account","rate":"1/s"})");
  const auto asked = start(*read_);
  asked->exchange().key = key_of("a/b}{c d");
  ask(*asked);
  EXPECT_THAT(local_.taken, ElementsAre("a account.a%2Fb%7D%7Bc%20d 1"));
}

TEST_F(RateLimitTest, ARuleWithAPointerCountsForEachTextThatStandsThere) {
  make(R"({"name":"cooling","key":{"pointer":"/to"},"rate":"1/m"})");
  const auto bucket_of = [this](std::string_view body) {
    const auto asked = start(*send_);
    asked->request.body(body);
    ask(*asked);
    EXPECT_EQ(asked->verdict, "next") << body;
    EXPECT_EQ(local_.taken.size(), 1U) << body;
    return local_.taken.back();
  };
  const std::string one = bucket_of(R"({"to":"+14155550001"})");
  EXPECT_THAT(one, testing::MatchesRegex("cooling account.acct_42/[0-9a-f]{32} 1"));
  EXPECT_EQ(bucket_of(R"({"body":"x","to":"+1415555\u0030001"})"), one);
  EXPECT_NE(bucket_of(R"({"to":"+14155550002"})"), one);
  EXPECT_NE(bucket_of(R"({"to":14155550001})"), one);
}

TEST_F(RateLimitTest, ARequestWithoutTheTextIsNotCountedByThatRule) {
  make(R"({"name":"cooling","key":{"pointer":"/to"},"rate":"1/m"})");
  for (const char* body : {"{}", R"({"to":null})", R"({"to":["+14155550001"]})"}) {
    const auto asked = start(*send_);
    asked->request.body(body);
    ask(*asked);
    EXPECT_EQ(asked->verdict, "next") << body;
    EXPECT_EQ(asked->field("RateLimit"), "(none)") << body;
  }
  EXPECT_EQ(local_.asked, 0);
}

TEST_F(RateLimitTest, TheOtherRulesOfSuchARequestCountItAllTheSame) {
  make(R"({"name":"cooling","key":{"pointer":"/to"},"rate":"1/m","error":"daily_cap_exceeded"},)" +
       std::string(kSingle));
  local_.answer = refused({{.retry_after = 2s}});
  const auto asked = start(*send_);
  asked->request.body("{}");
  ask(*asked);
  EXPECT_EQ(asked->verdict, "rate_limited");
  EXPECT_EQ(asked->field("RateLimit"), R"("single";r=0;t=2)");
}

TEST_F(RateLimitTest, ABodyThatCannotBeReadIsRefusedWhereARuleLooksIntoIt) {
  make(R"({"name":"cooling","key":{"pointer":"/to"},"rate":"1/m"})");
  const auto asked = start(*send_);
  asked->request.body(R"({"to":"+1","to":"+2"})");
  ask(*asked);
  EXPECT_EQ(asked->verdict, "invalid_input");
}

TEST_F(RateLimitTest, ARuleWithAPointerIsForOperationsWithAJsonBody) {
  make(R"({"name":"cooling","key":{"pointer":"/to"},"rate":"1/m"})");
  EXPECT_EQ(bench_.filter(*read_), nullptr);
}

TEST_F(RateLimitTest, ARuleWithTagsIsForOperationsThatHaveOneOfThem) {
  make(kBoth);
  ask(*read_);
  EXPECT_THAT(local_.taken, ElementsAre("single account.acct_42/0123456789abcdef 1"));
  EXPECT_EQ(bench_.describe(*read_), "single");
  EXPECT_EQ(bench_.describe(*send_), "single, daily");
}

TEST_F(RateLimitTest, AnOperationWithoutARuleDoesNotNeedIt) {
  make(kDaily);
  EXPECT_EQ(bench_.filter(*read_), nullptr);
  EXPECT_EQ(bench_.describe(*read_), "");
}

// ---------------------------------------------------------------------------- what clients are
// told

TEST_F(RateLimitTest, AGrantedRequestIsToldWhatIsLeft) {
  make(kBoth);
  local_.answer = granted({{.remaining = 199, .reset = 10ms}, {.remaining = 4970, .reset = 90s}});
  const auto asked = ask(*bulk_);
  EXPECT_EQ(asked->verdict, "next");
  EXPECT_EQ(asked->field("RateLimit-Policy"),
            R"("single";q=200;w=2, "daily";q=5000;w=86400;trackly-unit="items")");
  EXPECT_EQ(asked->field("RateLimit"), R"("single";r=199;t=1, "daily";r=4970;t=90)");
  EXPECT_EQ(asked->field("Retry-After"), "(none)");
}

TEST_F(RateLimitTest, ARefusedRequestIsToldWhenToComeBack) {
  make(kSingle);
  local_.answer = refused({{.remaining = 0, .retry_after = 2001ms, .reset = 4s}});
  const auto asked = ask(*read_);
  EXPECT_EQ(asked->verdict, "rate_limited");
  EXPECT_EQ(asked->field("Retry-After"), "3");
  EXPECT_EQ(asked->field("RateLimit-Policy"), R"("single";q=200;w=2)");
  EXPECT_EQ(asked->field("RateLimit"), R"("single";r=0;t=3)");
}

TEST_F(RateLimitTest, OldClientsAreToldInTheirFieldsWhereThatIsWanted) {
  make(kBoth, R"(,"legacy_fields":true)");
  local_.answer = granted({{.remaining = 150, .reset = 1s}, {.remaining = 7, .reset = 90s}});
  const auto asked = ask(*send_);
  EXPECT_EQ(asked->field("X-RateLimit-Limit"), "5000");
  EXPECT_EQ(asked->field("X-RateLimit-Remaining"), "7");
  EXPECT_EQ(asked->field("X-RateLimit-Reset"), "90");
}

TEST_F(RateLimitTest, RetryAfterIsNeverZero) {
  make(kSingle);
  local_.answer = refused({{.remaining = 0, .retry_after = 1ns, .reset = 2s}});
  EXPECT_EQ(ask(*read_)->field("Retry-After"), "1");
}

TEST_F(RateLimitTest, TheShortRuleGivesTheError) {
  make(kBoth);
  local_.answer = refused({{.remaining = 5, .reset = 1s},  //
                           {.remaining = 0, .retry_after = 1h, .reset = 24h}});
  const auto asked = ask(*send_);
  EXPECT_EQ(asked->verdict, "daily_cap_exceeded");
  EXPECT_EQ(asked->field("Retry-After"), "3600");
  EXPECT_EQ(asked->field("RateLimit"), R"("single";r=5;t=1, "daily";r=0;t=3600)");
}

TEST_F(RateLimitTest, OfSeveralShortRulesTheOneWithTheLongestWaitIsNamed) {
  make(kBoth);
  local_.answer = refused({{.remaining = 0, .retry_after = 10ms, .reset = 1s},
                           {.remaining = 0, .retry_after = 1h, .reset = 24h}});
  const auto asked = ask(*send_);
  EXPECT_EQ(asked->verdict, "daily_cap_exceeded");
  EXPECT_EQ(asked->field("Retry-After"), "3600");
  EXPECT_EQ(asked->exchange().limiter.rule, "daily");
}

TEST_F(RateLimitTest, ASecondLimiterInTheChainAddsItsPart) {
  make(kSingle);
  local_.answer = granted({{.remaining = 199, .reset = 10ms}});
  const auto asked = ask(*read_);
  make(R"({"name":"second","rate":"10/s"})");
  local_.answer = granted({{.remaining = 9, .reset = 100ms}});
  const auto second = bench_.filter(*read_);
  EXPECT_EQ(asked->request.ask(*second), "next");
  EXPECT_EQ(asked->field("RateLimit"), R"("single";r=199;t=1, "second";r=9;t=1)");
  EXPECT_EQ(asked->field("RateLimit-Policy"), R"("single";q=200;w=2, "second";q=10;w=1)");
}

// -------------------------------------------------------------------------------- what the log
// says

TEST_F(RateLimitTest, TheLogNamesTheRuleWithTheLeastLeft) {
  make(kBoth);
  local_.answer = granted({{.remaining = 199}, {.remaining = 7}});
  const auto asked = ask(*send_);
  EXPECT_EQ(asked->exchange().limiter.rule, "daily");
  EXPECT_EQ(asked->exchange().limiter.remaining, 7U);
  EXPECT_EQ(asked->exchange().limiter.store_mode, "local");
}

TEST_F(RateLimitTest, TheLogNamesTheRuleThatRefused) {
  make(kBoth);
  local_.answer = refused({{.remaining = 3, .retry_after = 1s}, {.remaining = 0}});
  const auto asked = ask(*send_);
  EXPECT_EQ(asked->exchange().limiter.rule, "single");
  EXPECT_EQ(asked->exchange().limiter.remaining, 3U);
}

// --------------------------------------------------------------------------------------- refunds

TEST_F(RateLimitTest, ARequestThatNobodySawIsGivenBack) {
  make(kBoth);
  const auto asked = start(*bulk_);
  asked->exchange().batch_items = 30;
  ask(*asked);
  asked->end();
  EXPECT_THAT(local_.refunded,
              ElementsAre("single account.acct_42/0123456789abcdef 1", "daily account.acct_42 30"));
}

TEST_F(RateLimitTest, ADeliveredRequestIsNotGivenBack) {
  make(kSingle);
  const auto asked = ask(*send_);
  asked->exchange().delivered = true;
  asked->end();
  EXPECT_THAT(local_.refunded, IsEmpty());
}

TEST_F(RateLimitTest, ARefusedRequestHasNothingToGiveBack) {
  make(kSingle);
  local_.answer = refused({{.remaining = 0, .retry_after = 1s}});
  ask(*send_)->end();
  EXPECT_THAT(local_.refunded, IsEmpty());
}

TEST_F(RateLimitTest, OfSeveralLimitersEachGivesItsOwnBack) {
  make(kSingle);
  const auto asked = ask(*read_);
  const auto second = bench_.filter(*read_);
  asked->request.ask(*second);
  asked->end();
  EXPECT_EQ(local_.refunded.size(), 1U);
  second->on_end(asked->exchange());
  EXPECT_EQ(local_.refunded.size(), 2U);
}

// --------------------------------------------------------------------------------- a shared store

TEST_F(RateLimitTest, TheSharedStoreIsWaitedFor) {
  make_shared(kSingle, "local");
  redis_.answers_later = true;
  const auto asked = ask(*read_);
  EXPECT_EQ(asked->verdict, "wait");
  redis_.answer = granted({{.remaining = 5, .reset = 1s}});
  redis_.answer_now();
  EXPECT_EQ(asked->request.came_later, "next");
  EXPECT_EQ(asked->field("RateLimit"), R"("single";r=5;t=1)");
  EXPECT_EQ(asked->exchange().limiter.store_mode, "redis");
  EXPECT_EQ(local_.asked, 0);
}

TEST_F(RateLimitTest, TheSharedStoreRefuses) {
  make_shared(kSingle, "local");
  redis_.answers_later = true;
  const auto asked = ask(*read_);
  redis_.answer = refused({{.remaining = 0, .retry_after = 5s, .reset = 10s}});
  redis_.answer_now();
  EXPECT_EQ(asked->request.came_later, "rate_limited");
  EXPECT_EQ(asked->field("Retry-After"), "5");
}

TEST_F(RateLimitTest, ARequestThatEndsWhileItWaitsCancels) {
  make_shared(kSingle, "local");
  redis_.answers_later = true;
  const auto asked = ask(*read_);
  asked->request.pending.reset();
  asked->end();
  EXPECT_TRUE(redis_.cancelled);
  EXPECT_THAT(redis_.refunded, IsEmpty());
}

TEST_F(RateLimitTest, AGrantOfTheSharedStoreIsGivenBackThere) {
  make_shared(kSingle, "local");
  ask(*read_)->end();
  EXPECT_THAT(redis_.refunded, ElementsAre("single account.acct_42/0123456789abcdef 1"));
  EXPECT_THAT(local_.refunded, IsEmpty());
}

TEST_F(RateLimitTest, WithoutTheSharedStoreTheLocalOneDecides) {
  make_shared(kSingle, "local");
  redis_.answer = unavailable();
  local_.answer = granted({{.remaining = 8, .reset = 1s}});
  const auto asked = ask(*read_);
  EXPECT_EQ(asked->verdict, "next");
  EXPECT_EQ(asked->exchange().limiter.store_mode, "redis-local");
  EXPECT_EQ(asked->exchange().limiter.remaining, 8U);
  EXPECT_EQ(asked->exchange().flag, "limiter_store_unavailable");
  EXPECT_EQ(asked->field("RateLimit"), R"("single";r=8;t=1)");
  asked->end();
  EXPECT_EQ(local_.refunded.size(), 1U);
  EXPECT_THAT(redis_.refunded, IsEmpty());
}

TEST_F(RateLimitTest, TheLocalOneMayRefuseInItsPlace) {
  make_shared(kSingle, "local");
  redis_.answers_later = true;
  local_.answer = refused({{.remaining = 0, .retry_after = 1s}});
  const auto asked = ask(*read_);
  redis_.answer = unavailable();
  redis_.answer_now();
  EXPECT_EQ(asked->request.came_later, "rate_limited");
  EXPECT_EQ(asked->exchange().limiter.store_mode, "redis-local");
}

TEST_F(RateLimitTest, WithoutTheSharedStoreEachRuleDoesWhatItSays) {
  make_shared(R"({"name":"single","rate":"9/s"},)"
              R"({"name":"daily","quota":"9/day","on_store_failure":"allow"})",
              "local");
  redis_.answer = unavailable();
  local_.answer = granted({{.remaining = 8}});
  EXPECT_EQ(ask(*read_)->verdict, "next");
  EXPECT_THAT(local_.taken, ElementsAre("single/share account.acct_42/0123456789abcdef 1"));
}

TEST_F(RateLimitTest, OneRuleThatDeniesIsEnoughWithoutTheSharedStore) {
  make_shared(R"({"name":"single","rate":"9/s"},)"
              R"({"name":"daily","quota":"9/day","on_store_failure":"deny"})",
              "local");
  redis_.answer = unavailable();
  EXPECT_EQ(ask(*read_)->verdict, "redis_unavailable");
  EXPECT_EQ(local_.asked, 0);
}

TEST_F(RateLimitTest, WithoutTheSharedStoreARequestMayBeDenied) {
  make_shared(kSingle, "deny");
  redis_.answer = unavailable();
  const auto asked = ask(*read_);
  EXPECT_EQ(asked->verdict, "redis_unavailable");
  EXPECT_EQ(asked->exchange().limiter.store_mode, "redis-deny");
  EXPECT_EQ(asked->exchange().flag, "limiter_store_unavailable");
  EXPECT_EQ(asked->field("RateLimit"), "(none)");
  asked->end();
  EXPECT_THAT(redis_.refunded, IsEmpty());
  EXPECT_EQ(local_.asked, 0);
}

TEST_F(RateLimitTest, WithoutTheSharedStoreARequestMayBeAllowed) {
  make_shared(kSingle, "allow");
  redis_.answer = unavailable();
  const auto asked = ask(*read_);
  EXPECT_EQ(asked->verdict, "next");
  EXPECT_EQ(asked->exchange().limiter.store_mode, "redis-allow");
  EXPECT_EQ(asked->field("RateLimit"), "(none)");
  asked->end();
  EXPECT_THAT(redis_.refunded, IsEmpty());
  EXPECT_EQ(local_.asked, 0);
}

// -------------------------------------------------------------------------------- what is settable

class RateLimitSettingsTest : public RateLimitTest {
 protected:
  std::vector<std::string> problems_of(std::string_view settings) {
    FilterBench bench({"rate_limited", "daily_cap_exceeded", "redis_unavailable", "invalid_input"});
    bench.operation("POST", "/messages").tags = {"send"};
    Operation& bulk = bench.operation("POST", "/bulk");
    bulk.tags = {"bulk"};
    bulk.batch = Batch{"/messages", 1000, "rate_limited", "", Mark()};
    bench.chain(chain_);
    bench.make(make_rate_limit, settings);
    return bench.problems();
  }
  std::vector<std::string> problems_of_rule(std::string_view rule) {
    return problems_of(R"({"rules":[)" + std::string(rule) + "]}");
  }
  std::string policy_of(std::string_view rule) {
    make(rule);
    return ask(*read_)->field("RateLimit-Policy");
  }

  std::vector<std::string> chain_{"batch_limit", "rate_limit"};
};

TEST_F(RateLimitSettingsTest, WithoutRulesNothingIsLimited) {
  EXPECT_THAT(problems_of("{}"), IsEmpty());
  bench_.make(make_rate_limit, "{}");
  EXPECT_EQ(bench_.filter(*read_), nullptr);
}

TEST_F(RateLimitSettingsTest, ARateIsPerSecondMinuteHourOrDay) {
  EXPECT_EQ(policy_of(R"({"name":"r","rate":"7/s"})"), R"("r";q=7;w=1)");
  EXPECT_EQ(policy_of(R"({"name":"r","rate":"7/m"})"), R"("r";q=7;w=60)");
  EXPECT_EQ(policy_of(R"({"name":"r","rate":"7/h"})"), R"("r";q=7;w=3600)");
  EXPECT_EQ(policy_of(R"({"name":"r","rate":"7/day"})"), R"("r";q=7;w=86400)");
  EXPECT_EQ(policy_of(R"({"name":"r","quota":"7/day"})"), R"("r";q=7;w=86400)");
}

TEST_F(RateLimitSettingsTest, ARateMayNameSeveralOfAUnit) {
  EXPECT_EQ(policy_of(R"({"name":"r","rate":"1/45s"})"), R"("r";q=1;w=45)");
  EXPECT_EQ(policy_of(R"({"name":"r","quota":"500/30day"})"), R"("r";q=500;w=2592000)");
}

TEST_F(RateLimitSettingsTest, TheWindowIsTheTimeInWhichTheBurstFlowsIn) {
  EXPECT_EQ(policy_of(R"({"name":"r","rate":"100/s","burst":250})"), R"("r";q=250;w=3)");
  EXPECT_EQ(policy_of(R"({"name":"r","rate":"100/s","burst":1})"), R"("r";q=1;w=1)");
  EXPECT_EQ(policy_of(R"({"name":"r","rate":"1/m","burst":10})"), R"("r";q=10;w=600)");
}

TEST_F(RateLimitSettingsTest, WhatIsNoRateIsReported) {
  for (const char* rate : {"",
                           "100",
                           "/s",
                           "0/s",
                           "-1/s",
                           "+1/s",
                           "1.5/s",
                           "1e3/s",
                           "100/",
                           "100/d",
                           "100/ s",
                           " 100/s",
                           "100 /s",
                           "100/S",
                           "100/s/s",
                           "1000000001/s",
                           "1/0s",
                           "1/-1s",
                           "1/1.5s",
                           "1/100001day",
                           "99999999999999999999/s"}) {
    EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":")" + std::string(rate) + "\"}"),
                ElementsAre(HasSubstr("gateway.json:1:30: expected a number from 1 to 1000000000")))
        << rate;
  }
  EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":100})"), testing::SizeIs(1));
}

TEST_F(RateLimitSettingsTest, ARuleHasARateOrAQuota) {
  EXPECT_THAT(problems_of_rule(R"({"name":"r"})"),
              ElementsAre(HasSubstr("1:11: a rule has either")));
  EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":"1/s","quota":"1/day"})"),
              ElementsAre(HasSubstr("a rule has either")));
  EXPECT_THAT(problems_of_rule(R"({"name":"r","quota":"1/day","burst":5})"),
              ElementsAre(HasSubstr("unknown key \"burst\"")));
}

TEST_F(RateLimitSettingsTest, ANameCanStandInAFieldAndInARedisKey) {
  for (const char* name : {R"("")", R"("a b")", R"("a:b")", R"("a}b")", R"("a\"b")", "7"}) {
    EXPECT_THAT(problems_of_rule(R"({"rate":"1/s","name":)" + std::string(name) + "}"),
                testing::Contains(HasSubstr("name:")))
        << name;
  }
  EXPECT_THAT(problems_of_rule(R"({"rate":"1/s","name":"aZ_0-9.b"})"), IsEmpty());
}

TEST_F(RateLimitSettingsTest, TwoRulesCannotShareAName) {
  EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":"1/s"},{"name":"r","rate":"2/s"})"),
              ElementsAre("gateway.json:1:37: name: \"r\" is the name of another rule"));
}

TEST_F(RateLimitSettingsTest, ABurstHoldsTheLargestBatchOfItsOperations) {
  EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":"999/s","cost":"items"})"),
              ElementsAre("gateway.json:1:11: burst: 999 is less than the 1000 items that one "
                          "POST /bulk may cost"));
  EXPECT_THAT(problems_of_rule(R"({"name":"r","quota":"10/day","cost":"items"})"),
              ElementsAre(HasSubstr("quota: 10 is less than the 1000 items")));
  EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":"1/s","burst":1000,"cost":"items"})"),
              IsEmpty());
  EXPECT_THAT(
      problems_of_rule(R"({"name":"r","rate":"1/s","cost":"items","match":{"tags":["send"]}})"),
      IsEmpty());
  EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":"1/s","cost":1})"), IsEmpty());
}

TEST_F(RateLimitSettingsTest, ItemsAreCountedByABatchLimitEarlierInTheChain) {
  constexpr std::string_view kItems = R"({"name":"r","rate":"1000/s","cost":"items"})";
  chain_ = {"api_key", "batch_limit", "schema", "rate_limit"};
  EXPECT_THAT(problems_of_rule(kItems), IsEmpty());
  chain_ = {"api_key", "rate_limit", "batch_limit"};
  EXPECT_THAT(problems_of_rule(kItems), ElementsAre(HasSubstr("cost: items needs batch_limit")));
  chain_ = {"rate_limit"};
  EXPECT_THAT(problems_of_rule(kItems), ElementsAre(HasSubstr("cost: items needs batch_limit")));
  EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":"1/s"})"), IsEmpty());
}

TEST_F(RateLimitSettingsTest, ATagThatNoOperationHasIsReported) {
  EXPECT_THAT(
      problems_of_rule(R"({"name":"r","rate":"1/s","match":{"tags":["send","bluk"]}})"),
      ElementsAre("gateway.json:1:11: match: unknown tag \"bluk\"; did you mean \"bulk\"?"));
  EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":"1/s","match":{"tags":["send","bulk"]}})"),
              IsEmpty());
}

TEST_F(RateLimitSettingsTest, APointerIsOneAndLeadsIntoSomeBody) {
  EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":"1/s","key":{"pointer":"to"}})"),
              ElementsAre(HasSubstr("1:42: pointer: expected a JSON Pointer such as /to")));
  EXPECT_THAT(
      problems_of_rule(R"({"name":"r","rate":"1/s","key":{"pointer":"/to"}})"),
      ElementsAre(HasSubstr("pointer: no operation that the rule matches has a JSON body")));
  EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":"1/s","key":{"path":"/to"}})"),
              testing::Contains(HasSubstr("unknown key \"path\"")));
}

TEST_F(RateLimitSettingsTest, ABucketThatNeverFillsIsReported) {
  EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":"1/day","burst":3661})"),
              ElementsAre(HasSubstr("more than ten years")));
  EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":"1/day","burst":3660})"), IsEmpty());
}

TEST_F(RateLimitSettingsTest, AnUnknownErrorIsReported) {
  EXPECT_THAT(problems_of_rule(R"({"name":"r","rate":"1/s","error":"rate_limitd"})"),
              ElementsAre(HasSubstr("rate_limited")));
}

TEST_F(RateLimitSettingsTest, RedisHasToBeConfigured) {
  EXPECT_THAT(problems_of(R"({"store":"redis"})"),
              ElementsAre(HasSubstr("store: redis needs the `redis` section")));
}

TEST_F(RateLimitSettingsTest, EveryMistakeIsReportedAtOnce) {
  EXPECT_THAT(problems_of(R"({"store":"memory","on_store_failure":"ignore","rule":[],"rules":[
{"name":"r","rate":"1/s","burst":0,"key":"user","cost":2,"match":{"tag":["send"]},"calendar":"UTC"}]})"),
              testing::UnorderedElementsAre(
                  HasSubstr("1:10: store: expected"), HasSubstr("on_store_failure: expected"),
                  HasSubstr("unknown key \"rule\""), HasSubstr("2:34: burst: expected"),
                  HasSubstr("2:42: key: expected"), HasSubstr("2:56: cost: expected"),
                  HasSubstr("unknown key \"tag\""), HasSubstr("unknown key \"calendar\"")));
}

}  // namespace
}  // namespace trackly::filters
