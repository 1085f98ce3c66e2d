// What messages earned, and the deletion of history. The imports are in batches_test.cc.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

constexpr std::string_view kRecord = "POST /api/v2/revenue";
constexpr std::string_view kClear = "DELETE /api/v2/history/clear";

const Object& revenue() {
  static const Object kRevenue{
      {"message_id", R"("AbC12345")"}, {"revenue", "29.99"}, {"attribution_type", R"("sale")"}};
  return kRevenue;
}

TEST_F(Rules, RevenueTakesWhatThePageShows) {
  expect(
      kRecord,
      {{revenue(), kPasses},
       {revenue().with("offer_id", R"("offer_123")").with("timestamp", R"("2025-03-14T09:26:53Z")"),
        kPasses},
       {revenue().with("message_id", R"("hist_0001")"), kPasses}});
  expect_field(kRecord, revenue(), "revenue",
               {{"0", kPasses}, {"0.0", kPasses}, {"-0", kPasses}, {"1e400", kPasses}});
  expect_field(kRecord, revenue(), "attribution_type",
               {{R"("click")", kPasses}, {R"("send")", kPasses}});
}

TEST_F(Rules, RevenueAnswersTheFirstFaultInTheOrderOfThePage) {
  expect_in_order(kRecord, {{"message_id", "", "missing_message_id"},
                            {"message_id", R"("")", "missing_message_id"},
                            {"message_id", "5", "missing_message_id"},
                            {"message_id", R"("AbC12345")", kPasses},
                            {"revenue", "", "missing_revenue"},
                            {"revenue", R"("")", "missing_revenue"},
                            {"revenue", R"("29.99")", "invalid_revenue"},
                            {"revenue", "true", "invalid_revenue"},
                            {"revenue", "-0.01", "invalid_revenue"},
                            {"revenue", "-1e-400", "invalid_revenue"},
                            {"revenue", "0.01", kPasses},
                            {"attribution_type", "", "missing_attribution_type"},
                            {"attribution_type", R"("migration")", "invalid_attribution_type"},
                            {"attribution_type", "[]", "invalid_attribution_type"},
                            {"attribution_type", R"("sale")", kPasses},
                            {"timestamp", R"("yesterday")", "invalid_timestamp"},
                            {"timestamp", R"("")", "invalid_timestamp"},
                            {"timestamp", "1741944413", "invalid_timestamp"},
                            {"timestamp", R"("2025-03-14")", kPasses}});
}

TEST_F(Rules, RevenueLetsPassWhatNoRowIsAbout) {
  expect_field(kRecord, revenue(), "offer_id",
               {{"5", kPasses}, {R"("")", kPasses}, {"null", kPasses}, {"{}", kPasses}});
  expect_field(kRecord, revenue(), "timestamp", {{"null", kPasses}});
}

TEST_F(Rules, ClearingHistoryAnswersTheFirstFaultInTheOrderOfThePage) {
  expect_in_order(kClear, {{"entities", "", "missing_entities"},
                           {"entities", R"("")", "missing_entities"},
                           {"entities", "[]", "missing_entities"},
                           {"entities", R"("sends")", "invalid_entities"},
                           {"entities", R"(["sends","contacts"])", "invalid_entities"},
                           {"entities", "[5]", "invalid_entities"},
                           {"entities", "[null]", "invalid_entities"},
                           {"entities", R"(["sends","clicks","revenue"])", kPasses},
                           {"confirm", "", "confirm_required"},
                           {"confirm", "null", "confirm_required"},
                           {"confirm", "false", "confirm_required"},
                           {"confirm", R"("true")", "confirm_required"},
                           {"confirm", "1", "confirm_required"},
                           {"confirm", "true", kPasses},
                           {"before_date", R"("last year")", "invalid_timestamp"},
                           {"before_date", "5", "invalid_timestamp"},
                           {"before_date", R"("2024-01-01")", kPasses}});
  EXPECT_EQ(answer(kClear, R"({"entities":["sends"]})"), "confirm must be true");
}

TEST_F(Rules, ClearingHistoryMayNameAnEntityTwice) {
  expect(kClear,
         {{R"({"entities":["sends","sends"],"confirm":true,"before_date":null})", kPasses}});
}

}  // namespace
}  // namespace trackly::test
