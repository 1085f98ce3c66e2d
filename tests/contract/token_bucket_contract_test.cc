// What every TokenBucketStore owes its callers, asked of each of them: of the buckets in this
// process, and of Redis over TCP and over a unix socket. Then what only Redis can get wrong: it
// forgets scripts, dies, hangs, and comes back.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/net/dns_resolver.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/tcp_connector.h"
#include "gateway/store/bucket_table.h"
#include "gateway/store/local_token_bucket.h"
#include "gateway/store/redis_client.h"
#include "gateway/store/redis_token_bucket.h"
#include "tests/contract/fake_clock_redis.h"
#include "tests/support/manual_loop.h"
#include "tests/support/patience.h"
#include "tests/support/redis_server.h"

namespace trackly::store {
namespace {

using namespace std::chrono_literals;

using Takes = std::vector<BucketTake>;

/// So slow that a test never sees a token flow in unless it lets time pass.
BucketPolicy per_hour(std::string name, std::uint64_t tokens, std::uint64_t burst) {
  return {.name = std::move(name), .tokens = tokens, .period = 1h, .burst = burst};
}

BucketTake take_of(const BucketPolicy& policy, std::uint64_t cost = 1,
                   std::string key = "account.acct_42/0123456789abcdef") {
  return {&policy, std::move(key), cost};
}

/// A store, and its time.
class Subject {
 public:
  Subject() = default;
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;
  virtual ~Subject() = default;

  virtual TokenBucketStore& store() = 0;
  virtual TakeAnswer take(const Takes& takes) = 0;
  virtual void let_pass(Duration time) = 0;
};

class InThisProcess final : public Subject {
 public:
  TokenBucketStore& store() override { return store_; }
  TakeAnswer take(const Takes& takes) override {
    auto found = store_.take(takes, [](const TakeAnswer&) { FAIL() << "called back"; });
    return std::get<TakeAnswer>(std::move(found));
  }
  void let_pass(Duration time) override { loop_.advance(time); }

 private:
  test::ManualLoop loop_;
  BucketTable table_{HashKey{}};
  LocalTokenBucketStore store_{table_, loop_};
};

/// A worker's way to a Redis.
class RedisWorker {
 public:
  enum class Clock : std::uint8_t { of_redis, of_the_test };

  explicit RedisWorker(const RedisSettings& settings, Clock clock = Clock::of_redis)
      : client_(*loop_, connector_, settings),
        store_(clock == Clock::of_the_test ? static_cast<Redis&>(faked_) : client_) {}

  TokenBucketStore& store() { return store_; }
  FakeClockRedis& clock() { return faked_; }

  void start_take(const Takes& takes) {
    answer_.reset();
    auto found = store_.take(takes, [this](TakeAnswer answer) {
      EXPECT_FALSE(answer_) << "answered twice";
      answer_ = std::move(answer);
      loop_->stop();
    });
    pending_ = std::get<PendingPtr>(std::move(found));
    EXPECT_FALSE(answer_) << "called back from inside the call";
  }
  TakeAnswer answer() {
    run_until_stopped();
    EXPECT_TRUE(answer_) << "no answer";
    return answer_.value_or(TakeAnswer{});
  }
  TakeAnswer take(const Takes& takes) {
    start_take(takes);
    return answer();
  }
  void cancel() { pending_.reset(); }
  bool was_answered() const { return answer_.has_value(); }

  RedisReply ask(std::vector<std::string_view> words) {
    std::optional<RedisAnswer> reply;
    const PendingPtr pending =
        client_.send("", words, client_.deadline(), [this, &reply](RedisAnswer answer) {
          reply = std::move(answer);
          loop_->stop();
        });
    run_until_stopped();
    return reply && *reply ? **reply : RedisReply{};
  }

  /// Takes until Redis answers again.
  TakeAnswer take_when_it_is_back(const Takes& takes) {
    const test::Deadline deadline(test::kPatience);
    while (true) {
      TakeAnswer answer = take(takes);
      if (answer.status == TakeAnswer::Status::ok || deadline.passed()) return answer;
      run_for(10ms);
    }
  }
  void run_for(Duration time) {
    const auto over = loop_->timer([this] { loop_->stop(); });
    over->arm(time);
    loop_->run();
  }

