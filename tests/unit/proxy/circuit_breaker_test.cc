#include "gateway/proxy/circuit_breaker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace trackly::proxy {
namespace {

using namespace std::chrono_literals;

class CircuitBreakerTest : public testing::Test {
 protected:
  static CircuitBreakerSettings settings() {
    CircuitBreakerSettings settings;
    settings.consecutive_failures = 3;
    settings.open_for = 10s;
    return settings;
  }
  static CircuitBreakerSettings share_of_failures() {
    CircuitBreakerSettings settings;
    settings.consecutive_failures = 1000;
    settings.failure_percent = 50;
    settings.minimum_requests = 4;
    settings.window = 10s;
    return settings;
  }

  void use(const CircuitBreakerSettings& settings) { breaker_.emplace(settings); }
  std::optional<CircuitBreaker::Permit> ask() { return breaker_->ask(now_).permit; }
  Duration told_to_wait() { return breaker_->ask(now_).retry_after; }
  void succeed(int times = 1) {
    for (int i = 0; i < times; ++i) ask().value().succeeded(now_);
  }
  void fail(int times = 1) {
    for (int i = 0; i < times; ++i) ask().value().failed(now_);
  }
  bool refuses() { return !ask(); }
  static void in_threads(const std::function<void()>& work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
  }

