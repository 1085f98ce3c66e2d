// Contacts in bulk, audiences and their filters, clearing the history: rows 56 to 89.

#include "tests/integration/error_rows/example.h"

namespace trackly::test {
namespace {

/// A filter's row, where an audience is created and where it is changed.
void on_both(Examples& examples, int row, std::string_view filter) {
  examples.push_back({row, post(kAudiencesPath, audience().with("filter", filter))});
  examples.push_back({row, put(kAudiencePath, Body{{"filter", std::string(filter)}})});
}

/// The same of a filter with one condition, which may as well stand in a group within the group.
void of_condition(Examples& examples, int row, const std::string& condition) {
  const std::string group = R"({"operator":"AND","conditions":[)" + condition + "]}";
  on_both(examples, row, group);
  on_both(examples, row, R"({"operator":"OR","groups":[)" + group + "]}");
}

/// Nobody states which operators there are; the rules of the test's own have no such one.
Example operator_rule_on(int row, std::string_view type, std::string_view field = "city",
                         std::string_view value = "1") {
  const Body condition = {{"condition_type", '"' + std::string(type) + '"'},
                          {"field", '"' + std::string(field) + '"'},
                          {"operator", R"("resembles")"},
                          {"value", std::string(value)}};
  const std::string filter = R"({"operator":"AND","conditions":[)" + condition.json() + "]}";
  return rule_on(row, post(kAudiencesPath, audience().with("filter", filter)));
}

}  // namespace

Examples examples_of_audiences() {
  Examples examples = {
      // missing_contacts
      {56, post(kContactBulkPath, "{}")},
      {56, post(kContactBulkPath, list_of("contacts", 0))},
      // missing_records
      {57, post(kRevenueBulkPath, "{}")},
      {57, post(kRevenueBulkPath, list_of("records", 0))},
      {57, post(kHistorySendsPath, "{}")},
      {57, post(kHistoryClicksPath, R"({"records":null})")},
      {57, post(kHistoryRevenuePath, R"({"records":{}})")},
      // missing_filter
      {58, post(kAudiencesPath, audience().without("filter"))},
      {58, post(kAudiencesPath, audience().with("filter", "null"))},
      // missing_audiences
      {59, post(kSchedulesPath, blast_schedule().without("audiences"))},
      {59, post(kSchedulesPath, blast_schedule().with("audiences", "[]"))},
      {59, put(kSchedulePath, Body{{"audiences", "[]"}})},
      // invalid_audience_id
      {62, get("/api/v2/audiences/12")},
      {62, request("PUT", "/api/v2/audiences/12", R"({"name":"x"})")},
      {62, request("DELETE", "/api/v2/audiences/12")},
      {62, get("/api/v2/audiences/12/size")},
      {62, post(kSchedulesPath, blast_schedule().with("audiences", R"(["12"])"))},
      // invalid_count_operator, invalid_revenue_operator
      operator_rule_on(68, "count", "click_count"),
      operator_rule_on(71, "revenue", "revenue_total"),
      // missing_revenue
      {73, post(kRevenuePath, revenue().without("revenue"))},
      // invalid_revenue
      {74, post(kRevenuePath, revenue().with("revenue", "-0.01"))},
      {74, post(kRevenuePath, revenue().with("revenue", R"("12.5")"))},
      // invalid_carrier_operator, invalid_phone_numbers_operator, invalid_timezone_operator,
      // invalid_custom_field_operator
      operator_rule_on(75, "carrier"),
      operator_rule_on(77, "phone_numbers", "", R"(["+14155556789"])"),
      operator_rule_on(79, "timezone"),
      operator_rule_on(81, "custom_field"),
      // missing_custom_fields, invalid_custom_fields
      {84, put(kContactsPath, contact().without("custom_fields"))},
      {85, put(kContactsPath, contact().with("custom_fields", R"("Ada")"))},
      {85, post(kContactsPath, contact().with("custom_fields", "[]"))},
      // invalid_entities
      {87, request("DELETE", kHistoryClearPath, R"({"entities":["friends"],"confirm":true})")},
      {87, request("DELETE", kHistoryClearPath, R"({"entities":["sends",7],"confirm":true})")},
      {87, request("DELETE", kHistoryClearPath, R"({"entities":"sends","confirm":true})")},
      // missing_entities
      {88, request("DELETE", kHistoryClearPath, R"({"confirm":true})")},
      {88, request("DELETE", kHistoryClearPath, R"({"entities":[],"confirm":true})")},
      {88, request("DELETE", kHistoryClearPath, "{}")},
      // invalid_events
      rule_on(89, post("/api/v2/webhooks",
                       R"({"url":"https://shop.example/hook","events":["earthquake"]})")),
  };

  // empty_filter_group
  on_both(examples, 60, R"({"operator":"AND"})");
  on_both(examples, 60, R"({"operator":"AND","conditions":[],"groups":[]})");
  on_both(examples, 60, R"({"operator":"AND","groups":[{"operator":"OR","conditions":[]}]})");
  // invalid_condition_type
  of_condition(examples, 61, R"({"condition_type":"weather","operator":"is","value":"fine"})");
  of_condition(examples, 61, R"({"operator":"eq","value":1})");
  // invalid_time_field, invalid_time_operator, invalid_time_unit, missing_time_value
  of_condition(examples, 63, R"({"condition_type":"time","field":"birthday","operator":"exists"})");
  of_condition(examples, 63, R"({"condition_type":"time","operator":"exists"})");
  of_condition(examples, 64,
               R"({"condition_type":"time","field":"signup_date","operator":"around"})");
  of_condition(examples, 64, R"({"condition_type":"time","field":"signup_date"})");
  of_condition(
      examples, 65,
      R"({"condition_type":"time","field":"last_sent_at","operator":"within","value":1,"unit":"years"})");
  of_condition(
      examples, 66,
      R"({"condition_type":"time","field":"last_sent_at","operator":"within","unit":"days"})");
  of_condition(
      examples, 66,
      R"({"condition_type":"time","field":"last_sent_at","operator":"not_within","value":7})");
  // invalid_count_field, missing_count_value
  of_condition(examples, 67,
               R"({"condition_type":"count","field":"birthdays","operator":"gte","value":1})");
  of_condition(examples, 69, R"({"condition_type":"count","field":"send_count","operator":"gte"})");
  // invalid_revenue_field, missing_revenue_value
  of_condition(examples, 70,
               R"({"condition_type":"revenue","field":"birthdays","operator":"gte","value":1})");
  of_condition(examples, 72,
               R"({"condition_type":"revenue","field":"revenue_total","operator":"gte"})");
  // missing_carrier_value, missing_phone_numbers_value, missing_timezone_value
  of_condition(examples, 76, R"({"condition_type":"carrier","operator":"eq"})");
  of_condition(examples, 78, R"({"condition_type":"phone_numbers","operator":"in"})");
  of_condition(examples, 80, R"({"condition_type":"timezone","operator":"eq"})");
  // missing_custom_field_name, missing_custom_field_value
  of_condition(examples, 82, R"({"condition_type":"custom_field","operator":"eq","value":"x"})");
  of_condition(examples, 83, R"({"condition_type":"custom_field","field":"city","operator":"eq"})");
  // invalid_group_operator
  const std::string conditions =
      R"("conditions":[{"condition_type":"carrier","operator":"eq","value":"x"}])";
  on_both(examples, 86, R"({"operator":"XOR",)" + conditions + "}");
  on_both(examples, 86, "{" + conditions + "}");
  on_both(examples, 86, R"({"operator":"OR","groups":[{"operator":"NOT",)" + conditions + "}]}");
  return examples;
}

}  // namespace trackly::test