 private:
  void run_until_stopped() { run_for(test::kPatience); }

  std::unique_ptr<net::EventLoop> loop_ = net::EventLoop::create().value();
  net::DnsResolver resolver_{*loop_, ResolverSettings{}};
  net::TcpConnector connector_{*loop_, resolver_};
  RedisClient client_;
  FakeClockRedis faked_{client_};
  RedisTokenBucketStore store_;
  std::optional<TakeAnswer> answer_;
  PendingPtr pending_;
};

/// A Tuesday.
constexpr Micros kNoon = 1'764'072'000s;

class InRedis final : public Subject {
 public:
  explicit InRedis(bool over_unix_socket) {
    RedisSettings settings;
    settings.port = redis_.port();
    if (over_unix_socket) settings.unix_path = redis_.unix_path();
    settings.command_timeout = settings.connect_timeout = test::kPatience;
    worker_.emplace(settings, RedisWorker::Clock::of_the_test);
    worker_->clock().set(kNoon);
  }

  TokenBucketStore& store() override { return worker_->store(); }
  TakeAnswer take(const Takes& takes) override { return worker_->take(takes); }
  void let_pass(Duration time) override {
    FakeClockRedis& clock = worker_->clock();
    clock.set(clock.now() + std::chrono::duration_cast<Micros>(time));
  }

 private:
  test::RedisServer redis_;
  std::optional<RedisWorker> worker_;
};

std::unique_ptr<Subject> make_subject(std::string_view name) {
  if (name == "local") return std::make_unique<InThisProcess>();
  return std::make_unique<InRedis>(name == "redis_unix");
}

class TokenBucketContract : public testing::TestWithParam<std::string> {
 protected:
  TakeAnswer take(const Takes& takes) {
    TakeAnswer answer = subject_->take(takes);
    EXPECT_EQ(answer.status, TakeAnswer::Status::ok) << answer.failure;
    EXPECT_EQ(answer.states.size(), takes.size());
    answer.states.resize(takes.size());
    return answer;
  }
  bool granted(const BucketTake& one) { return take({one}).granted; }
  std::uint64_t remaining(const BucketTake& one) { return take({one}).states[0].remaining; }
  void refund(const Takes& takes) { subject_->store().refund(takes); }
  void let_pass(Duration time) { subject_->let_pass(time); }