  TimePoint now_{1h};
  std::optional<CircuitBreaker> breaker_{settings()};
};

TEST_F(CircuitBreakerTest, OpensAfterSoManyFailuresInARow) {
  fail(2);
  EXPECT_FALSE(refuses());
  fail();
  EXPECT_TRUE(refuses());
  EXPECT_EQ(breaker_->openings(), 1U);
}

TEST_F(CircuitBreakerTest, ASuccessBreaksTheRow) {
  fail(2);
  succeed();
  fail(2);
  EXPECT_FALSE(refuses());
}

TEST_F(CircuitBreakerTest, TellsHowLongItStaysOpen) {
  fail(3);
  EXPECT_EQ(told_to_wait(), 10s);
  now_ += 4s;
  EXPECT_EQ(told_to_wait(), 6s);
}

TEST_F(CircuitBreakerTest, LetsOneRequestTryWhenItsTimeIsOver) {
  fail(3);
  now_ += 10s;
  const auto trial = ask();
  EXPECT_TRUE(trial);
  EXPECT_TRUE(refuses());
  EXPECT_EQ(told_to_wait(), 0s);
}

TEST_F(CircuitBreakerTest, ASuccessfulTrialClosesIt) {
  fail(3);
  now_ += 10s;
  succeed();
  EXPECT_FALSE(breaker_->is_open());
  fail(2);
  EXPECT_FALSE(refuses()) << "what it counted before is forgotten";
}

TEST_F(CircuitBreakerTest, AFailedTrialOpensItAnew) {
  fail(3);
  now_ += 10s;
  fail();
  EXPECT_EQ(told_to_wait(), 10s);
  EXPECT_EQ(breaker_->openings(), 2U);
}

TEST_F(CircuitBreakerTest, ATrialThatCameToNothingLetsAnotherTry) {
  fail(3);
  now_ += 10s;
  ask().reset();
  EXPECT_TRUE(ask());
}

TEST_F(CircuitBreakerTest, NobodyWaitsForTheEndOfALongTrial) {
  fail(3);
  now_ += 10s;
  auto trial = ask();
  trial->answered();
  EXPECT_FALSE(breaker_->is_open());
  trial->failed(now_);
  fail(2);
  EXPECT_TRUE(breaker_->is_open()) << "an answer that breaks off is a failure like any other";
}

TEST_F(CircuitBreakerTest, ATrialThatDragsOnLetsAnotherTry) {
  fail(3);
  now_ += 10s;
  auto slow = ask();
  ASSERT_TRUE(slow);
  now_ += 9s;
  EXPECT_TRUE(refuses());
  now_ += 1s;
  auto other = ask();
  ASSERT_TRUE(other);
  EXPECT_TRUE(refuses()) << "one at a time";
  slow.reset();
  EXPECT_TRUE(refuses()) << "the other one still tries";
  other->succeeded(now_);
  EXPECT_FALSE(refuses());
}

TEST_F(CircuitBreakerTest, WhatBeganBeforeItOpenedDoesNotCountAfterwards) {
  auto slow_success = ask();
  auto slow_failure = ask();
  fail(3);
  slow_success->succeeded(now_);
  EXPECT_TRUE(breaker_->is_open());
  now_ += 10s;
  succeed();
  fail(2);
  slow_failure->failed(now_);
  EXPECT_FALSE(breaker_->is_open());
}

TEST_F(CircuitBreakerTest, APermitThatNobodyUsedCountsForNothing) {
  fail(2);
  ask().reset();
  fail();
  EXPECT_TRUE(breaker_->is_open());
}

TEST_F(CircuitBreakerTest, AMovedPermitCountsOnce) {
  fail(2);
  auto permit = ask();
  CircuitBreaker::Permit moved = *std::move(permit);
  permit.reset();
  moved.failed(now_);
  moved.failed(now_);
  EXPECT_EQ(breaker_->openings(), 1U);
}

TEST_F(CircuitBreakerTest, OpensWhereTooLargeAShareFails) {
  use(share_of_failures());
  succeed(2);
  fail();
  EXPECT_FALSE(refuses());
  fail();
  EXPECT_TRUE(refuses());
}

TEST_F(CircuitBreakerTest, AShareOfVeryFewRequestsSaysNothing) {
  use(share_of_failures());
  fail(3);
  EXPECT_FALSE(refuses());
  fail();
  EXPECT_TRUE(refuses());
}

TEST_F(CircuitBreakerTest, WhatLeftTheWindowIsForgotten) {
  use(share_of_failures());
  fail(3);
  now_ += 10s;
  succeed(3);
  fail(2);
  EXPECT_FALSE(refuses());
  now_ += 5s;
  fail();
  EXPECT_TRUE(refuses()) << "3 of 6";
}

TEST_F(CircuitBreakerTest, IsOneForAllThreads) {
  CircuitBreakerSettings settings = CircuitBreakerTest::settings();
  settings.consecutive_failures = 4000;
  use(settings);
  std::atomic<int> trials = 0;
  in_threads([this] { fail(1000); });
  EXPECT_EQ(breaker_->openings(), 1U);
  now_ += 10s;
  std::vector<std::optional<CircuitBreaker::Permit>> kept(4);
  std::atomic<std::size_t> next = 0;
  in_threads([&] {
    auto permit = ask();
    if (permit) ++trials;
    kept[next++] = std::move(permit);
  });
  EXPECT_EQ(trials, 1);
}

TEST_F(CircuitBreakerTest, OpensOnceWhereSeveralThreadsFindAtTheSameTimeThatItHasTo) {
  constexpr int kRounds = 200;
  constexpr std::size_t kRequests = 5000;  // of each thread, in a round
  CircuitBreakerSettings settings = CircuitBreakerTest::settings();
  settings.consecutive_failures = 2 * kRequests;
  use(settings);
  std::barrier together(4);
  in_threads([&] {
    std::vector<CircuitBreaker::Permit> permits;
    for (int i = 0; i < kRounds; ++i) {
      while (permits.size() < kRequests) permits.push_back(ask().value());
      together.arrive_and_wait();
      for (CircuitBreaker::Permit& permit : permits) permit.failed(now_);
      permits.clear();
      together.arrive_and_wait();
      // The one that gets the leave to try closes it for the next round.
      if (auto trial = breaker_->ask(now_ + 10s).permit) trial->succeeded(now_ + 10s);
      together.arrive_and_wait();
    }
  });
  EXPECT_EQ(breaker_->openings(), static_cast<std::uint64_t>(kRounds));
}

}  // namespace
}  // namespace trackly::proxy
