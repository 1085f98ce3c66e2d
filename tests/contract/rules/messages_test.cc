// Messages of v2.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

constexpr std::string_view kSend = "POST /api/v2/send";
constexpr std::string_view kSendRaw = "POST /api/v2/send-raw";

constexpr std::string_view kMessage =
    R"({"list_number":"+14155551234","to":"+14155556789","body":"Hello!"})";

TEST_F(Rules, SendTakesWhatThePageShows) {
  expect(kSend, {{std::string(kMessage), kPasses},
                 {with(kMessage, R"("wrap_links":true,"metadata":{"campaign":"spring"},)"
                                 R"("contact_data":{"first_name":"Ada","timezone":"Europe/London",)"
                                 R"("custom_fields":{"visits":3}})"),
                  kPasses}});
}

TEST_F(Rules, SendNamesTheFirstFieldThatIsMissingInTheOrderOfThePage) {
  expect(kSend, {{R"({})", "missing_to"},
                 {R"({"to":"+14155556789"})", "missing_list_number"},
                 {R"({"body":"Hello!"})", "missing_to"},
                 {R"({"list_number":"+14155551234","to":"+14155556789"})", "missing_body"},
                 {R"({"body":"","list_number":"x","to":"+14155556789"})", "invalid_list_number"}});
}

TEST_F(Rules, SendTreatsNullAndEmptyAsMissing) {
  for (const std::string_view nothing : {R"(null)", R"("")"}) {
    const std::string value(nothing);
    expect(kSend,
           {{R"({"to":)" + value + R"(,"list_number":"+1415","body":"x"})", "missing_to"},
            {R"({"to":"+1415","list_number":)" + value + R"(,"body":"x"})", "missing_list_number"},
            {R"({"to":"+1415","list_number":"+1415","body":)" + value + "}", "missing_body"}});
  }
}

TEST_F(Rules, SendWantsE164) {
  for (const std::string_view good : {"+14155556789", "+12", "+442071838750", "+123456789012345"}) {
    const std::string number = "\"" + std::string(good) + "\"";
    expect(kSend,
           {{R"({"body":"x","to":)" + number + R"(,"list_number":)" + number + "}", kPasses}});
  }
  for (const std::string_view bad :
       {R"("14155556789")", R"("(415) 555-6789")", R"("+04155556789")", R"("+1")",
        R"("+1234567890123456")", R"("+1415555678a")", R"("+14155556789\n")", R"(" +14155556789")",
        R"(14155556789)", R"(true)", R"({})", R"(["+14155556789"])"}) {
    const std::string number(bad);
    expect(
        kSend,
        {{R"({"body":"x","list_number":"+1415","to":)" + number + "}", "invalid_phone.recipient"},
         {R"({"body":"x","to":"+1415","list_number":)" + number + "}", "invalid_list_number"}});
  }
}

TEST_F(Rules, SendWantsATextThatIsAText) {
  expect(kSend,
         {{R"({"to":"+1415","list_number":"+1415","body":5})", "missing_body"},
          {R"({"to":"+1415","list_number":"+1415","body":{}})", "missing_body"},
          {R"({"to":"+1415","list_number":"+1415","body":" "})", kPasses},
          {R"({"to":"+1415","list_number":"+1415","body":")" + std::string(100000, 'x') + "\"}",
           kPasses}});
}

TEST_F(Rules, SendWantsObjectsForMetadataAndCustomFields) {
  for (const std::string_view value : {R"("")", R"("x")", "1", "false", "[]"}) {
    const std::string wrong(value);
    expect(kSend, {{with(kMessage, "\"metadata\":" + wrong), "invalid_metadata"},
                   {with(kMessage, "\"contact_data\":{\"custom_fields\":" + wrong + "}"),
                    "invalid_custom_fields"}});
  }
}

TEST_F(Rules, SendLetsPassWhatNoRowIsAbout) {
  expect(kSend,
         {{with(kMessage, R"("wrap_links":"yes")"), kPasses},
          {with(kMessage, R"("contact_data":5)"), kPasses},
          {with(kMessage, R"("contact_data":{"first_name":1,"timezone":[]})"), kPasses},
          {with(kMessage, R"("from_the_future":{"a":[1,2,null]})"), kPasses},
          {with(kMessage, R"("metadata":null,"wrap_links":null,"contact_data":null)"), kPasses},
          {with(kMessage, R"("contact_data":{"custom_fields":null})"), kPasses},
          {with(kMessage, R"("metadata":{"n":123456789012345678901234567890})"), kPasses}});
}

TEST_F(Rules, SendRawIsJudgedAsSendWhateverItsFlags) {
  expect(kSendRaw,
         {{std::string(kMessage), kPasses},
          {with(kMessage, R"("skip_duplicate_check":true,"skip_rate_limit":"x")"), kPasses},
          {with(kMessage, R"("metadata":"x")"), "invalid_metadata"},
          {R"({"skip_contact_validation":true})", "missing_to"},
          {R"({"to":"1415"})", "invalid_phone.recipient"},
          {R"({"to":"+1415"})", "missing_list_number"},
          {R"({"to":"+1415","list_number":1})", "invalid_list_number"},
          {R"({"to":"+1415","list_number":"+1415"})", "missing_body"}});
}

}  // namespace
}  // namespace trackly::test
