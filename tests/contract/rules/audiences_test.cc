// Audiences, and the filters that describe them.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

constexpr std::string_view kCreate = "POST /api/v2/audiences";
constexpr std::string_view kUpdate = "PUT /api/v2/audiences/{id}";

std::string group(std::string_view conditions) {
  return R"({"operator":"AND","conditions":[)" + std::string(conditions) + "]}";
}

/// A filter of so many groups, one in the other.
std::string nested(std::size_t depth, std::string_view innermost) {
  std::string filter = group(innermost);
  for (std::size_t i = 1; i < depth; ++i) {
    filter = R"({"operator":"OR","groups":[)" + filter + "]}";
  }
  return filter;
}

class AudienceRules : public Rules {
 protected:
  /// Conditions are judged alike wherever a filter is given, and however deep.
  void expect_condition(const std::vector<Value>& conditions) {
    for (const Value& one : conditions) {
      for (const std::size_t depth : {std::size_t{1}, std::size_t{3}}) {
        const std::string filter = nested(depth, one.json);
        expect(kCreate, {{R"({"name":"x","filter":)" + filter + "}", one.verdict}});
        expect(kUpdate, {{object("filter", filter), one.verdict}});
      }
    }
  }
  void expect_filter(const std::vector<Value>& filters) {
    for (const Value& one : filters) {
      expect(kCreate, {{R"({"name":"x","filter":)" + one.json + "}", one.verdict}});
      expect(kUpdate, {{object("filter", one.json), one.verdict}});
    }
  }
};

const std::string kCarrier = R"({"condition_type":"carrier","operator":"eq","value":"T-Mobile"})";

TEST_F(AudienceRules, NameAndFilterAreRequired) {
  expect_in_order(kCreate, {{"name", "", "missing_name"},
                            {"name", "7", "missing_name"},
                            {"name", text_of(256), "name_too_long"},
                            {"name", text_of(255), kPasses},
                            {"filter", "", "missing_filter"},
                            {"filter", R"("")", "missing_filter"},
                            {"filter", R"("x")", "missing_filter"},
                            {"filter", "[]", "missing_filter"},
                            {"filter", "{}", "invalid_group_operator"},
                            {"filter", group(kCarrier), kPasses}});
}

TEST_F(AudienceRules, UpdatesJudgeWhatIsThere) {
  expect(kUpdate, {{R"({"name":"","description":"","source_lists":[]})", kPasses},
                   {R"({"name":null,"filter":null})", kPasses},
                   {object("name", text_of(256)), "name_too_long"},
                   {object("name", "5"), "missing_name"},
                   {object("filter", R"("")"), "missing_filter"}});
}

TEST_F(AudienceRules, WhatNoRowIsAboutPasses) {
  const Object audience{{"name", R"("x")"}, {"filter", group(kCarrier)}};
  expect_field(kCreate, audience, "description", {{"5", kPasses}, {"null", kPasses}});
  expect_field(kCreate, audience, "source_lists",
               {{"[1,2]", kPasses}, {R"(["1"])", kPasses}, {R"("all")", kPasses}});
}

TEST_F(AudienceRules, IdsAreObjectIds) {
  for (const std::string_view operation :
       {"GET /api/v2/audiences/{id}", "PUT /api/v2/audiences/{id}", "DELETE /api/v2/audiences/{id}",
        "GET /api/v2/audiences/{id}/size"}) {
    const auto verdict = [&](std::string id) {
      return judge({std::string(operation), "{}", "", {std::move(id)}});
    };
    EXPECT_EQ(verdict("65f2c0ffee1234567890abcd"), kPasses) << operation;
    EXPECT_EQ(verdict("65F2C0FFEE1234567890ABCD"), kPasses) << operation;
    for (const char* bad : {"7", "65f2c0ffee1234567890abc", "65f2c0ffee1234567890abcde",
                            "65f2c0ffee1234567890abcg", "65f2c0ffee1234567890abcd\n"}) {
      EXPECT_EQ(verdict(bad), "invalid_audience_id") << operation << " " << bad;
    }
  }
}

TEST_F(AudienceRules, GroupsHaveAnOperatorAndAtLeastOneMember) {
  expect_filter(
      {{group(kCarrier), kPasses},
       {R"({"operator":"OR","groups":[)" + group(kCarrier) + "]}", kPasses},
       {R"({"operator":"OR","conditions":[],"groups":[)" + group(kCarrier) + "]}", kPasses},
       {R"({"operator":"OR","groups":[],"conditions":[)" + kCarrier + "]}", kPasses},
       {R"({"operator":"OR","groups":null,"conditions":[)" + kCarrier + "]}", kPasses},
       {R"({"conditions":[]})", "invalid_group_operator"},
       {R"({"operator":"","conditions":[]})", "invalid_group_operator"},
       {R"({"operator":"and"})", "invalid_group_operator"},
       {R"({"operator":["AND"]})", "invalid_group_operator"},
       {R"({"operator":"AND"})", "empty_filter_group"},
       {R"({"operator":"AND","conditions":[]})", "empty_filter_group"},
       {R"({"operator":"AND","conditions":[],"groups":[]})", "empty_filter_group"},
       {R"({"operator":"AND","conditions":null,"groups":null})", "empty_filter_group"},
       {R"({"operator":"AND","conditions":{}})", "empty_filter_group"},
       {R"({"operator":"AND","groups":"x"})", "empty_filter_group"},
       {R"({"operator":"AND","groups":[5]})", "invalid_group_operator"},
       {R"({"operator":"AND","groups":[{"operator":"AND"}]})", "empty_filter_group"}});
}

