// Schedules: once or repeating, and blasts that share an audience.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

constexpr std::string_view kCreate = "POST /api/v2/schedules";
constexpr std::string_view kUpdate = "PUT /api/v2/schedules/{id}";
constexpr std::string_view kAudiences = R"(["65f2c0ffee1234567890abcd"])";
constexpr std::string_view kBlasts = R"([{"message":"Hi","percent_audience":100}])";

const Object& common() {
  static const Object kCommon{{"name", R"("Spring")"},
                              {"send_type", R"("automated")"},
                              {"is_repeating", "false"},
                              {"send_time", R"("18:30")"},
                              {"audiences", std::string(kAudiences)}};
  return kCommon;
}

Object once() { return common().with("send_date", R"("2025-03-20")"); }

Object repeating() {
  return common()
      .with("is_repeating", "true")
      .with("start_date", R"("2025-03-01")")
      .with("end_date", R"("2025-06-30")")
      .with("days_of_week", R"({"monday":true})");
}

Object blast(std::string_view blasts = kBlasts) {
  return once().with("send_type", R"("blast")").with("blasts", blasts);
}

TEST_F(Rules, SchedulesTakeWhatThePageShows) {
  expect(kCreate, {{once(), kPasses},
                   {repeating(), kPasses},
                   {blast(), kPasses},
                   {once()
                        .with("source_lists", "[1,2]")
                        .with("status", R"("on")")
                        .with("skip_within_hours", "0")
                        .with("use_local_time", "true")
                        .with("filter_bots", "true")
                        .with("is_mms", "false")
                        .with("is_cto", "false")
                        .with("automated_percent", "50")
                        .with("ir_revenue", "1.5"),
                    kPasses}});
}

TEST_F(Rules, SchedulesAnswerTheFirstFaultInTheOrderOfThePage) {
  expect_in_order(kCreate, {{"name", "", "missing_name"},
                            {"name", R"("")", "missing_name"},
                            {"name", "5", "missing_name"},
                            {"name", text_of(1000), kPasses},
                            {"send_type", "", "missing_send_type"},
                            {"send_type", R"("")", "missing_send_type"},
                            {"send_type", R"("once")", "invalid_send_type"},
                            {"send_type", "5", "invalid_send_type"},
                            {"send_type", R"("blast")", kPasses},
                            {"is_repeating", "", "missing_is_repeating"},
                            {"is_repeating", R"("true")", "missing_is_repeating"},
                            {"is_repeating", "1", "missing_is_repeating"},
                            {"is_repeating", "true", kPasses},
                            {"send_time", "", "missing_send_time"},
                            {"send_time", "1830", "missing_send_time"},
                            {"send_time", R"("half past six")", kPasses},
                            {"audiences", "", "missing_audiences"},
                            {"audiences", "[]", "missing_audiences"},
                            {"audiences", R"("65f2c0ffee1234567890abcd")", "missing_audiences"},
                            {"audiences", R"(["7"])", "invalid_audience_id"},
                            {"audiences", "[7]", "invalid_audience_id"},
                            {"audiences", std::string(kAudiences), kPasses},
                            {"status", R"("complete")", "invalid_status"},
                            {"status", R"("off")", kPasses},
                            {"start_date", "", "missing_start_date"},
                            {"start_date", R"("")", "missing_start_date"},
                            {"start_date", "20250301", "missing_start_date"},
                            {"start_date", R"("2025-03-01")", kPasses},
                            {"end_date", "null", "missing_end_date"},
                            {"end_date", R"("2025-06-30")", kPasses},
                            {"days_of_week", "", "no_days_selected"},
                            {"days_of_week", "{}", "no_days_selected"},
                            {"days_of_week", R"({"monday":false})", "no_days_selected"},
                            {"days_of_week", R"({"monday":"true"})", "no_days_selected"},
                            {"days_of_week", R"(["monday"])", "no_days_selected"},
                            {"days_of_week", R"({"monday":false,"sunday":true})", kPasses},
                            {"blasts", "", "missing_blasts"},
                            {"blasts", "[]", "missing_blasts"},
                            {"blasts", R"("x")", "missing_blasts"},
                            {"blasts", "[{}]", "missing_blast_message"},
                            {"blasts", R"([{"message":"x"}])", "invalid_blast_percent"},
                            {"blasts", std::string(kBlasts), kPasses}});
}