  std::unique_ptr<Subject> subject_ = make_subject(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Stores, TokenBucketContract,
                         testing::Values("local", "redis_tcp", "redis_unix"),
                         [](const auto& subject) { return subject.param; });

/// The store's clock goes on a little between two calls.
constexpr Duration kMoment = 5s;

void expect_about(Duration actual, Duration expected) {
  EXPECT_LE(actual, expected + 1us);  // rounded up to whole microseconds
  EXPECT_GE(actual, expected - kMoment);
}

TEST_P(TokenBucketContract, GrantsTheBurstThenRefuses) {
  const BucketPolicy policy = per_hour("single", 3, 3);
  for (const std::uint64_t left : {2U, 1U, 0U}) {
    const TakeAnswer answer = take({take_of(policy)});
    EXPECT_TRUE(answer.granted);
    EXPECT_EQ(answer.states[0].remaining, left);
    EXPECT_EQ(answer.states[0].retry_after, 0s);
  }
  const TakeAnswer refused = take({take_of(policy)});
  EXPECT_FALSE(refused.granted);
  EXPECT_EQ(refused.states[0].remaining, 0U);
}

TEST_P(TokenBucketContract, SaysWhenATokenIsThereAndWhenTheBucketIsFull) {
  const BucketPolicy policy = per_hour("single", 4, 2);
  expect_about(take({take_of(policy)}).states[0].reset, 15min);
  expect_about(take({take_of(policy)}).states[0].reset, 30min);
  const BucketState state = take({take_of(policy)}).states[0];
  expect_about(state.retry_after, 15min);
  expect_about(state.reset, 30min);
}

TEST_P(TokenBucketContract, TokensFlowInAtTheRate) {
  const BucketPolicy policy = per_hour("single", 4, 2);
  take({take_of(policy, 2)});
  let_pass(14min);
  EXPECT_FALSE(granted(take_of(policy)));
  let_pass(1min);
  EXPECT_TRUE(granted(take_of(policy)));
  EXPECT_FALSE(granted(take_of(policy)));
}

TEST_P(TokenBucketContract, NoMoreFlowsInThanTheBurst) {
  const BucketPolicy policy = per_hour("single", 4, 2);
  take({take_of(policy)});
  let_pass(24h);
  EXPECT_EQ(remaining(take_of(policy)), 1U);
  EXPECT_EQ(remaining(take_of(policy)), 0U);
  EXPECT_FALSE(granted(take_of(policy)));
}

TEST_P(TokenBucketContract, ARetryAtTheTimeItNamesIsGranted) {
  const BucketPolicy policy = per_hour("single", 7, 10);  // 7 does not divide an hour
  take({take_of(policy, 9)});
  let_pass(take({take_of(policy, 5)}).states[0].retry_after);
  EXPECT_TRUE(granted(take_of(policy, 5)));
}

TEST_P(TokenBucketContract, ARequestMayCostSeveralTokens) {
  const BucketPolicy policy = per_hour("items", 10, 10);
  EXPECT_EQ(remaining(take_of(policy, 6)), 4U);
  const TakeAnswer refused = take({take_of(policy, 5)});
  EXPECT_FALSE(refused.granted);
  EXPECT_EQ(refused.states[0].remaining, 4U);
  expect_about(refused.states[0].retry_after, 6min);
  EXPECT_EQ(remaining(take_of(policy, 4)), 0U);
}

TEST_P(TokenBucketContract, ARefusalCostsNothing) {
  const BucketPolicy policy = per_hour("items", 10, 10);
  take({take_of(policy, 8)});
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(granted(take_of(policy, 3)));
  EXPECT_TRUE(granted(take_of(policy, 2)));
}

TEST_P(TokenBucketContract, SeveralBucketsGrantAllOrNothing) {
  const BucketPolicy narrow = per_hour("narrow", 2, 2);
  const BucketPolicy wide = per_hour("wide", 100, 100);
  const Takes both{take_of(wide, 10), take_of(narrow)};
  take(both);
  take(both);

  const TakeAnswer refused = take(both);
  EXPECT_FALSE(refused.granted);
  EXPECT_EQ(refused.states[0].remaining, 80U);
  EXPECT_EQ(refused.states[0].retry_after, 0s);
  EXPECT_EQ(refused.states[1].remaining, 0U);
  expect_about(refused.states[1].retry_after, 30min);
  EXPECT_EQ(remaining(take_of(wide, 1)), 79U);
}

TEST_P(TokenBucketContract, EachCallerAndEachRuleHasABucketOfItsOwn) {
  const BucketPolicy one = per_hour("one", 1, 1);
  const BucketPolicy other = per_hour("other", 1, 1);
  EXPECT_TRUE(granted(take_of(one, 1, "account.a/1")));
  EXPECT_FALSE(granted(take_of(one, 1, "account.a/1")));
  EXPECT_TRUE(granted(take_of(one, 1, "account.a/2")));
  EXPECT_TRUE(granted(take_of(one, 1, "account.a")));
  EXPECT_TRUE(granted(take_of(one, 1, "account.b")));
  EXPECT_TRUE(granted(take_of(other, 1, "account.a/1")));
}

TEST_P(TokenBucketContract, ARefundIsAvailableAgain) {
  const BucketPolicy policy = per_hour("items", 10, 10);
  const BucketTake seven = take_of(policy, 7);
  take({seven});
  EXPECT_FALSE(granted(seven));
  refund({seven});
  EXPECT_EQ(remaining(seven), 3U);
}

TEST_P(TokenBucketContract, ARefundNeverFillsABucketBeyondItsBurst) {
  const BucketPolicy policy = per_hour("items", 10, 10);
  take({take_of(policy, 2)});
  refund({take_of(policy, 10)});
  EXPECT_EQ(remaining(take_of(policy, 4)), 6U);
  let_pass(24h);
  refund({take_of(policy, 4)});
  EXPECT_EQ(remaining(take_of(policy, 1)), 9U);
}

TEST_P(TokenBucketContract, ARefundOfAnUnknownBucketChangesNothing) {
  const BucketPolicy policy = per_hour("items", 10, 10);
  refund({take_of(policy, 5)});
  EXPECT_EQ(remaining(take_of(policy, 1)), 9U);
}

TEST_P(TokenBucketContract, ARefundGoesBackToEveryBucket) {
  const BucketPolicy one = per_hour("one", 10, 10);
  const BucketPolicy other = per_hour("other", 20, 20);
  const Takes both{take_of(one, 10), take_of(other, 20)};
  take(both);
  refund(both);
  EXPECT_TRUE(take(both).granted);
}

TEST_P(TokenBucketContract, TheRateIsExactWhereItDoesNotDivideThePeriod) {
  const BucketPolicy policy = per_hour("thirds", 7, 7);
  take({take_of(policy, 7)});
  for (int hour = 0; hour < 50; ++hour) {
    let_pass(1h);
    ASSERT_TRUE(granted(take_of(policy, 7))) << hour;
  }
  EXPECT_FALSE(granted(take_of(policy, 1)));
}

TEST_P(TokenBucketContract, TheLargestPolicyIsCountedExactly) {
  const BucketPolicy policy{
      .name = "large", .tokens = kMostTokens, .period = 24h, .burst = kMostTokens};
  EXPECT_EQ(remaining(take_of(policy, kMostTokens - 1)), 1U);
  const TakeAnswer refused = take({take_of(policy, kMostTokens)});
  EXPECT_FALSE(refused.granted);
  expect_about(refused.states[0].reset, 24h);
}

TEST_P(TokenBucketContract, TheSlowestPolicyIsCountedExactly) {
  const BucketPolicy policy{.name = "slow", .tokens = 1, .period = 24h, .burst = 3660};
  EXPECT_EQ(remaining(take_of(policy, 3659)), 1U);
  expect_about(take({take_of(policy, 1)}).states[0].reset, kLongestRefill);
  expect_about(take({take_of(policy, 1)}).states[0].retry_after, 24h);
}

// ------------------------------------------------------------------------------------------ quotas

BucketPolicy quota_of(std::string name, std::uint64_t tokens, Duration period, Refill refill) {
  return {.name = std::move(name),
          .tokens = tokens,
          .period = period,
          .burst = tokens,
          .refill = refill};
}

TEST_P(TokenBucketContract, ARollingQuotaIsNeverExceededInAnyPeriod) {
  const BucketPolicy daily = quota_of("daily", 10, 24h, Refill::rolling);
  EXPECT_TRUE(granted(take_of(daily, 6)));
  let_pass(12h);
  EXPECT_TRUE(granted(take_of(daily, 4)));
  let_pass(12h - 1min);
  EXPECT_FALSE(granted(take_of(daily, 1)));
  let_pass(1min + 24min);  // up to a sixtieth of the period later
  EXPECT_EQ(remaining(take_of(daily, 6)), 0U);
  EXPECT_FALSE(granted(take_of(daily, 1)));
}

TEST_P(TokenBucketContract, ARefusalOfARollingQuotaSaysWhenEnoughHasLeft) {
  const BucketPolicy daily = quota_of("daily", 10, 24h, Refill::rolling);
  take({take_of(daily, 2)});
  let_pass(6h);
  take({take_of(daily, 8)});
  let_pass(6h);
  EXPECT_LE(take({take_of(daily, 2)}).states[0].retry_after, 12h + 24min);
  EXPECT_GE(take({take_of(daily, 2)}).states[0].retry_after, 12h);
  EXPECT_GE(take({take_of(daily, 3)}).states[0].retry_after, 18h);
  let_pass(take({take_of(daily, 3)}).states[0].retry_after);
  EXPECT_TRUE(granted(take_of(daily, 3)));
}

TEST_P(TokenBucketContract, ACalendarQuotaIsWholeAgainAtMidnight) {
  const BucketPolicy daily = quota_of("daily", 10, 24h, Refill::calendar);
  let_pass(take({take_of(daily, 1)}).states[0].reset);  // midnight
  let_pass(23h);
  EXPECT_TRUE(granted(take_of(daily, 10)));
  const BucketState state = take({take_of(daily, 1)}).states[0];
  EXPECT_EQ(state.retry_after, 1h);
  EXPECT_EQ(state.reset, 1h);
  let_pass(1h - 1us);
  EXPECT_FALSE(granted(take_of(daily, 1)));
  let_pass(1us);
  EXPECT_TRUE(granted(take_of(daily, 10)));
}

TEST_P(TokenBucketContract, AMonthlyQuotaIsWholeAgainOnTheFirst) {
  const BucketPolicy monthly = quota_of("monthly", 10, 31 * 24h, Refill::monthly);
  for (int month = 0; month < 30; ++month) {
    const BucketState state = take({take_of(monthly, 10)}).states[0];
    ASSERT_EQ(state.remaining, 0U) << month;
    if (month > 0) {
      ASSERT_GE(state.reset, 28 * 24h);
      ASSERT_LE(state.reset, 31 * 24h);
    }
    let_pass(state.reset - 1us);
    ASSERT_FALSE(granted(take_of(monthly, 1))) << month;
    let_pass(1us);
  }
}

TEST_P(TokenBucketContract, ARefundOfAQuotaIsAvailableAgain) {
  for (const Refill refill : {Refill::rolling, Refill::calendar, Refill::monthly}) {
    const BucketPolicy daily = quota_of("daily", 10, 24h, refill);
    BucketTake seven = take_of(daily, 7);
    seven.receipt = take({seven}).states[0].receipt;
    EXPECT_FALSE(granted(take_of(daily, 4)));
    refund({seven});
    EXPECT_EQ(remaining(take_of(daily, 1)), 9U);
    refund({seven});
    EXPECT_EQ(remaining(take_of(daily, 1)), 9U) << "no more than was taken";
  }
}

TEST_P(TokenBucketContract, ARefundOfAnEarlierPeriodGivesNothingToThisOne) {
  for (const Refill refill : {Refill::rolling, Refill::calendar}) {
    const BucketPolicy daily = quota_of("daily", 10, 24h, refill);
    BucketTake seven = take_of(daily, 7);
    seven.receipt = take({seven}).states[0].receipt;
    let_pass(49h);
    take({take_of(daily, 5)});
    refund({seven});
    EXPECT_EQ(remaining(take_of(daily, 1)), 4U);
  }
}

TEST_P(TokenBucketContract, ARateAndAQuotaGrantTogetherOrNotAtAll) {
  const BucketPolicy single = per_hour("single", 100, 100);
  const BucketPolicy daily = quota_of("daily", 10, 24h, Refill::rolling);
  const BucketPolicy monthly = quota_of("monthly", 15, 31 * 24h, Refill::monthly);
  const Takes all{take_of(single, 1), take_of(daily, 8), take_of(monthly, 8)};
  EXPECT_TRUE(take(all).granted);
  const TakeAnswer refused = take(all);
  EXPECT_FALSE(refused.granted);
  EXPECT_EQ(refused.states[0].remaining, 99U);
  EXPECT_EQ(refused.states[0].retry_after, 0s);
  EXPECT_EQ(refused.states[1].remaining, 2U);
  EXPECT_GE(refused.states[1].retry_after, 24h);
  EXPECT_EQ(refused.states[2].remaining, 7U);
  EXPECT_GT(refused.states[2].retry_after, 0s);
  EXPECT_EQ(remaining(take_of(monthly, 7)), 0U);
}

TEST_P(TokenBucketContract, ARuleThatBecomesAQuotaStartsAfresh) {
  take({take_of(per_hour("rule", 10, 10), 10)});
  EXPECT_EQ(remaining(take_of(quota_of("rule", 10, 1h, Refill::rolling), 1)), 9U);
  EXPECT_EQ(remaining(take_of(quota_of("rule", 10, 2h, Refill::rolling), 1)), 9U);
  EXPECT_EQ(remaining(take_of(quota_of("rule", 10, 1h, Refill::calendar), 1)), 9U);
  EXPECT_EQ(remaining(take_of(quota_of("rule", 10, 31 * 24h, Refill::monthly), 1)), 9U);
}

TEST_P(TokenBucketContract, ACostBeyondTheBurstIsNeverGranted) {
  for (const BucketPolicy& policy :
       {per_hour("rate", 10, 10), quota_of("rolling", 10, 1h, Refill::rolling),
        quota_of("calendar", 10, 1h, Refill::calendar)}) {
    EXPECT_FALSE(granted(take_of(policy, 11)));
    EXPECT_EQ(remaining(take_of(policy, 4)), 6U);
    EXPECT_FALSE(granted(take_of(policy, 11)));
    EXPECT_EQ(remaining(take_of(policy, 6)), 0U);
  }
}

// ----------------------------------------------------------------------- one against the other

TEST(RedisAgainstMemory, DecidesAlikeOverLongRandomSequences) {
  const std::array policies{per_hour("single", 10, 20), per_hour("odd", 7, 5),
                            per_hour("daily", 60, 1000), per_hour("one", 1, 1)};
  InThisProcess memory;
  InRedis redis(true);
  std::mt19937_64 random(20261123);
  const auto below = [&random](std::uint64_t limit) { return random() % limit; };
  std::vector<Takes> granted;

  for (int step = 0; step < 600; ++step) {
    // In steps that put no bucket within seconds below a whole token: Redis's clock goes on.
    if (below(3) == 0) {
      const Duration time = below(20) * 6min;
      memory.let_pass(time);
      redis.let_pass(time);
    }
    if (!granted.empty() && below(6) == 0) {
      memory.store().refund(granted.back());
      redis.store().refund(granted.back());
      granted.pop_back();
      continue;
    }
    Takes takes;
    for (const BucketPolicy& policy : policies) {
      if (below(2) == 0) continue;
      takes.push_back(take_of(policy, 1 + below(std::min<std::uint64_t>(policy.burst, 30)),
                              "account." + std::to_string(below(2))));
    }
    if (takes.empty()) continue;
    const TakeAnswer expected = memory.take(takes);
    const TakeAnswer actual = redis.take(takes);
    ASSERT_EQ(actual.failure, "");
    ASSERT_EQ(actual.granted, expected.granted) << step;
    for (std::size_t i = 0; i < takes.size(); ++i) {
      ASSERT_EQ(actual.states[i].remaining, expected.states[i].remaining) << step;
      expect_about(actual.states[i].reset, expected.states[i].reset);
      expect_about(actual.states[i].retry_after, expected.states[i].retry_after);
    }
    if (expected.granted) granted.push_back(std::move(takes));
  }
}

// ------------------------------------------------------------------------------------- only Redis

class RedisTokenBucketTest : public testing::Test {
 protected:
  /// Long for what is to be answered, short for what is to fail.
  static constexpr Duration kCommandTimeout = 200ms;
  /// By when a failure has to be there; the rest is a busy machine.
  static constexpr Duration kSoon = 3s;

