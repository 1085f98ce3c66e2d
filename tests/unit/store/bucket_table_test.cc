#include "gateway/store/bucket_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace trackly::store {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1h};

BucketPolicy policy_of(std::string name, std::uint64_t tokens, Duration period,
                       std::uint64_t burst) {
  return {.name = std::move(name), .tokens = tokens, .period = period, .burst = burst};
}

class BucketTableTest : public testing::Test {
 protected:
  bool take(const BucketPolicy& policy, const std::string& key, std::uint64_t cost = 1) {
    const BucketTake one{&policy, key, cost};
    return table_.take({&one, 1}, {now_}).granted;
  }

  BucketTable table_{HashKey{1, 2}};
  TimePoint now_ = kStart;
};

/// The same buckets, counted in fractions that nothing is rounded in: a level in n-ths of a token,
/// where n is the period in nanoseconds.
class Model {
 public:
  bool take(const std::vector<BucketTake>& takes, TimePoint now) {
    const bool granted = std::all_of(takes.begin(), takes.end(), [&](const BucketTake& take) {
      return level(take, now) >= Fraction{take.cost} * period(take);
    });
    if (granted) {
      for (const BucketTake& take : takes) level(take, now) -= Fraction{take.cost} * period(take);
    }
    return granted;
  }

  void refund(const std::vector<BucketTake>& takes, TimePoint now) {
    for (const BucketTake& take : takes) {
      Fraction& current = level(take, now);
      current = std::min(current + Fraction{take.cost} * period(take), full(take));
    }
  }

  std::uint64_t remaining(const BucketTake& take, TimePoint now) {
    return static_cast<std::uint64_t>(level(take, now) / period(take));
  }

 private:
  __extension__ using Fraction = __int128;
  struct Bucket {
    Fraction level;
    TimePoint at;
  };

  static Fraction period(const BucketTake& take) { return take.policy->period.count(); }
  static Fraction full(const BucketTake& take) {
    return Fraction{take.policy->burst} * period(take);
  }

  Fraction& level(const BucketTake& take, TimePoint now) {
    Bucket& bucket =
        buckets_.try_emplace({take.policy->name, take.key}, Bucket{full(take), now}).first->second;
    const Fraction flowed = Fraction{(now - bucket.at).count()} * take.policy->tokens;
    bucket.level = std::min(bucket.level + flowed, full(take));
    bucket.at = now;
    return bucket.level;
  }

  std::map<std::pair<std::string, std::string>, Bucket> buckets_;
};

TEST(BucketTableAgainstModel, DecidesAsExactFractionsDo) {
  // Rates whose tokens are whole nanoseconds, so that the model and the table can agree on each
  // decision; the others are below.
  const std::vector<BucketPolicy> policies{
      policy_of("single", 100, 1s, 200), policy_of("slow", 5, 1min, 3),
      policy_of("daily", 1'000'000, 24h, 1'000'000), policy_of("one", 1, 1s, 1)};
  std::mt19937_64 random(20261123);
  const auto below = [&random](std::uint64_t limit) { return random() % limit; };

  for (int round = 0; round < 50; ++round) {
    BucketTable table(HashKey{random(), random()});
    Model model;
    TimePoint now = kStart;
    std::vector<std::vector<BucketTake>> granted;
    for (int step = 0; step < 400; ++step) {
      now += Duration(below(4) == 0 ? below(5'000'000'000) : below(50'000'000));
      std::vector<BucketTake> takes;
      for (const BucketPolicy& policy : policies) {
        if (below(2) == 0) continue;
        const std::uint64_t most = std::min<std::uint64_t>(policy.burst, 40);
        takes.push_back({&policy, "caller" + std::to_string(below(2)), 1 + below(most)});
      }
      if (!granted.empty() && below(8) == 0) {
        table.refund(granted.back());
        model.refund(granted.back(), now);
        granted.pop_back();
        continue;
      }
      const TakeAnswer answer = table.take(takes, {now});
      ASSERT_EQ(answer.granted, model.take(takes, now)) << "round " << round << " step " << step;
      for (std::size_t i = 0; i < takes.size(); ++i) {
        ASSERT_EQ(answer.states[i].remaining, model.remaining(takes[i], now));
      }
      if (answer.granted) granted.push_back(takes);
    }
  }
}

TEST(BucketTableAgainstBound, NeverGrantsMoreThanTheBurstAndWhatFlowedIn) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    const BucketPolicy policy =
        policy_of("odd", 1 + random() % 1'000'003, round % 2 == 0 ? Duration(1s) : Duration(24h),
                  1 + random() % 50);
    BucketTable table(HashKey{random(), random()});
    const Duration token = policy.period / static_cast<std::int64_t>(policy.tokens);
    const BucketTake one{&policy, "caller", 1};
    TimePoint now = kStart;
    std::uint64_t granted = 0;
    for (int step = 0; step < 500; ++step) {
      now += Duration(
          static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(2 * token.count() + 1)));
      granted += table.take({&one, 1}, {now}).granted ? 1 : 0;
      const long double flowed = static_cast<long double>((now - kStart).count()) *
                                 static_cast<long double>(policy.tokens) /
                                 static_cast<long double>(policy.period.count());
      ASSERT_LE(static_cast<long double>(granted),
                static_cast<long double>(policy.burst) + flowed + 1e-6L);
    }
  }
}

