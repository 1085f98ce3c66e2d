#include "filters/request_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/filters/filter_bench.h"

namespace trackly::filters {
namespace {

using testing::MatchesRegex;

class RequestIdTest : public testing::Test {
 protected:
  RequestIdTest() {
    bench_.make(make_request_id);
    filter_ = bench_.filter(operation_);
  }

  std::string id_of(RequestToFilter& request) {
    EXPECT_EQ(request.ask(*filter_), "next");
    return request.exchange.request_id;
  }
  std::string id_with(std::string_view value) {
    RequestToFilter request(operation_);
    request.field("x-request-id", value);
    return id_of(request);
  }

  FilterBench bench_{{}};
  const Operation operation_;
  std::unique_ptr<Filter> filter_;
};

constexpr const char* kNew = "[0-9a-f]{32}";

TEST_F(RequestIdTest, TheClientsOwnIsKept) {
  EXPECT_EQ(id_with("7"), "7");
  EXPECT_EQ(id_with("!req-42_(a)~\""), "!req-42_(a)~\"");
  EXPECT_EQ(id_with(std::string(128, 'a')), std::string(128, 'a'));
}

TEST_F(RequestIdTest, WithoutOneItIsNew) {
  RequestToFilter request(operation_);
  EXPECT_THAT(id_of(request), MatchesRegex(kNew));
}

TEST_F(RequestIdTest, WhatIsNotVisibleAsciiIsReplaced) {
  for (const std::string& value :
       {std::string(), std::string("a b"), std::string("a\tb"), std::string("a\x7f"),
        std::string("caf\xc3\xa9"), std::string("a\0b", 3), std::string("\xff")}) {
    EXPECT_THAT(id_with(value), MatchesRegex(kNew)) << value;
  }
}

TEST_F(RequestIdTest, ATooLongOneIsReplaced) {
  EXPECT_THAT(id_with(std::string(129, 'a')), MatchesRegex(kNew));
}

TEST_F(RequestIdTest, ARepeatedOneIsReplaced) {
  RequestToFilter request(operation_);
  request.field("X-Request-Id", "one").field("x-request-id", "two");
  EXPECT_THAT(id_of(request), MatchesRegex(kNew));
}

TEST_F(RequestIdTest, NoTwoNewOnesAreAlike) {
  RequestToFilter one(operation_);
  RequestToFilter other(operation_);
  EXPECT_NE(id_of(one), id_of(other));
}

TEST_F(RequestIdTest, ItHasNoSettings) {
  bench_.make(make_request_id, R"({"field":"X-Id"})");
  ASSERT_EQ(bench_.problems().size(), 1U);
  EXPECT_THAT(bench_.problems()[0], testing::HasSubstr("unknown key \"field\""));
}

}  // namespace
}  // namespace trackly::filters