TEST_F(Rules, SchedulesListWhatEachEndpointAllows) {
  EXPECT_EQ(answer(kCreate, once().with("status", R"("x")")),
            "status must be one of: draft, off, on");
  EXPECT_EQ(answer(kUpdate, R"({"status":true})"),
            "status must be one of: draft, off, on, complete, archive");
}

TEST_F(Rules, SchedulesThatHappenOnceNeedADateAndNothingElse) {
  expect(kCreate, {{common(), "missing_send_date"},
                   {common().with("send_date", R"("")"), "missing_send_date"},
                   {common().with("send_date", "null"), "missing_send_date"},
                   {common().with("send_date", "5"), "missing_send_date"},
                   {once().with("days_of_week", R"({"monday":false})"), kPasses},
                   {once().with("start_date", R"("")").with("end_date", "5"), kPasses}});
  expect(kCreate, {{repeating().with("send_date", R"("")"), kPasses},
                   {repeating().with("send_date", "5"), kPasses}});
}

TEST_F(Rules, SchedulesNeedBlastsOnlyWhereTheySendThem) {
  expect(kCreate, {{once().with("blasts", "[]"), kPasses},
                   {once().with("blasts", R"([{"percent_audience":7}])"), kPasses},
                   {once().with("blasts", R"("x")"), kPasses},
                   {blast("null"), "missing_blasts"}});
}

TEST_F(Rules, BlastsHaveAMessageEach) {
  const auto second = [](std::string_view item) {
    return blast(R"([{"message":"a","percent_audience":100},)" + std::string(item) + "]");
  };
  expect(kCreate, {{second(R"({"message":"b"})"), kPasses},
                   {second("{}"), "missing_blast_message"},
                   {second(R"({"message":""})"), "missing_blast_message"},
                   {second(R"({"message":5,"percent_audience":-1})"), "missing_blast_message"},
                   {second("null"), "missing_blast_message"},
                   {second(R"("b")"), "missing_blast_message"}});
}

TEST_F(Rules, BlastsShareOneHundredPercent) {
  const auto shares = [](std::initializer_list<std::string_view> list) {
    std::string items;
    for (const std::string_view share : list) {
      items += (items.empty() ? "" : ",") + with(R"({"message":"x"})", share);
    }
    return blast("[" + items + "]");
  };
  const std::string_view third = R"("percent_audience":33.33)";
  expect(kCreate, {{shares({R"("percent_audience":100)"}), kPasses},
                   {shares({R"("percent":100)"}), kPasses},
                   {shares({R"("percent":40)", R"("percent_audience":60.0)"}), kPasses},
                   {shares({R"("percent_audience":null,"percent":100)"}), kPasses},
                   {shares({R"("percent_audience":100,"percent":5)"}), kPasses},
                   {shares({R"("percent_audience":0)", R"("percent_audience":1e2)"}), kPasses},
                   {shares({third, third, third}), kPasses},
                   {shares({R"("percent_audience":99.99)"}), kPasses},
                   {shares({R"("percent_audience":99.98)"}), "invalid_blast_percent"},
                   {shares({R"("percent_audience":99.9899999999)"}), "invalid_blast_percent"},
                   {shares({R"("percent_audience":50)", R"("percent_audience":50.01)"}), kPasses},
                   {shares({R"("percent_audience":50)", R"("percent_audience":50.02)"}),
                    "invalid_blast_percent"},
                   {shares({R"("percent_audience":50)"}), "invalid_blast_percent"},
                   {shares({R"("percent_audience":100)", R"("percent_audience":100)"}),
                    "invalid_blast_percent"},
                   {shares({R"("percent_audience":-1)", R"("percent_audience":101)"}),
                    "invalid_blast_percent"},
                   {shares({R"("percent_audience":100.01)"}), "invalid_blast_percent"},
                   {shares({R"("percent_audience":"100")"}), "invalid_blast_percent"},
                   {shares({R"("percent_audience":100,"percent":"5")"}), "invalid_blast_percent"},
                   {shares({R"("percent":true)"}), "invalid_blast_percent"}});
}

TEST_F(Rules, BlastsMayHaveOfferLinks) {
  const auto links = [](std::string_view json) {
    return blast(R"([{"message":"a","percent_audience":100,"variant_name":5,"mms_image_url":7,)"
                 R"("offer_links":)" +
                 std::string(json) + "}]");
  };
  expect(kCreate, {{links("null"), kPasses},
                   {links("[]"), kPasses},
                   {links("[{}]"), kPasses},
                   {links(R"([{"key":"link1","offer_id":"offer_123"}])"), kPasses},
                   {links("{}"), "invalid_offer_links"},
                   {links(R"("")"), "invalid_offer_links"},
                   {links("[5]"), "invalid_offer_links"},
                   {links(R"([{"offer_id":5}])"), "invalid_offer_link_offer_id"},
                   {links(R"([{"offer_id":""}])"), "invalid_offer_link_offer_id"}});
}

