// Offers.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

constexpr std::string_view kCreate = "POST /api/v2/offers";
constexpr std::string_view kUpdate = "PUT /api/v2/offers/{id}";

const Object& offer() {
  static const Object kOffer{{"name", R"("Spring")"},
                             {"tracking_url", R"("https://track.example.com/c?aff={aff_id}")"}};
  return kOffer;
}

TEST_F(Rules, OffersTakeWhatThePageShows) {
  expect(kCreate, {{offer(), kPasses},
                   {offer()
                        .with("external_platform", R"("tune")")
                        .with("external_id", R"("7")")
                        .with("advertiser_id", R"("9")")
                        .with("payout", "2.5")
                        .with("payout_type", R"("cpc")")
                        .with("filter_bots", "true")
                        .with("status", R"("paused")")
                        .with("metadata", R"({"vertical":"fashion"})"),
                    kPasses}});
  expect(kUpdate, {{offer(), kPasses}, {R"({"status":"archived"})", kPasses}});
}

TEST_F(Rules, OffersAnswerTheFirstFaultInTheOrderOfThePage) {
  const std::vector<Fault> optional = {
      {"external_platform", R"("hasoffers")", "invalid_external_platform"},
      {"external_platform", R"("")", "invalid_external_platform"},
      {"external_platform", "5", "invalid_external_platform"},
      {"external_platform", R"("everflow")", kPasses},
      {"payout_type", R"("cpm")", "invalid_payout_type"},
      {"payout_type", "1", "invalid_payout_type"},
      {"payout_type", R"("cpa")", kPasses},
      {"status", R"("deleted")", "invalid_status"},
      {"status", "true", "invalid_status"},
      {"status", R"("active")", kPasses},
      {"metadata", R"("")", "invalid_metadata"},
      {"metadata", "[]", "invalid_metadata"},
      {"metadata", R"({"a":"b","c":5})", "invalid_metadata"},
      {"metadata", R"({"a":{}})", "invalid_metadata"},
      {"metadata", R"({"a":"b","c":null})", kPasses},
  };
  std::vector<Fault> faults = {{"name", "", "missing_name"},
                               {"name", "5", "missing_name"},
                               {"name", text_of(256), "name_too_long"},
                               {"name", text_of(255), kPasses},
                               {"tracking_url", "", "missing_tracking_url"},
                               {"tracking_url", R"("")", "missing_tracking_url"},
                               {"tracking_url", "5", "invalid_url"},
                               {"tracking_url", R"("nowhere")", "invalid_url"},
                               {"tracking_url", R"("ftp://a.example")", "invalid_url_scheme"},
                               {"tracking_url", R"("https://a.example")", kPasses}};
  faults.insert(faults.end(), optional.begin(), optional.end());
  expect_in_order(kCreate, faults);

  faults = {{"name", "5", "missing_name"},
            {"name", text_of(256), "name_too_long"},
            {"name", R"("")", kPasses},
            {"tracking_url", R"("")", "invalid_url"},
            {"tracking_url", R"("mailto:ada@a.example")", "invalid_url_scheme"},
            {"tracking_url", "null", kPasses}};
  faults.insert(faults.end(), optional.begin(), optional.end());
  expect_in_order(kUpdate, faults);
}

TEST_F(Rules, OffersListWhatEachEndpointAllows) {
  EXPECT_EQ(answer(kCreate, offer().with("status", R"("archived")")),
            "status must be one of: active, paused");
  EXPECT_EQ(answer(kUpdate, R"({"status":""})"), "status must be one of: active, paused, archived");
  EXPECT_EQ(answer(kUpdate, R"({"payout_type":"x"})"), "payout_type must be one of: cpa, cpc");
}

TEST_F(Rules, OffersLetPassWhatNoRowIsAbout) {
  for (const std::string_view field : {"external_id", "advertiser_id", "payout", "filter_bots"}) {
    for (const std::string_view json : {"null", "-1", R"("x")", "true", "[]", "{}"}) {
      expect(kCreate, {{offer().with(field, json), kPasses}});
      expect(kUpdate, {{object(field, json), kPasses}});
    }
  }
  expect(kCreate, {{offer().with("external_platform", "null"), kPasses}});
  for (const std::string_view id : {"65f2c0ffee1234567890abcd", "offer_123", "7", "ofr_x"}) {
    EXPECT_EQ(judge({"GET /api/v2/offers/{id}", "", "", {std::string(id)}}), kPasses);
    EXPECT_EQ(judge({std::string(kUpdate), "{}", "", {std::string(id)}}), kPasses);
  }
}

}  // namespace
}  // namespace trackly::test
