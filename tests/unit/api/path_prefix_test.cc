#include "gateway/api/path_prefix.h"

#include <gtest/gtest.h>

namespace trackly {
namespace {

TEST(PathPrefix, EndsWhereASegmentEnds) {
  EXPECT_TRUE(is_below("/api/v1", "/api/v1"));
  EXPECT_TRUE(is_below("/api/v1/x", "/api/v1"));
  EXPECT_TRUE(is_below("/api/v1/x", "/api/v1/"));
  EXPECT_TRUE(is_below("/x", "/"));
  EXPECT_FALSE(is_below("/api/v10", "/api/v1"));
  EXPECT_FALSE(is_below("/api", "/api/v1"));
}

}  // namespace
}  // namespace trackly
