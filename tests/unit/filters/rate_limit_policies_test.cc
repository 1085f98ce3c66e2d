#include "filters/rate_limit/policies.h"

#include <gtest/gtest.h>

#include <chrono>

namespace trackly::filters::rate_limit {
namespace {

using namespace std::chrono_literals;

BucketPolicy rate(std::uint64_t tokens, Duration period, std::uint64_t burst) {
  return {.name = "single", .tokens = tokens, .period = period, .burst = burst};
}
BucketPolicy quota(std::uint64_t tokens) {
  return {
      .name = "daily", .tokens = tokens, .period = 24h, .burst = tokens, .refill = Refill::rolling};
}

TEST(Share, OfARateIsSlowerAndSmaller) {
  const BucketPolicy share = share_of(rate(100, 1s, 200), 8, 1);
  EXPECT_EQ(share.tokens, 100U);
  EXPECT_EQ(share.period, 8s);
  EXPECT_EQ(share.burst, 25U);
}

TEST(Share, OfAQuotaIsAQuota) {
  const BucketPolicy share = share_of(quota(1000), 3, 1);
  EXPECT_EQ(share.tokens, 334U);
  EXPECT_EQ(share.burst, 334U);
  EXPECT_EQ(share.period, 24h);
}

TEST(Share, HoldsTheLargestRequest) {
  EXPECT_EQ(share_of(rate(100, 1s, 200), 8, 150).burst, 150U);
  EXPECT_EQ(share_of(rate(100, 1s, 200), 8, 1000).burst, 200U) << "no more than all hold together";
}

TEST(Share, IsNeverNothing) { EXPECT_EQ(share_of(rate(1, 1s, 1), 50, 1).burst, 1U); }

TEST(Share, OfOneGatewayIsAll) {
  const BucketPolicy share = share_of(rate(100, 1s, 200), 1, 1);
  EXPECT_EQ(share.period, 1s);
  EXPECT_EQ(share.burst, 200U);
}

TEST(Share, IsNotTheBucketOfTheRule) { EXPECT_NE(share_of(quota(9), 2, 1).name, quota(9).name); }

TEST(Share, StaysWithinWhatTheStoresCanCount) {
  const BucketPolicy share = share_of(rate(1, 24h, 3650), 1'000'000, 1);
  EXPECT_LE(window_of(share), kLongestRefill);
}

TEST(Window, IsTheTimeInWhichAnEmptyBucketFills) {
  EXPECT_EQ(window_of(rate(100, 1s, 200)), 2s);
  EXPECT_EQ(window_of(quota(5)), 24h);
}

}  // namespace
}  // namespace trackly::filters::rate_limit