TEST_F(BucketTableTest, AnOddRateIsExactInTheLongRun) {
  const BucketPolicy thirds = policy_of("thirds", 3, 1s, 1);
  int granted = 0;
  for (int ms = 0; ms <= 100'000; ++ms, now_ += 1ms) granted += take(thirds, "a") ? 1 : 0;
  // A token every 333 1/3 ms, asked for once a millisecond, so each is late by up to 2/3 ms.
  EXPECT_GE(granted, 299);
  EXPECT_LE(granted, 301);
}

TEST_F(BucketTableTest, TheTimeItNamesIsNeitherTooEarlyNorTooLate) {
  for (const std::uint64_t rate : {3U, 7U, 100U, 999'983U}) {
    const BucketPolicy policy = policy_of("rate" + std::to_string(rate), rate, 1s, 5);
    ASSERT_TRUE(take(policy, "a", 5));
    const BucketTake two{&policy, "a", 2};
    const Duration wait = table_.take({&two, 1}, {now_}).states[0].retry_after;
    now_ += wait - 2ns;
    EXPECT_FALSE(take(policy, "a", 2)) << rate;
    now_ += 2ns;
    EXPECT_TRUE(take(policy, "a", 2)) << rate;
  }
}

TEST_F(BucketTableTest, AWorkerWhoseTimeLagsBehindSeesLessNotMore) {
  const BucketPolicy policy = policy_of("single", 10, 1s, 10);
  ASSERT_TRUE(take(policy, "a", 10));
  now_ += 500ms;
  ASSERT_TRUE(take(policy, "a", 5));
  now_ -= 300ms;
  EXPECT_FALSE(take(policy, "a"));
}

TEST_F(BucketTableTest, ARuleWithNewFiguresStartsAfresh) {
  EXPECT_TRUE(take(policy_of("single", 1, 1h, 1), "a"));
  EXPECT_FALSE(take(policy_of("single", 1, 1h, 1), "a"));
  EXPECT_TRUE(take(policy_of("single", 2, 1h, 1), "a"));
}

// ------------------------------------------------------------------------------------ bounded keys

/// Far more buckets than kMost, so that every part of the table is full.
constexpr std::size_t kMost = 64 * 20;
constexpr int kFlood = 20'000;

class FullBucketTableTest : public BucketTableTest {
 protected:
  FullBucketTableTest() : small_(HashKey{3, 4}, kMost) {}

  bool take_small(const std::string& key, std::uint64_t cost = 1) {
    const BucketTake one{&hourly_, key, cost};
    return small_.take({&one, 1}, {now_}).granted;
  }

  BucketTable small_;
  const BucketPolicy hourly_ = policy_of("hourly", 100, 1h, 100);
};

TEST_F(FullBucketTableTest, AFloodOfKeysDoesNotGrowIt) {
  for (int i = 0; i < kFlood; ++i) ASSERT_TRUE(take_small("flood" + std::to_string(i)));
  EXPECT_LE(small_.size(), kMost);
  EXPECT_GE(small_.forgotten(), kFlood - kMost);
}

TEST_F(FullBucketTableTest, AFloodDoesNotMakeItForgetACallerAtItsLimit) {
  ASSERT_TRUE(take_small("victim", 100));
  for (int i = 0; i < kFlood; ++i) take_small("flood" + std::to_string(i));
  EXPECT_FALSE(take_small("victim"));
}

TEST_F(FullBucketTableTest, BucketsThatAreFullAgainMakeRoomAndAreNotCountedAsForgotten) {
  for (int wave = 0; wave < 20; ++wave, now_ += 1h) {
    for (std::size_t i = 0; i < kMost / 4; ++i) {
      take_small("wave" + std::to_string(wave) + "." + std::to_string(i));
    }
  }
  EXPECT_LE(small_.size(), kMost);
  EXPECT_EQ(small_.forgotten(), 0U);
}

TEST_F(FullBucketTableTest, ABucketWithAnythingMissingIsKeptWhileThereIsRoom) {
  for (std::size_t i = 0; i < kMost / 4; ++i) take_small("early" + std::to_string(i), 100);
  now_ += 59min;
  for (std::size_t i = 0; i < kMost / 4; ++i) take_small("late" + std::to_string(i));
  for (std::size_t i = 0; i < kMost / 4; ++i) {
    ASSERT_FALSE(take_small("early" + std::to_string(i), 100)) << i;
  }
}

// ----------------------------------------------------------------------------------- many workers

template <class Work>
void on_workers(int count, const Work& work) {
  std::vector<std::thread> workers;
  for (int i = 0; i < count; ++i) workers.emplace_back([&work, i] { work(i); });
  for (std::thread& worker : workers) worker.join();
}

TEST_F(BucketTableTest, ManyWorkersTogetherAreGrantedTheBurstExactly) {
  const BucketPolicy policy = policy_of("single", 1, 24h, 10'000);
  std::atomic<int> granted = 0;
  on_workers(4, [&](int) {
    const BucketTake one{&policy, "shared", 1};
    for (int i = 0; i < 5'000; ++i) granted += table_.take({&one, 1}, {kStart}).granted ? 1 : 0;
  });
  EXPECT_EQ(granted, 10'000);
}

TEST_F(BucketTableTest, WhatARaceOverSeveralBucketsTookIsGivenBack) {
  const BucketPolicy wide = policy_of("wide", 1'000'000, 24h, 1'000'000);
  const BucketPolicy narrow = policy_of("narrow", 1, 24h, 1'000);
  std::atomic<std::uint64_t> granted = 0;
  on_workers(4, [&](int) {
    const std::vector<BucketTake> both{{&wide, "shared", 7}, {&narrow, "shared", 1}};
    for (int i = 0; i < 2'000; ++i) granted += table_.take(both, {kStart}).granted ? 1 : 0;
  });
  EXPECT_EQ(granted, 1'000U);
  const BucketTake rest{&wide, "shared", 1'000'000 - 7'000};
  EXPECT_TRUE(table_.take({&rest, 1}, {kStart}).granted);
}

TEST_F(BucketTableTest, WorkersMayTakeRefundAndFloodAtOnce) {
  const BucketPolicy policy = policy_of("single", 1'000, 1s, 100);
  BucketTable small(HashKey{5, 6}, 64 * 4);
  on_workers(4, [&](int worker) {
    for (int i = 0; i < 5'000; ++i) {
      const BucketTake one{&policy, std::to_string(i % 700 + worker), 1};
      const TimePoint now = kStart + Duration(i * 1ms);
      if (small.take({&one, 1}, {now}).granted && i % 3 == 0) small.refund({&one, 1});
    }
  });
  EXPECT_LE(small.size(), 64U * 4U);
}

}  // namespace
}  // namespace trackly::store
