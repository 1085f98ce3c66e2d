#include "gateway/api/upstream_for.h"

#include <gtest/gtest.h>

#include <utility>

namespace trackly {
namespace {

/// "default", and two that share a part of their paths.
Settings settings() {
  Settings all;
  all.upstreams.resize(3);
  all.upstreams[1].paths = {"/api/v2", "/api/v2/otp/voice"};
  all.upstreams[2].paths = {"/api/v2/otp"};
  return all;
}

TEST(UpstreamForAPath, IsTheOneWithThePrefix) {
  EXPECT_EQ(upstream_for(settings(), "/api/v2"), 1);
  EXPECT_EQ(upstream_for(settings(), "/api/v2/send"), 1);
}

TEST(UpstreamForAPath, IsTheOneWithTheLongestOfSeveralPrefixes) {
  EXPECT_EQ(upstream_for(settings(), "/api/v2/otp/send"), 2);
  EXPECT_EQ(upstream_for(settings(), "/api/v2/otp/voice/send"), 1);
}

TEST(UpstreamForAPath, LooksAtWholeSegments) {
  EXPECT_EQ(upstream_for(settings(), "/api/v2/otps"), 1);
  EXPECT_EQ(upstream_for(settings(), "/api/v20"), 0);
}

TEST(UpstreamForAPath, IsTheFirstOneWhereNoPrefixMatches) {
  EXPECT_EQ(upstream_for(settings(), "/"), 0);
  EXPECT_EQ(upstream_for(settings(), ""), 0);
  EXPECT_EQ(upstream_for(settings(), "/api/v1/messages"), 0);
}

}  // namespace
}  // namespace trackly