TEST_F(AudienceRules, ConditionsAreOfTheTypesThatAnyPageNames) {
  expect_condition({{R"({"condition_type":"on_dnc"})", kPasses},
                    {R"({"condition_type":"on_dnc","operator":5,"value":{}})", kPasses},
                    {R"({"condition_type":"validation_status","value":"valid"})", kPasses},
                    {R"({})", "invalid_condition_type"},
                    {R"({"condition_type":""})", "invalid_condition_type"},
                    {R"({"condition_type":null})", "invalid_condition_type"},
                    {R"({"condition_type":5})", "invalid_condition_type"},
                    {R"({"condition_type":"Time"})", "invalid_condition_type"},
                    {R"({"conditionType":"on_dnc"})", "invalid_condition_type"},
                    {R"("on_dnc")", "invalid_condition_type"},
                    {R"(null)", "invalid_condition_type"}});
}

TEST_F(AudienceRules, TimeConditionsHaveAFieldAnOperatorAValueAndAUnit) {
  const Object time{{"condition_type", R"("time")"},
                    {"field", R"("signup_date")"},
                    {"operator", R"("within")"},
                    {"value", "7"},
                    {"unit", R"("days")"}};
  for (const std::string_view field : {"last_clicked_at", "last_sent_at", "signup_date"}) {
    expect_condition({{time.with("field", '"' + std::string(field) + '"'), kPasses}});
  }
  for (const std::string_view unit : {"hours", "days", "weeks", "minutes"}) {
    expect_condition({{time.with("unit", '"' + std::string(unit) + '"'), kPasses}});
  }
  for (const std::string_view op : {"within", "not_within", "before", "after"}) {
    const Object one = time.with("operator", '"' + std::string(op) + '"');
    expect_condition({{one, kPasses},
                      {one.without("value"), "missing_time_value"},
                      {one.with("value", R"("")"), "missing_time_value"},
                      {one.with("value", R"("7")"), "missing_time_value"},
                      {one.with("value", "0"), kPasses},
                      {one.without("unit"), "missing_time_value"},
                      {one.with("unit", "null"), "missing_time_value"},
                      {one.with("unit", R"("months")"), "invalid_time_unit"},
                      {one.with("unit", "7"), "invalid_time_unit"}});
  }
  for (const std::string_view op : {"exists", "not_exists"}) {
    const Object one = time.with("operator", '"' + std::string(op) + '"');
    expect_condition({{one.without("value").without("unit"), kPasses},
                      {one.with("value", R"("")").with("unit", R"("?")"), kPasses}});
  }
  expect_condition({{time.without("field"), "invalid_time_field"},
                    {time.with("field", R"("send_count")"), "invalid_time_field"},
                    {time.with("field", "5"), "invalid_time_field"},
                    {time.without("operator"), "invalid_time_operator"},
                    {time.with("operator", R"("eq")"), "invalid_time_operator"},
                    {time.with("operator", "true"), "invalid_time_operator"},
                    {R"({"condition_type":"time"})", "invalid_time_field"},
                    {R"({"condition_type":"time","unit":"x","operator":"x","field":"x"})",
                     "invalid_time_field"}});
}

TEST_F(AudienceRules, CountConditionsHaveAFieldAndAValue) {
  const Object count{{"condition_type", R"("count")"},
                     {"field", R"("send_count")"},
                     {"operator", R"("gte")"},
                     {"value", "3"}};
  for (const std::string_view field : {"send_count", "click_count", "conversion_count"}) {
    expect_condition({{count.with("field", '"' + std::string(field) + '"'), kPasses}});
  }
  expect_condition({{count.with("value", "0"), kPasses},
                    {count.with("value", "[1,5]"), kPasses},
                    {count.without("field"), "invalid_count_field"},
                    {count.with("field", R"("signup_date")"), "invalid_count_field"},
                    {count.with("operator", "5"), "invalid_count_operator"},
                    {count.without("value"), "missing_count_value"},
                    {count.with("value", "null"), "missing_count_value"},
                    {count.with("value", R"("3")"), "missing_count_value"}});
}