  RedisSettings settings(Duration command_timeout = test::kPatience) const {
    RedisSettings settings;
    settings.port = redis_.port();
    settings.command_timeout = command_timeout;
    settings.connect_timeout = test::kPatience;
    return settings;
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> lines(1);
    for (const char c : redis_.cli({"KEYS", "*"})) {
      if (c == '\n') {
        lines.emplace_back();
      } else {
        lines.back() += c;
      }
    }
    return lines;
  }
  static Duration since(std::chrono::steady_clock::time_point start) {
    return std::chrono::steady_clock::now() - start;
  }

  test::RedisServer redis_;
  const BucketPolicy policy_ = per_hour("single", 4, 4);
};

TEST_F(RedisTokenBucketTest, TheScriptIsSentAgainAfterRedisForgotIt) {
  RedisWorker worker(settings());
  EXPECT_TRUE(worker.take({take_of(policy_)}).granted);
  ASSERT_EQ(redis_.cli({"SCRIPT", "FLUSH"}), "OK");
  const TakeAnswer answer = worker.take({take_of(policy_)});
  EXPECT_TRUE(answer.granted) << answer.failure;
  ASSERT_EQ(answer.states.size(), 1U);
  EXPECT_EQ(answer.states[0].remaining, 2U);
}

TEST_F(RedisTokenBucketTest, TheScriptIsKnownByTheDigestThatRedisGivesIt) {
  RedisWorker worker(settings());
  worker.take({take_of(policy_)});
  worker.take({take_of(policy_)});
  const std::string stats = redis_.cli({"INFO", "commandstats"});
  EXPECT_NE(stats.find("cmdstat_eval:calls=1,"), std::string::npos) << stats;
  EXPECT_NE(stats.find("cmdstat_evalsha:calls=2,"), std::string::npos) << stats;
}

TEST_F(RedisTokenBucketTest, ABucketExpiresWhenItIsFull) {
  RedisWorker worker(settings());
  worker.take({take_of(policy_, 2)});  // flows in in half an hour
  ASSERT_EQ(keys().size(), 1U);
  const int left = std::stoi(redis_.cli({"PTTL", keys()[0]}));
  EXPECT_LE(left, 30 * 60 * 1000 + 1);
  EXPECT_GT(left, 30 * 60 * 1000 - 30'000);
}

TEST_F(RedisTokenBucketTest, ABucketThatARefundFillsIsRemoved) {
  RedisWorker worker(settings());
  worker.take({take_of(policy_, 2)});
  worker.store().refund(Takes{take_of(policy_, 3)});
  worker.ask({"PING"});  // answered after the refund
  EXPECT_EQ(redis_.cli({"DBSIZE"}), "0");
}

TEST_F(RedisTokenBucketTest, BucketsOfACallerShareAHashTag) {
  RedisWorker worker(settings());
  worker.take({take_of(policy_, 1, "account.a/0123456789abcdef")});
  EXPECT_EQ(keys()[0], "trackly:{account.a}/0123456789abcdef:single");
}

TEST_F(RedisTokenBucketTest, AQuotaExpiresWithItsLastSlice) {
  RedisWorker worker(settings());
  worker.take({take_of(quota_of("daily", 10, 24h, Refill::rolling), 2)});
  const std::string rolling = keys()[0];
  EXPECT_EQ(rolling, "trackly:{account.acct_42}/0123456789abcdef:daily:rolling.1440000000");
  const int left = std::stoi(redis_.cli({"PTTL", rolling}));
  EXPECT_LE(left, (24 * 60 + 24) * 60'000 + 2);
  EXPECT_GT(left, 24 * 60 * 60'000 - 30'000);
}

TEST_F(RedisTokenBucketTest, AQuotaCountsFromNowOnWhatWasTakenBeforeTheClockWasSetBack) {
  RedisWorker worker(settings(), RedisWorker::Clock::of_the_test);
  const BucketPolicy daily = quota_of("daily", 10, 24h, Refill::rolling);
  worker.clock().set(kNoon + std::chrono::years(3));
  worker.take({take_of(daily, 4)});
  worker.clock().set(kNoon);
  EXPECT_EQ(worker.take({take_of(daily, 1)}).states[0].remaining, 5U);
  worker.clock().set(kNoon + 24h + 24min);
  EXPECT_EQ(worker.take({take_of(daily, 1)}).states[0].remaining, 9U);
}

TEST_F(RedisTokenBucketTest, WorkersShareTheBuckets) {
  RedisWorker one(settings());
  RedisWorker other(settings());
  EXPECT_TRUE(one.take({take_of(policy_, 3)}).granted);
  EXPECT_FALSE(other.take({take_of(policy_, 2)}).granted);
  EXPECT_TRUE(other.take({take_of(policy_, 1)}).granted);
}

TEST_F(RedisTokenBucketTest, ABucketOfAChangedRuleIsReadWithTheNewFigures) {
  RedisWorker worker(settings());
  worker.take({take_of(policy_, 4)});  // an hour to fill
  const BucketPolicy narrower = per_hour("single", 60, 3);
  const TakeAnswer refused = worker.take({take_of(narrower)});
  EXPECT_FALSE(refused.granted);
  ASSERT_EQ(refused.states.size(), 1U);
  EXPECT_EQ(refused.states[0].reset, 3min);  // empty, no less
  const BucketPolicy wider = per_hour("single", 1000, 2000);
  EXPECT_TRUE(worker.take({take_of(wider, 999)}).granted);
}

TEST_F(RedisTokenBucketTest, AnErrorReplyIsAFailureByItsName) {
  RedisWorker worker(settings());
  ASSERT_EQ(redis_.cli({"CONFIG", "SET", "maxmemory", "1"}), "OK");
  const TakeAnswer answer = worker.take({take_of(policy_)});
  EXPECT_EQ(answer.status, TakeAnswer::Status::unavailable);
  EXPECT_EQ(answer.failure, "OOM");
}

TEST_F(RedisTokenBucketTest, AKeyThatIsNotOursIsAFailure) {
  RedisWorker worker(settings());
  redis_.cli({"SET", "trackly:{account.acct_42}/0123456789abcdef:single", "x"});
  EXPECT_EQ(worker.take({take_of(policy_)}).status, TakeAnswer::Status::unavailable);
}

TEST_F(RedisTokenBucketTest, AKilledRedisIsUnavailableAtOnce) {
  RedisWorker worker(settings(kCommandTimeout));
  worker.take_when_it_is_back({take_of(policy_)});
  redis_.kill();
  const auto start = std::chrono::steady_clock::now();
  const TakeAnswer answer = worker.take({take_of(policy_)});
  EXPECT_EQ(answer.status, TakeAnswer::Status::unavailable);
  EXPECT_FALSE(answer.granted);
  EXPECT_FALSE(answer.failure.empty());
  EXPECT_LT(since(start), kSoon);
}

TEST_F(RedisTokenBucketTest, ARedisThatNeverWasThereIsUnavailable) {
  redis_.kill();
  RedisWorker worker(settings(kCommandTimeout));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(worker.take({take_of(policy_)}).status, TakeAnswer::Status::unavailable);
  EXPECT_EQ(worker.take({take_of(policy_)}).failure, "down");
  EXPECT_LT(since(start), kSoon);
}

TEST_F(RedisTokenBucketTest, ARestartedRedisIsUsedAgain) {
  RedisWorker worker(settings(kCommandTimeout));
  worker.take_when_it_is_back({take_of(policy_, 4)});
  redis_.kill();
  worker.take({take_of(policy_)});
  redis_.start();
  EXPECT_TRUE(worker.take_when_it_is_back({take_of(policy_)}).granted);  // its buckets are gone
}

TEST_F(RedisTokenBucketTest, AFrozenRedisIsUnavailableByTheDeadlineAndRightAfterwards) {
  RedisWorker worker(settings(kCommandTimeout));
  ASSERT_TRUE(worker.take_when_it_is_back({take_of(policy_)}).granted);
  redis_.freeze();
  const auto start = std::chrono::steady_clock::now();
  const TakeAnswer late = worker.take({take_of(policy_)});
  EXPECT_EQ(late.status, TakeAnswer::Status::unavailable);
  EXPECT_EQ(late.failure, "timeout");
  EXPECT_GE(since(start), kCommandTimeout / 2);  // the loop counts from the start of its turn
  EXPECT_LT(since(start), kSoon);
  EXPECT_EQ(worker.take({take_of(policy_)}).failure, "down");

  redis_.thaw();
  const TakeAnswer answer = worker.take_when_it_is_back({take_of(policy_)});
  ASSERT_EQ(answer.status, TakeAnswer::Status::ok) << answer.failure;
  EXPECT_TRUE(answer.granted);
  // Redis executed the late one too: its reply was dropped, not taken for this one's.
  EXPECT_EQ(answer.states[0].remaining, 1U);
}

TEST_F(RedisTokenBucketTest, ARedisThatIsFrozenWhenWeConnectIsUnavailableByTheDeadline) {
  redis_.freeze();
  RedisWorker worker(settings(kCommandTimeout));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(worker.take({take_of(policy_)}).status, TakeAnswer::Status::unavailable);
  EXPECT_LT(since(start), kSoon);
  redis_.thaw();
  EXPECT_TRUE(worker.take_when_it_is_back({take_of(policy_)}).granted);
}

TEST_F(RedisTokenBucketTest, ACancelledTakeNeverCallsBackAndTheNextIsAnsweredRight) {
  RedisWorker worker(settings());
  worker.take({take_of(policy_)});
  worker.start_take({take_of(policy_)});
  worker.cancel();
  const RedisReply pong = worker.ask({"PING"});
  EXPECT_EQ(pong.text, "PONG");
  EXPECT_FALSE(worker.was_answered());
  EXPECT_TRUE(worker.take({take_of(policy_)}).granted);
}

TEST_F(RedisTokenBucketTest, ATakeCancelledBetweenDigestAndScriptNeverCallsBack) {
  RedisWorker worker(settings());
  worker.ask({"PING"});
  worker.start_take({take_of(policy_)});  // Redis has not met the script
  worker.cancel();
  worker.ask({"PING"});
  EXPECT_FALSE(worker.was_answered());
  EXPECT_EQ(redis_.cli({"DBSIZE"}), "0");
}

}  // namespace
}  // namespace trackly::store
