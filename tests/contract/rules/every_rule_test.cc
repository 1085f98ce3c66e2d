// What holds for every operation of the shipped description.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

#include "filters/json_schema/compiler.h"
#include "tests/contract/rules/description.h"
#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

TEST_F(Rules, ABodyThatCannotBeReadIsInvalidInputEverywhere) {
  for (const Operation& operation : shipped().api().operations) {
    if (!operation.json_body) continue;
    expect(name_of(operation), {{"", "invalid_input"},
                                {"{", "invalid_input"},
                                {"[]", "invalid_input"},
                                {R"({"a":1,"a":2})", "invalid_input"},
                                {"\xEF\xBB\xBF{}", "invalid_input"}});
  }
}

TEST_F(Rules, ABodyWithoutAnythingIsToldTheFirstFieldThatIsMissing) {
  const std::map<std::string, std::string_view> first = {
      {"POST /api/v2/send", "missing_to"},
      {"POST /api/v2/send/bulk", "missing_messages"},
      {"POST /api/v2/send-raw", "missing_to"},
      {"POST /api/v2/send-raw/bulk", "missing_messages"},
      {"POST /api/v2/contacts", "missing_phone_number"},
      {"PUT /api/v2/contacts", "missing_phone_number"},
      {"DELETE /api/v2/contacts", "missing_phone_number"},
      {"POST /api/v2/contacts/bulk", "missing_contacts"},
      {"POST /api/v2/creatives", "missing_name"},
      {"PUT /api/v2/creatives/{id}", kPasses},
      {"POST /api/v2/audiences", "missing_name"},
      {"PUT /api/v2/audiences/{id}", kPasses},
      {"POST /api/v2/schedules", "missing_name"},
      {"PUT /api/v2/schedules/{id}", kPasses},
      {"POST /api/v2/offers", "missing_name"},
      {"PUT /api/v2/offers/{id}", kPasses},
      {"POST /api/v2/revenue", "missing_message_id"},
      {"POST /api/v2/revenue/bulk", "missing_records"},
      {"POST /api/v2/history/sends", "missing_records"},
      {"POST /api/v2/history/clicks", "missing_records"},
      {"POST /api/v2/history/revenue", "missing_records"},
      {"DELETE /api/v2/history/clear", "missing_entities"},
      {"POST /api/v2/links", "missing_offer_id"},
      {"POST /api/v2/links/shorten", "missing_url_or_offer"},
      {"POST /api/v2/otp/send", "missing_phone_number"},
      {"POST /api/v2/otp/verify", "missing_phone_number"},
      {"POST /api/v1/messages", "missing_to"},
      {"POST /api/v1/messages/bulk", "missing_from"},
      {"POST /api/v1/phone/validate", "missing_phone"},
      {"POST /api/v1/phone/validate/batch", "missing_phones"},
  };
  for (const Operation& operation : shipped().api().operations) {
    if (!operation.json_body) continue;
    const auto expected = first.find(name_of(operation));
    ASSERT_NE(expected, first.end()) << name_of(operation);
    expect(expected->first, {{"{}", expected->second}});
  }
}

TEST_F(Rules, HaveNoKeywordThatRefusesWithoutARow) {
  const config::Configuration& configuration = shipped().configuration();
  const auto expect_rows = [&configuration](const Node* schema) {
    if (schema == nullptr) return;
    Problems problems;
    const auto program = json_schema::compile(
        configuration.api.document, *schema,
        [&configuration](const std::string& id, const std::string&, const Mark&, Problems&) {
          return configuration.errors.reply(id);
        },
        problems);
    ASSERT_TRUE(program.has_value()) << problems.lines().front();
    for (const auto& [mark, keyword] : program->keywords_without_row()) {
      ADD_FAILURE() << mark.to_string() << ": " << keyword;
    }
  };
  for (const Operation& operation : configuration.api.operations) {
    expect_rows(operation.body_schema);
    for (const Parameter& parameter : operation.parameters) expect_rows(parameter.schema);
  }
}

}  // namespace
}  // namespace trackly::test