TEST_F(AudienceRules, RevenueConditionsHaveAFieldAndAValue) {
  const Object revenue{{"condition_type", R"("revenue")"},
                       {"field", R"("revenue_total")"},
                       {"operator", R"("gt")"},
                       {"value", "10"}};
  for (const std::string_view field :
       {"has_revenue", "revenue_total", "avg_revenue", "conversion_count", "last_revenue_at"}) {
    expect_condition({{revenue.with("field", '"' + std::string(field) + '"'), kPasses}});
  }
  expect_condition({{revenue.with("value", "true"), kPasses},
                    {revenue.with("value", R"("2025-01-01")"), kPasses},
                    {revenue.without("field"), "invalid_revenue_field"},
                    {revenue.with("field", R"("click_count")"), "invalid_revenue_field"},
                    {revenue.with("operator", "[]"), "invalid_revenue_operator"},
                    {revenue.without("value"), "missing_revenue_value"},
                    {revenue.with("value", R"("")"), "missing_revenue_value"}});
}

TEST_F(AudienceRules, CustomFieldConditionsNameTheFieldAndHaveAValue) {
  const Object custom{{"condition_type", R"("custom_field")"},
                      {"field", R"("plan")"},
                      {"operator", R"("in")"},
                      {"value", R"(["gold"])"}};
  expect_condition({{custom, kPasses},
                    {custom.with("value", "false"), kPasses},
                    {custom.without("field"), "missing_custom_field_name"},
                    {custom.with("field", R"("")"), "missing_custom_field_name"},
                    {custom.with("field", "5"), "missing_custom_field_name"},
                    {custom.with("operator", "{}"), "invalid_custom_field_operator"},
                    {custom.without("value"), "missing_custom_field_value"},
                    {custom.with("value", "null"), "missing_custom_field_value"}});
}

TEST_F(AudienceRules, CarriersTimezonesAndPhoneNumbersHaveAValue) {
  expect_condition(
      {{R"({"condition_type":"carrier"})", "missing_carrier_value"},
       {R"({"condition_type":"carrier","operator":1})", "invalid_carrier_operator"},
       {R"({"condition_type":"carrier","value":["a","b"]})", kPasses},
       {R"({"condition_type":"timezone"})", "missing_timezone_value"},
       {R"({"condition_type":"timezone","operator":1})", "invalid_timezone_operator"},
       {R"({"condition_type":"timezone","value":"America/New_York"})", kPasses},
       {R"({"condition_type":"phone_numbers"})", "missing_phone_numbers_value"},
       {R"({"condition_type":"phone_numbers","value":"+1415"})", "missing_phone_numbers_value"},
       {R"({"condition_type":"phone_numbers","operator":[]})", "invalid_phone_numbers_operator"},
       {R"({"condition_type":"phone_numbers","value":["+14155556789"]})", kPasses}});
}

TEST_F(AudienceRules, OperatorsOfOtherTypesThanTimeAreTheServicesToKnow) {
  for (const std::string_view type :
       {"count", "revenue", "custom_field", "carrier", "timezone", "phone_numbers"}) {
    const std::string field = type == "count"     ? "send_count"
                              : type == "revenue" ? "revenue_total"
                                                  : "plan";
    const Object condition{{"condition_type", '"' + std::string(type) + '"'},
                           {"field", '"' + field + '"'}};
    expect_condition({{condition.with("value", "[1]"), kPasses},
                      {condition.with("value", "[1]").with("operator", "null"), kPasses},
                      {condition.with("value", "[1]").with("operator", R"("")"), kPasses},
                      {condition.with("value", "[1]").with("operator", R"("~=")"), kPasses},
                      {condition.with("operator", R"("exists")"), kPasses},
                      {condition.with("operator", R"("not_exists")"), kPasses}});
  }
}

TEST_F(AudienceRules, TheFirstFaultOfANestedFilterIsTheOneThatStandsFirst) {
  const std::string bad_count = R"({"condition_type":"count"})";
  expect_filter(
      {{R"({"groups":[{}],"conditions":[{}],"operator":"XOR"})", "invalid_group_operator"},
       {R"({"groups":[{}],"conditions":[{}],"operator":"OR"})", "invalid_condition_type"},
       {R"({"operator":"OR","groups":[{}],"conditions":[)" + kCarrier + "," + bad_count + "]}",
        "invalid_count_field"},
       {R"({"operator":"OR","groups":[)" + group(bad_count) + R"(,{}],"conditions":[]})",
        "invalid_count_field"}});
}

// Judging takes time in proportion to the filter's size, however it is nested.
TEST_F(AudienceRules, DeepFiltersAreJudgedOnce) {
  std::string filter = group(kCarrier);
  for (int i = 0; i < 28; ++i) {
    filter = R"({"operator":"AND","conditions":[)" + kCarrier + R"(],"groups":[)" + filter + "]}";
  }
  expect_filter({{filter, kPasses}});
}

}  // namespace
}  // namespace trackly::test
