// Rules that the description has as comments, because their set, cap, field or endpoint is unknown:
// each of them works as it stands there, once somebody knows more.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/contract/rules/rules.h"
#include "tests/support/temp_dir.h"

namespace trackly::test {
namespace {

const std::string kDescription = TRACKLY_SOURCE_DIR "/config/trackly/openapi.yaml";

/// What a comment describes.
enum class Place : std::uint8_t {
  property,   // of the body
  keywords,   // of the body's property "contacts"
  schema,     // of the body, written below the key `schema`
  parameter,  // its schema, written likewise
  path,       // a whole path
};

struct Off {
  Place place;
  std::string_view comment;  // its lines, as they stand in the description
  struct Case {
    std::string request;  // a body; of a parameter: the query
    std::string_view verdict;
  };
  std::vector<Case> cases;
};

Off operators_of(std::string_view comment, std::string_view known, std::string_view row) {
  return {Place::property,
          comment,
          {{R"({"operator":")" + std::string(known) + "\"}", kPasses},
           {R"({"operator":"~="})", row},
           {"{}", kPasses}}};
}

std::vector<Off> rules_that_are_off() {
  return {
      {Place::property,
       "body: {type: string, maxLength: 1600, x-error: {type: missing_body, maxLength: too_long}}",
       {{object("body", text_of(1600)), kPasses}, {object("body", text_of(1601)), "too_long"}}},
      {Place::property,
       "first_name: {type: string, maxLength: 255, x-error: {maxLength: field_too_long}}",
       {{object("first_name", text_of(255)), kPasses},
        {object("first_name", text_of(256)), "field_too_long"}}},
      {Place::property,
       "metadata: {x-max-bytes: 1024, x-error: {x-max-bytes: metadata_too_large}}",
       {{R"({"metadata":{"a":"b"}})", kPasses},
        {object("metadata", object("a", text_of(1024))), "metadata_too_large"}}},
      {Place::property,
       "url: {$ref: '#/components/schemas/HttpUrl'}",
       {{R"({"url":"https://example.com"})", kPasses}, {R"({"url":"?"})", "invalid_url"}}},
      {Place::property,
       "name: {$ref: '#/components/schemas/Name'}",
       {{object("name", text_of(255)), kPasses}, {object("name", text_of(256)), "name_too_long"}}},
      {Place::property,
       "url: {type: string, maxLength: 2048, x-error: {maxLength: url_too_long}}",
       {{object("url", text_of(2048)), kPasses}, {object("url", text_of(2049)), "url_too_long"}}},
      {Place::keywords,
       "if: {contains: {properties: {use_validation: {const: true}}, required: [use_validation]}}\n"
       "then: {maxItems: 500, x-error: too_many_contacts_with_validation}",
       {{object("contacts", array_of(1000, R"({"use_validation":false})")), kPasses},
        {object("contacts", array_of(500, R"({"use_validation":true})")), kPasses},
        {object("contacts",
                "[" + std::string(R"({"use_validation":true},)") + array_of(500, "{}").substr(1)),
         "too_many_contacts_with_validation"}}},
      operators_of("operator: {enum: [eq, ne, gt, gte, lt, lte], x-error: invalid_count_operator}",
                   "gte", "invalid_count_operator"),
      operators_of(
          "operator: {enum: [eq, ne, gt, gte, lt, lte], x-error: invalid_revenue_operator}", "gt",
          "invalid_revenue_operator"),
      operators_of("operator: {enum: [eq, ne, in, not_in, contains], x-error: "
                   "invalid_custom_field_operator}",
                   "in", "invalid_custom_field_operator"),
      operators_of("operator: {enum: [eq, ne, in, not_in], x-error: invalid_carrier_operator}",
                   "eq", "invalid_carrier_operator"),
      operators_of("operator: {enum: [eq, ne, in, not_in], x-error: invalid_timezone_operator}",
                   "eq", "invalid_timezone_operator"),
      operators_of("operator: {enum: [in, not_in], x-error: invalid_phone_numbers_operator}", "in",
                   "invalid_phone_numbers_operator"),
      {Place::property,
       "value: {type: array, minItems: 1, x-error: missing_phone_numbers_value}",
       {{R"({"value":["+14155556789"]})", kPasses},
        {R"({"value":[]})", "missing_phone_numbers_value"}}},
      {Place::parameter,
       "schema: {enum: [active, paused, archived], x-error: invalid_status}",
       {{"value=paused", kPasses}, {"value=x", "invalid_status"}}},
      {Place::parameter,
       "schema: {enum: [automated, one_time, welcome], x-error: invalid_creative_type}",
       {{"value=welcome", kPasses}, {"value=x", "invalid_creative_type"}}},
      {Place::parameter,
       "schema: {enum: [active, archived], x-error: invalid_status}",
       {{"value=archived", kPasses}, {"value=paused", "invalid_status"}}},
      {Place::parameter,
       "schema: {enum: [draft, 'off', 'on', complete, archive], x-error: invalid_status}",
       {{"value=on", kPasses}, {"value=true", "invalid_status"}}},
      {Place::parameter,
       "schema: {pattern: '^[0-9A-Fa-f]{24}$', x-error: invalid_offer_id}",
       {{"value=65f2c0ffee1234567890abcd", kPasses}, {"value=offer_123", "invalid_offer_id"}}},
      {Place::path,
       "/v2/email/send:\n"
       "  post:\n"
       "    x-product: email\n"
       "    requestBody:\n"
       "      required: true\n"
       "      content:\n"
       "        application/json:\n"
       "          schema:\n"
       "            required: [to, subject]\n"
       "            x-error: {required: missing_fields}",
       {{R"({"to":"a","subject":"b"})", kPasses}, {R"({"to":"a"})", "missing_fields"}}},
      {Place::schema,
       "schema:\n"
       "  required: [partner]\n"
       "  not: {required: [offer_id, offer_slug]}\n"
       "  x-error: {required: required, not: mutually_exclusive}",
       {{R"({"partner":"a","offer_id":"b"})", kPasses},
        {R"({"offer_id":"b"})", "required"},
        {R"({"partner":"a","offer_id":"b","offer_slug":"c"})", "mutually_exclusive"}}},
      {Place::schema,
       "schema:\n"
       "  properties:\n"
       "    consent_method: {enum: [web_form, keyword, written, verbal], x-error: "
       "invalid_consent_method}\n"
       "  required: [consent_method]\n"
       "  x-error: {required: missing_consent_method}",
       {{R"({"consent_method":"keyword"})", kPasses},
        {"{}", "missing_consent_method"},
        {R"({"consent_method":"telepathy"})", "invalid_consent_method"}}},
      {Place::schema,
       "schema:\n"
       "  properties:\n"
       "    url: {$ref: '#/components/schemas/HttpUrl'}\n"
       "    events:\n"
       "      type: array\n"
       "      items: {enum: [delivery, unsubscribe, reply]}\n"
       "      x-error: {type: invalid_events, items: invalid_events}\n"
       "  required: [url]\n"
       "  x-error: {required: missing_url}",
       {{R"({"url":"https://example.com","events":["reply"]})", kPasses},
        {"{}", "missing_url"},
        {R"({"url":"https://example.com","events":"reply"})", "invalid_events"},
        {R"({"url":"https://example.com","events":["reply","x"]})", "invalid_events"}}},
  };
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string indented(std::string_view text, std::size_t by) {
  std::string result;
  for (const std::string& line : lines_of(text)) result += std::string(by, ' ') + line + "\n";
  return result;
}

std::string trimmed(std::string_view line) {
  const std::size_t first = std::min(line.find_first_not_of(" #"), line.size());
  return std::string(line.substr(first));
}

/// The comments of the shipped description, without indentation and "#"; other lines are empty.
std::vector<std::string> comments() {
  std::vector<std::string> comments;
  for (const std::string& line : lines_of(read_file(kDescription))) {
    const bool is_comment = line.find_first_not_of(' ') == line.find('#');
    comments.push_back(is_comment ? trimmed(line) : "");
  }
  return comments;
}

/// A description with one rule of those that are off.
std::string description_with(const Off& off) {
  const std::string document =
      "openapi: 3.1.0\n"
      "info: {title: One rule, version: '1'}\n"
      "servers: [{url: /api}]\n"
      "components:\n"
      "  schemas:\n"
      "    HttpUrl:\n"
      "      pattern: '^https://'\n"
      "      x-error: invalid_url\n"
      "    Name:\n"
      "      maxLength: 255\n"
      "      x-error: name_too_long\n"
      "paths:\n";
  if (off.place == Place::path) return document + indented(off.comment, 2);
  const std::string operation = document + "  /v2/email/send:\n    post:\n";
  if (off.place == Place::parameter) {
    return operation + "      parameters:\n        - in: query\n          name: value\n" +
           indented(off.comment, 10);
  }
  const std::string body =
      operation + "      requestBody:\n        content:\n          application/json:\n";
  if (off.place == Place::schema) return body + indented(off.comment, 12);
  const std::string properties = body + "            schema:\n              properties:\n";
  if (off.place == Place::property) return properties + indented(off.comment, 16);
  return properties + "                contacts:\n" + indented(off.comment, 18);
}

TEST(RulesThatAreOff, StandInTheDescriptionAsComments) {
  const std::vector<std::string> all = comments();
  for (const Off& off : rules_that_are_off()) {
    std::vector<std::string> lines;
    for (const std::string& line : lines_of(off.comment)) lines.push_back(trimmed(line));
    EXPECT_NE(std::search(all.begin(), all.end(), lines.begin(), lines.end()), all.end())
        << off.comment;
  }
}

TEST(RulesThatAreOff, AreAllOfThoseThatTheDescriptionCallsOff) {
  std::set<std::string> called_off;
  for (const std::string& comment : comments()) {
    if (!comment.starts_with("Off: ")) continue;
    std::string row;
    for (const char c : comment.substr(5)) {
      if (c != ',' && c != ' ' && c != '.') {
        row += c;
      } else if (!row.empty()) {
        called_off.insert(std::exchange(row, {}));
      }
      if (c == '.') break;
    }
  }
  std::string names;
  for (const Off& off : rules_that_are_off()) {
    for (const Off::Case& one : off.cases) names += " " + std::string(one.verdict) + " ";
  }
  called_off.erase("product_not_enabled");  // decided by api_key
  for (const std::string& row : called_off) {
    EXPECT_NE(names.find(" " + row + " "), std::string::npos) << row;
  }
  EXPECT_GE(called_off.size(), 24U);
}

TEST(RulesThatAreOff, WorkOnceTheyAreOn) {
  const TempDir directory;
  for (const Off& off : rules_that_are_off()) {
    const auto rulebook = Rulebook::load(directory.write("openapi.yaml", description_with(off)));
    ASSERT_NE(rulebook, nullptr) << description_with(off);
    const bool is_query = off.place == Place::parameter;
    for (const Off::Case& one : off.cases) {
      EXPECT_EQ(rulebook->judge(Request{"POST /api/v2/email/send",
                                        is_query ? "" : one.request,
                                        is_query ? one.request : "",
                                        {}}),
                one.verdict)
          << off.comment << "\n"
          << one.request;
    }
    if (off.place == Place::path) {
      EXPECT_EQ(rulebook->find("POST /api/v2/email/send").product, "email");
    }
  }
}

}  // namespace
}  // namespace trackly::test
