#include "filters/payload_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "tests/unit/filters/filter_bench.h"

namespace trackly::filters {
namespace {

class PayloadLimitTest : public testing::Test {
 protected:
  PayloadLimitTest() { operation_ = &bench_.operation("POST", "/messages"); }

  std::string ask(RequestToFilter& request) { return request.ask(*bench_.filter(*operation_)); }
  std::string ask_with_length(std::uint64_t bytes) {
    RequestToFilter request(*operation_);
    request.exchange.request.content_length = bytes;
    return ask(request);
  }

  FilterBench bench_{{"payload_too_large"}};
  Operation* operation_;
};

TEST_F(PayloadLimitTest, ADeclaredLengthUpToTheCapPasses) {
  bench_.make(make_payload_limit, R"({"max_bytes":"1KiB"})");
  EXPECT_EQ(ask_with_length(0), "next");
  EXPECT_EQ(ask_with_length(1024), "next");
}

TEST_F(PayloadLimitTest, ALongerOneIsRefusedBeforeAnyOfTheBodyIsRead) {
  bench_.make(make_payload_limit, R"({"max_bytes":"1KiB"})");
  EXPECT_EQ(ask_with_length(1025), "payload_too_large");
  EXPECT_EQ(ask_with_length(UINT64_MAX), "payload_too_large");
}

TEST_F(PayloadLimitTest, TheCapIsFiveMebibytesUnlessSet) {
  bench_.make(make_payload_limit);
  EXPECT_EQ(ask_with_length(5'242'880), "next");
  EXPECT_EQ(ask_with_length(5'242'881), "payload_too_large");
  EXPECT_EQ(bench_.describe(*operation_), "body up to 5242880 bytes");
}

TEST_F(PayloadLimitTest, ABodyOfUnknownLengthIsCappedForTheCore) {
  bench_.make(make_payload_limit, R"({"max_bytes":1000})");
  RequestToFilter request(*operation_);
  EXPECT_EQ(ask(request), "next");
  EXPECT_EQ(request.exchange.body_cap.max_bytes, 1000U);
  ASSERT_NE(request.exchange.body_cap.error, nullptr);
  EXPECT_EQ(request.exchange.body_cap.error->id, "payload_too_large");
}

TEST_F(PayloadLimitTest, OfSeveralCapsTheNarrowestHolds) {
  RequestToFilter request(*operation_);
  for (const char* settings :
       {R"({"max_bytes":2000})", R"({"max_bytes":1000})", R"({"max_bytes":3000})"}) {
    bench_.make(make_payload_limit, settings);
    EXPECT_EQ(ask(request), "next");
  }
  EXPECT_EQ(request.exchange.body_cap.max_bytes, 1000U);
}

TEST_F(PayloadLimitTest, MistakesInItsSettingsAreReported) {
  bench_.make(make_payload_limit, R"({"max_bytes":"5 potatoes","max_byte":1})");
  ASSERT_EQ(bench_.problems().size(), 2U);
  EXPECT_THAT(bench_.problems()[0], testing::HasSubstr("gateway.json:1:14: max_bytes: expected"));
  EXPECT_THAT(bench_.problems()[1], testing::HasSubstr("unknown key \"max_byte\""));
}

}  // namespace
}  // namespace trackly::filters