TEST_F(Rules, SchedulesLetPassWhatNoRowIsAbout) {
  for (const std::string_view field :
       {"source_lists", "skip_within_hours", "use_local_time", "filter_bots", "is_mms", "is_cto",
        "automated_percent", "ir_revenue"}) {
    for (const std::string_view json : {"null", R"("x")", "-1", "1e9", "true", "[]", "{}"}) {
      expect(kCreate, {{once().with(field, json), kPasses}});
      expect(kUpdate, {{object(field, json), kPasses}});
    }
  }
  EXPECT_EQ(judge({"GET /api/v2/schedules/{id}", "", "", {"7"}}), kPasses);
}

TEST_F(Rules, UpdatesOfSchedulesJudgeWhatIsThere) {
  expect(kUpdate, {{once(), kPasses},
                   {repeating(), kPasses},
                   {blast(), kPasses},
                   {R"({"name":null,"send_type":null,"is_repeating":null,"send_time":null,)"
                    R"("audiences":null,"status":null,"send_date":null,"start_date":null,)"
                    R"("end_date":null,"days_of_week":null,"blasts":null})",
                    kPasses},
                   {R"({"status":"archive"})", kPasses},
                   {R"({"send_date":"","start_date":5})", kPasses},
                   {R"({"send_type":"blast"})", kPasses}});
}

TEST_F(Rules, UpdatesOfSchedulesAnswerTheFirstFaultToo) {
  expect_in_order(kUpdate, {{"name", R"("")", "missing_name"},
                            {"name", "[]", "missing_name"},
                            {"name", R"("x")", kPasses},
                            {"send_type", R"("")", "missing_send_type"},
                            {"send_type", R"("once")", "invalid_send_type"},
                            {"send_type", "false", "invalid_send_type"},
                            {"send_type", R"("blast")", kPasses},
                            {"is_repeating", R"("")", "missing_is_repeating"},
                            {"is_repeating", "0", "missing_is_repeating"},
                            {"is_repeating", "false", kPasses},
                            {"send_time", R"("")", "missing_send_time"},
                            {"send_time", R"("18:30")", kPasses},
                            {"audiences", R"("")", "missing_audiences"},
                            {"audiences", "[]", "missing_audiences"},
                            {"audiences", R"([""])", "invalid_audience_id"},
                            {"audiences", std::string(kAudiences), kPasses},
                            {"status", R"("paused")", "invalid_status"},
                            {"status", R"("complete")", kPasses},
                            {"send_date", "", "missing_send_date"},
                            {"send_date", R"("2025-03-20")", kPasses},
                            {"blasts", "[]", "missing_blasts"},
                            {"blasts", R"([{"percent":5}])", "missing_blast_message"},
                            {"blasts", R"([{"message":"x","percent":5}])", "invalid_blast_percent"},
                            {"blasts", std::string(kBlasts), kPasses}});
}

TEST_F(Rules, UpdatesThatMakeAScheduleRepeatNeedItsDates) {
  expect_in_order(kUpdate, {{"is_repeating", "true", kPasses},
                            {"start_date", "", "missing_start_date"},
                            {"start_date", R"("2025-03-01")", kPasses},
                            {"end_date", "", "missing_end_date"},
                            {"end_date", R"("2025-06-30")", kPasses}});
}

TEST_F(Rules, UpdatesOfDaysNeedOneThatIsSelected) {
  const std::string none = R"({"monday":false,"tuesday":false})";
  expect(kUpdate,
         {{object("days_of_week", none), "no_days_selected"},
          {object("days_of_week", R"("")"), "no_days_selected"},
          {object("days_of_week", R"({"friday":true})"), kPasses},
          {R"({"is_repeating":false,"send_date":"2025-03-20","days_of_week":)" + none + "}",
           kPasses}});
}

TEST_F(Rules, UpdatesOfBlastsAreJudgedUnlessTheScheduleIsAutomated) {
  expect(kUpdate, {{R"({"blasts":[{"message":"x","percent":99}]})", "invalid_blast_percent"},
                   {R"({"blasts":[]})", "missing_blasts"},
                   {R"({"send_type":"automated","blasts":[]})", kPasses}});
}

}  // namespace
}  // namespace trackly::test
