#include "tests/integration/error_rows/example.h"

#include <algorithm>

namespace trackly::test {

Body Body::with(std::string_view name, std::string_view json) const {
  Body body = *this;
  const auto member = std::find_if(body.members_.begin(), body.members_.end(),
                                   [&](const Member& m) { return m.first == name; });
  if (member == body.members_.end()) {
    body.members_.emplace_back(name, json);
  } else {
    member->second = json;
  }
  return body;
}

Body Body::without(std::string_view name) const {
  Body body = *this;
  std::erase_if(body.members_, [&](const Member& m) { return m.first == name; });
  return body;
}

std::string Body::json() const {
  std::string json = "{";
  for (const auto& [name, value] : members_) {
    if (json.size() > 1) json += ',';
    json.append(1, '"').append(name).append("\":").append(value);
  }
  return json + "}";
}

std::string text_of(std::size_t size, std::string_view tail) {
  return '"' + std::string(size - tail.size(), 'x') + std::string(tail) + '"';
}

CurlRequest request(std::string_view method, std::string_view path, const std::string& body) {
  CurlRequest request{
      .method = std::string(method), .path = std::string(path), .fields = {key_field()}};
  if (!body.empty()) request.fields.emplace_back("Content-Type: application/json");
  request.body = body;
  return request;
}

CurlRequest without_key(CurlRequest request) {
  std::erase(request.fields, key_field());
  return request;
}

CurlRequest with_key(CurlRequest request, std::string_view key) {
  request = without_key(std::move(request));
  request.fields.push_back(key_field(key));
  return request;
}

Example by_service(int row, CurlRequest request, std::string values) {
  return {.row = row,
          .request = std::move(request),
          .by = AnsweredBy::service,
          .values = std::move(values)};
}

Example rule_on(int row, CurlRequest request) {
  return {.row = row, .request = std::move(request), .variant = Variant::rules_on};
}

Body message() {
  return {{"to", R"("+14155556789")"}, {"list_number", R"("+14155551234")"}, {"body", R"("Hi")"}};
}

Body message_v1() {
  return {{"to_msisdn", R"("+14155556789")"}, {"body", R"("Hi")"}, {"from_phone_number_id", "42"}};
}

Body contact() {
  return {{"phone_number", R"("+14155556789")"},
          {"list_number", R"("+14155551234")"},
          {"custom_fields", R"({"first_name":"Ada"})"}};
}

Body otp() { return {{"phone_number", R"("+14155556789")"}, {"channel", R"("sms")"}}; }

Body creative() {
  return {{"name", R"("Spring sale")"},
          {"message", R"("Look: {{link1}}")"},
          {"offer_links", R"([{"key":"link1","offer_id":"507f1f77bcf86cd799439013"}])"}};
}

Body audience() {
  return {
      {"name", R"("Clickers")"},
      {"description", R"("Whoever clicked")"},
      {"source_lists", "[]"},
      {"filter",
       R"({"operator":"AND","conditions":[{"condition_type":"count","field":"click_count","operator":"gte","value":1}]})"}};
}

Body blast_schedule() {
  return {{"name", R"("Spring sale")"},
          {"send_type", R"("blast")"},
          {"is_repeating", "false"},
          {"send_time", R"("09:30")"},
          {"audiences", R"(["507f1f77bcf86cd799439011"])"},
          {"send_date", R"("2030-03-20")"},
          {"blasts", R"([{"message":"Hello","percent_audience":100}])"}};
}

Body weekly_schedule() {
  return {
      {"name", R"("Monday news")"},
      {"send_type", R"("automated")"},
      {"is_repeating", "true"},
      {"send_time", R"("09:30")"},
      {"audiences", R"(["507f1f77bcf86cd799439011"])"},
      {"start_date", R"("2030-03-20")"},
      {"end_date", R"("2030-06-20")"},
      {"days_of_week",
       R"({"monday":true,"tuesday":false,"wednesday":false,"thursday":false,"friday":false,"saturday":false,"sunday":false})"}};
}

Body offer() {
  return {{"name", R"("Spring sale")"}, {"tracking_url", R"("https://shop.example/spring")"}};
}

Body revenue() {
  return {{"message_id", R"("AbC12345")"}, {"revenue", "12.5"}, {"attribution_type", R"("sale")"}};
}

Body link() { return {{"offerId", R"("507f1f77bcf86cd799439013")"}, {"listId", "7"}}; }

Body shortening() { return {{"url", R"("https://shop.example/spring")"}, {"listId", "7"}}; }

std::string list_of(std::string_view name, std::size_t count, std::string_view item) {
  std::string json = "{\"" + std::string(name) + "\":[";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) json += ',';
    json += item;
  }
  return json + "]}";
}

}  // namespace trackly::test
