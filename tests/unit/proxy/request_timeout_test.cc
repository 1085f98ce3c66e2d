#include "gateway/proxy/request_timeout.h"

#include <gtest/gtest.h>

namespace trackly::proxy {
namespace {

using namespace std::chrono_literals;

TEST(RequestTimeoutTest, IsMillisecondsOrHasAUnit) {
  EXPECT_EQ(parse_request_timeout("1500"), 1500ms);
  EXPECT_EQ(parse_request_timeout("1500ms"), 1500ms);
  EXPECT_EQ(parse_request_timeout("30s"), 30s);
  EXPECT_EQ(parse_request_timeout("2m"), 2min);
  EXPECT_EQ(parse_request_timeout("0"), 0ms);
}

TEST(RequestTimeoutTest, SaysNothingWhereItIsSomethingElse) {
  for (const std::string_view text :
       {"", "s", "-1", "+1", "1.5", "1 s", "1S", "1h", "10s ", "0x1", "99999999999999999999"}) {
    EXPECT_EQ(parse_request_timeout(text), std::nullopt) << text;
  }
}

TEST(RequestTimeoutTest, IsNoLimitBeyondADay) {
  EXPECT_EQ(parse_request_timeout("86400s"), 24h);
  EXPECT_EQ(parse_request_timeout("86401s"), std::nullopt);
  EXPECT_EQ(parse_request_timeout("307445734m"), std::nullopt);
  EXPECT_EQ(parse_request_timeout("4294967295m"), std::nullopt);
}

}  // namespace
}  // namespace trackly::proxy
