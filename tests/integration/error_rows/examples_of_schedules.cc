// Schedules: rows 90 to 102.

#include "tests/integration/error_rows/example.h"

namespace trackly::test {

Examples examples_of_schedules() {
  const std::string no_day =
      R"({"monday":false,"tuesday":false,"wednesday":false,"thursday":false,"friday":false,"saturday":false,"sunday":false})";
  const std::string silent = R"([{"percent_audience":100}])";
  const auto shares = [](std::string_view first, std::string_view second) {
    return R"([{"message":"a","percent_audience":)" + std::string(first) +
           R"(},{"message":"b","percent_audience":)" + std::string(second) + "}]";
  };
  return {
      // missing_send_type
      {90, post(kSchedulesPath, blast_schedule().without("send_type"))},
      {90, put(kSchedulePath, Body{{"send_type", R"("")"}})},
      // invalid_send_type
      {91, post(kSchedulesPath, blast_schedule().with("send_type", R"("volley")"))},
      {91, put(kSchedulePath, Body{{"send_type", R"("volley")"}})},
      // missing_send_date
      {92, post(kSchedulesPath, blast_schedule().without("send_date"))},
      {92, put(kSchedulePath, Body{{"is_repeating", "false"}})},
      // missing_send_time
      {93, post(kSchedulesPath, weekly_schedule().without("send_time"))},
      {93, put(kSchedulePath, Body{{"send_time", R"("")"}})},
      // missing_start_date, missing_end_date
      {94, post(kSchedulesPath, weekly_schedule().without("start_date"))},
      {94, put(kSchedulePath, Body{{"is_repeating", "true"}, {"end_date", R"("2030-06-20")"}})},
      {95, post(kSchedulesPath, weekly_schedule().without("end_date"))},
      {95, put(kSchedulePath, Body{{"is_repeating", "true"}, {"start_date", R"("2030-03-20")"}})},
      // missing_is_repeating
      {96, post(kSchedulesPath, weekly_schedule().without("is_repeating"))},
      {96, put(kSchedulePath, Body{{"is_repeating", R"("")"}})},
      // no_days_selected
      {97, post(kSchedulesPath, weekly_schedule().without("days_of_week"))},
      {97, post(kSchedulesPath, weekly_schedule().with("days_of_week", no_day))},
      {97, put(kSchedulePath, Body{{"days_of_week", no_day}})},
      // missing_blasts
      {98, post(kSchedulesPath, blast_schedule().without("blasts"))},
      {98, post(kSchedulesPath, blast_schedule().with("blasts", "[]"))},
      {98, put(kSchedulePath, Body{{"send_type", R"("blast")"}, {"blasts", "[]"}})},
      // missing_blast_message
      {99, post(kSchedulesPath, blast_schedule().with("blasts", silent))},
      {99, put(kSchedulePath, Body{{"blasts", silent}})},
      // invalid_blast_percent
      {100, post(kSchedulesPath, blast_schedule().with("blasts", shares("50", "49")))},
      {100, post(kSchedulesPath, blast_schedule().with("blasts", shares("120", "-20")))},
      {100, post(kSchedulesPath, blast_schedule().with("blasts", shares("50", R"("50")")))},
      {100, put(kSchedulePath, Body{{"blasts", shares("33.3", "66.6")}})},
      // schedule_complete, source_list_not_found
      by_service(101, put(kSchedulePath, Body{{"name", R"("New name")"}})),
      by_service(102, put(kAudiencePath, Body{{"source_lists", "[7]"}})),
  };
}

}  // namespace trackly::test
