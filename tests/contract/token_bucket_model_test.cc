// Both stores against a simple, slow model of what limits mean: thousands of random sequences of
// withdrawals, refunds and time, over rates and quotas together. Redis runs its real script, by a
// clock of the test's.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gateway/net/dns_resolver.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/tcp_connector.h"
#include "gateway/store/bucket_table.h"
#include "gateway/store/redis_client.h"
#include "gateway/store/redis_token_bucket.h"
#include "tests/contract/fake_clock_redis.h"
#include "tests/support/patience.h"
#include "tests/support/redis_server.h"

namespace trackly::store {
namespace {

using namespace std::chrono_literals;
using Takes = std::vector<BucketTake>;

// ----------------------------------------------------------------------------------------- the
// model

__extension__ using Wide = __int128;

std::int64_t floored(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Year and month of a time, and its first moment, by the C library.
std::int64_t month_of(Micros time) {
  const std::time_t seconds = time / 1s;
  std::tm date{};
  gmtime_r(&seconds, &date);
  return date.tm_year * 12 + date.tm_mon;
}
Micros start_of_month(std::int64_t month) {
  std::tm date{};
  date.tm_year = static_cast<int>(month / 12);
  date.tm_mon = static_cast<int>(month % 12);
  date.tm_mday = 1;
  return std::chrono::seconds(timegm(&date));
}

/// A bucket that fills at a rate, as an exact fraction: in n-ths of a token, where n is the period
/// in microseconds.
class RateModel {
 public:
  explicit RateModel(const BucketPolicy& policy)
      : tokens_(policy.tokens), period_(policy.period / 1us), full_(Wide{policy.burst} * period_) {}

  bool has(std::uint64_t cost, Micros now) { return level(now) >= Wide{cost} * period_; }
  void take(std::uint64_t cost, Micros now) { level(now) -= Wide{cost} * period_; }
  void refund(std::uint64_t cost, Micros, Micros now) {
    level(now) = std::min(level(now) + Wide{cost} * period_, full_);
  }
  std::uint64_t remaining(Micros now) { return static_cast<std::uint64_t>(level(now) / period_); }
  Micros until(std::uint64_t cost, Micros now) {
    return rounded_up(Wide{cost} * period_ - level(now));
  }
  Micros until_full(Micros now) { return rounded_up(full_ - level(now)); }

 private:
  Micros rounded_up(Wide lacking) const {
    return Micros(static_cast<std::int64_t>((lacking + tokens_ - 1) / tokens_));
  }
  Wide& level(Micros now) {
    if (!level_) level_ = full_;
    level_ = std::min(*level_ + Wide{(now - at_).count()} * tokens_, full_);
    at_ = now;
    return *level_;
  }

  const Wide tokens_, period_, full_;
  std::optional<Wide> level_;
  Micros at_{};
};

/// A quota as a list of everything that was ever taken.
class QuotaModel {
 public:
  explicit QuotaModel(const BucketPolicy& policy) : policy_(policy) {}

  bool has(std::uint64_t cost, Micros now) const { return used(now) + cost <= policy_.burst; }
  void take(std::uint64_t cost, Micros now) {
    taken_.push_back({now, cost});
    EXPECT_LE(in_the_period_before(now), policy_.burst) << "the model itself is wrong";
  }
  void refund(std::uint64_t cost, Micros when_taken, Micros) {
    const auto found = std::find_if(taken_.begin(), taken_.end(), [&](const Taken& one) {
      return one.at == when_taken && one.tokens == cost;
    });
    if (found != taken_.end()) found->tokens = 0;
  }
  std::uint64_t remaining(Micros now) const { return policy_.burst - used(now); }
  Micros until(std::uint64_t cost, Micros now) const {
    if (used(now) == 0) return 0us;
    for (const Taken& one : taken_) {
      const Micros back = over(one.at);
      if (back > now && (has(cost, back) || used(back) == 0)) return back - now;
    }
    return 0us;
  }
  Micros until_full(Micros now) const {
    return used(now) == 0 ? 0us : over(taken_.back().at) - now;
  }

 private:
  struct Taken {
    Micros at;
    std::uint64_t tokens;
  };

  Micros over(Micros at) const {
    const std::int64_t period = policy_.period / 1us;
    switch (policy_.refill) {
      case Refill::monthly:
        return start_of_month(month_of(at) + 1);
      case Refill::calendar:
        return Micros((floored(at.count(), period) + 1) * period);
      default:
        const std::int64_t slice = (period + 59) / 60;
        return Micros((floored(at.count(), slice) + 61) * slice);
    }
  }
  std::uint64_t used(Micros now) const {
    std::uint64_t sum = 0;
    for (const Taken& one : taken_) sum += over(one.at) > now ? one.tokens : 0;
    return sum;
  }
  std::uint64_t in_the_period_before(Micros now) const {
    if (policy_.refill != Refill::rolling) return 0;
    std::uint64_t sum = 0;
    for (const Taken& one : taken_) sum += one.at > now - policy_.period ? one.tokens : 0;
    return sum;
  }

  const BucketPolicy policy_;
  std::vector<Taken> taken_;
};

/// What a store is to answer.
class Model {
  template <class Work>
  auto on(const BucketTake& take, const Work& work) {
    const std::pair name(take.policy->name, take.key);
    if (is_quota(*take.policy)) return work(quotas_.try_emplace(name, *take.policy).first->second);
    return work(rates_.try_emplace(name, *take.policy).first->second);
  }

 public:
  TakeAnswer take(const Takes& takes, Micros now) {
    TakeAnswer answer;
    answer.granted = std::all_of(takes.begin(), takes.end(), [&](const BucketTake& take) {
      return on(take, [&](auto& bucket) { return bucket.has(take.cost, now); });
    });
    for (const BucketTake& take : takes) {
      answer.states.push_back(on(take, [&](auto& bucket) {
        if (answer.granted) bucket.take(take.cost, now);
        BucketState state;
        state.remaining = bucket.remaining(now);
        state.reset = bucket.until_full(now);
        if (!answer.granted && !bucket.has(take.cost, now)) {
          state.retry_after = bucket.until(take.cost, now);
        }
        return state;
      }));
    }
    return answer;
  }

  void refund(const Takes& takes, Micros when_taken, Micros now) {
    for (const BucketTake& take : takes) {
      on(take, [&](auto& bucket) { bucket.refund(take.cost, when_taken, now); });
    }
  }

 private:
  std::map<std::pair<std::string, std::string>, RateModel> rates_;
  std::map<std::pair<std::string, std::string>, QuotaModel> quotas_;
};

// ----------------------------------------------------------------------------------------
// sequences

BucketPolicy rate(std::string name, std::uint64_t tokens, Duration period, std::uint64_t burst) {
  return {.name = std::move(name), .tokens = tokens, .period = period, .burst = burst};
}
BucketPolicy quota(std::string name, std::uint64_t tokens, Duration period, Refill refill) {
  return {.name = std::move(name),
          .tokens = tokens,
          .period = period,
          .burst = tokens,
          .refill = refill};
}

// Rates whose tokens are whole microseconds, so that both stores agree with exact fractions.
const std::array kPolicies{rate("single", 100, 1s, 200),
                           rate("slow", 5, 1min, 3),
                           quota("minute", 20, 1min, Refill::rolling),
                           quota("second", 3, 1s, Refill::rolling),
                           quota("day", 1000, 24h, Refill::rolling),
                           quota("hourly", 40, 1h, Refill::calendar),
                           quota("daily", 300, 24h, Refill::calendar),
                           quota("monthly", 2000, 31 * 24h, Refill::monthly)};

/// One step: time passes, then something is taken, or what an earlier step was granted is given
/// back.
struct Step {
  Micros now;
  Takes takes;
  std::size_t refunded = 0;  // the step that took it; 0: this is a withdrawal
  TakeAnswer expected;
};

class Sequences {
 public:
  explicit Sequences(std::uint64_t seed) : random_(seed) {}

  std::vector<Step> next() {
    ++number_;
    Model model;
    Micros now = 1'700'000'000s + Micros(below(150'000'000'000'000));  // five years of beginnings
    std::vector<Step> steps(1);
    std::vector<std::size_t> granted;
    const std::size_t length = 10 + below(60);
    const int pace = static_cast<int>(below(4));
    while (steps.size() < length) {
      now += pause(pace);
      Step step{now, {}, 0, {}};
      if (!granted.empty() && below(6) == 0) {
        const std::size_t which = below(granted.size());
        step.refunded = granted[which];
        step.takes = steps[step.refunded].takes;
        for (BucketTake& take : step.takes) {
          if (is_quota(*take.policy)) {
            take.receipt = QuotaSlices(*take.policy).at(steps[step.refunded].now);
          }
        }
        granted.erase(granted.begin() + static_cast<std::ptrdiff_t>(which));
        model.refund(step.takes, steps[step.refunded].now, now);
      } else {
        step.takes = takes();
        step.expected = model.take(step.takes, now);
        if (step.expected.granted) granted.push_back(steps.size());
      }
      steps.push_back(std::move(step));
    }
    steps.erase(steps.begin());
    return steps;
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  Micros pause(int pace) {
    static constexpr std::array<Micros, 6> kLongest{1us, 100ms, 2s, 1min, 2h, 20 * 24h};
    return Micros(below(
        static_cast<std::uint64_t>(kLongest[below(3) + static_cast<std::size_t>(pace)].count())));
  }

  Takes takes() {
    Takes all;
    const std::uint64_t which = 1 + below((1U << kPolicies.size()) - 1);
    for (std::size_t i = 0; i < kPolicies.size(); ++i) {
      if ((which >> i & 1) == 0) continue;
      const std::uint64_t most = below(20) == 0 ? kPolicies[i].burst + 3 : kPolicies[i].burst / 3;
      all.push_back({&kPolicies[i],
                     "account." + std::to_string(number_) + "-" + std::to_string(below(2)),
                     1 + below(most + 1)});
    }
    return all;
  }

  std::mt19937_64 random_;
  int number_ = 0;
};

/// Both clocks of a process at the same time.
Moment moment(Micros now) {
  return {TimePoint(now), WallTime(std::chrono::duration_cast<WallTime::duration>(now))};
}

void expect_same(const TakeAnswer& actual, const Step& step) {
  ASSERT_EQ(actual.status, TakeAnswer::Status::ok) << actual.failure;
  ASSERT_EQ(actual.granted, step.expected.granted);
  for (std::size_t i = 0; i < step.takes.size(); ++i) {
    SCOPED_TRACE(step.takes[i].policy->name);
    const BucketState& expected = step.expected.states[i];
    EXPECT_EQ(actual.states[i].remaining, expected.remaining);
    EXPECT_EQ(actual.states[i].retry_after, expected.retry_after);
    EXPECT_EQ(actual.states[i].reset, expected.reset);
  }
}

TEST(LocalBucketsAgainstModel, DecideAsItDoes) {
  Sequences sequences(20261124);
  for (int i = 0; i < 2'000; ++i) {
    BucketTable table(HashKey{1, 2});
    const std::vector<Step> steps = sequences.next();
    for (std::size_t k = 0; k < steps.size(); ++k) {
      SCOPED_TRACE("sequence " + std::to_string(i) + " step " + std::to_string(k));
      if (steps[k].refunded != 0) {
        table.refund(steps[k].takes);
      } else {
        expect_same(table.take(steps[k].takes, moment(steps[k].now)), steps[k]);
      }
      if (testing::Test::HasFailure()) return;
    }
  }
}

/// The whole sequence leaves in one pipeline.
class RedisUnderTest {
 public:
  /// Redis meets the script.
  RedisUnderTest() { run({{1s, {{&kPolicies[0], "nobody"}}, 0, {}}}); }

  std::vector<TakeAnswer> run(const std::vector<Step>& steps) {
    std::vector<TakeAnswer> answers(steps.size());
    std::vector<PendingPtr> pending;
    std::size_t missing = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      redis_.set(steps[i].now);
      if (steps[i].refunded != 0) {
        store_.refund(steps[i].takes);
        continue;
      }
      ++missing;
      pending.push_back(std::get<PendingPtr>(
          store_.take(steps[i].takes, [this, i, &answers, &missing](TakeAnswer answer) {
            answers[i] = std::move(answer);
            if (--missing == 0) loop_->stop();
          })));
    }
    const auto patience = loop_->timer([this] { loop_->stop(); });
    patience->arm(test::kPatience);
    if (missing > 0) loop_->run();
    EXPECT_EQ(missing, 0U);
    return answers;
  }

 private:
  static RedisSettings settings(const test::RedisServer& server) {
    RedisSettings settings;
    settings.unix_path = server.unix_path();
    settings.command_timeout = settings.connect_timeout = test::kPatience;
    return settings;
  }

  test::RedisServer server_;
  std::unique_ptr<net::EventLoop> loop_ = net::EventLoop::create().value();
  net::DnsResolver resolver_{*loop_, ResolverSettings{}};
  net::TcpConnector connector_{*loop_, resolver_};
  RedisClient client_{*loop_, connector_, settings(server_)};
  FakeClockRedis redis_{client_};
  RedisTokenBucketStore store_{redis_};
};

TEST(RedisBucketsAgainstModel, DecideAsItDoes) {
  RedisUnderTest redis;
  Sequences sequences(20261125);
  for (int i = 0; i < 200; ++i) {
    const std::vector<Step> steps = sequences.next();
    const std::vector<TakeAnswer> answers = redis.run(steps);
    for (std::size_t k = 0; k < steps.size(); ++k) {
      if (steps[k].refunded != 0) continue;
      SCOPED_TRACE("sequence " + std::to_string(i) + " step " + std::to_string(k));
      expect_same(answers[k], steps[k]);
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace trackly::store
