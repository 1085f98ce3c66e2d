// The arithmetic of the limits on what one client may cost.

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "gateway/proxy/connection_counts.h"
#include "gateway/proxy/pace.h"
#include "gateway/proxy/rate_budget.h"

namespace trackly::proxy {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1h};

TEST(RateBudget, IsABurstThatFillsUpAgain) {
  RateBudget budget(10, 2, kStart);
  EXPECT_TRUE(budget.spend(10, kStart));
  EXPECT_FALSE(budget.spend(1, kStart));
  EXPECT_TRUE(budget.spend(0, kStart + 500ms));
  EXPECT_TRUE(budget.spend(1, kStart + 1s));
}

TEST(RateBudget, NeverHoldsMoreThanItsBurst) {
  RateBudget budget(10, 2, kStart);
  EXPECT_TRUE(budget.spend(10, kStart + 1h));
  EXPECT_FALSE(budget.spend(1, kStart + 1h));
}

TEST(Pace, GivesTheGraceBeforeItLooksAtTheRate) {
  Pace pace(100, 30s);
  pace.wait(kStart);
  EXPECT_EQ(pace.left(0, kStart), 30s);
  EXPECT_EQ(pace.left(0, kStart + 10s), 20s);
  EXPECT_EQ(pace.left(0, kStart + 31s), 0s);
}

TEST(Pace, CountsWhatCameAtTheMinimumRate) {
  Pace pace(100, 30s);
  pace.wait(kStart);
  EXPECT_EQ(pace.left(1000, kStart + 30s), 10s);
  EXPECT_EQ(pace.left(1000, kStart + 45s), 0s);
}

TEST(Pace, DoesNotCountTheTimeInWhichNobodyWaited) {
  Pace pace(100, 30s);
  pace.wait(kStart);
  pace.rest(kStart + 5s);
  pace.rest(kStart + 6s);
  EXPECT_EQ(pace.left(0, kStart + 1h), 25s);
  pace.wait(kStart + 1h);
  pace.wait(kStart + 1h + 2s);
  EXPECT_EQ(pace.left(0, kStart + 1h + 5s), 20s);
}

TEST(Pace, WithoutARateIsNeverTooSlow) {
  Pace pace(0, 30s);
  pace.wait(kStart);
  EXPECT_GT(pace.left(0, kStart + 1000h), 1000h);
}

TEST(ConnectionCounts, LetNoMoreInThanThereIsRoomFor) {
  ConnectionCounts counts(2, 0);
  auto first = counts.enter("a");
  const auto second = counts.enter("a");
  EXPECT_TRUE(first.place && second.place);
  EXPECT_EQ(counts.enter("b").full, ConnectionCounts::Full::total);
  first.place.reset();
  EXPECT_TRUE(counts.enter("b").place);
}

TEST(ConnectionCounts, CountEachAddressAlone) {
  ConnectionCounts counts(0, 1);
  auto one = counts.enter("a");
  EXPECT_TRUE(counts.enter("b").place);
  EXPECT_EQ(counts.enter("a").full, ConnectionCounts::Full::address);
  one.place.reset();
  EXPECT_TRUE(counts.enter("a").place);
}

TEST(ConnectionCounts, WithoutLimitsLetEveryoneIn) {
  ConnectionCounts counts(0, 0);
  std::vector<std::shared_ptr<const void>> places;
  for (int i = 0; i < 1000; ++i) places.push_back(counts.enter("a").place);
  EXPECT_NE(places.back(), nullptr);
}

}  // namespace
}  // namespace trackly::proxy
