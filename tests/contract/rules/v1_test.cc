// v1: loose phone numbers, other limits.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

constexpr std::string_view kSendV1 = "POST /api/v1/messages";
constexpr std::string_view kSendBulkV1 = "POST /api/v1/messages/bulk";
constexpr std::string_view kLookup = "POST /api/v1/phone/validate";
constexpr std::string_view kLookupBatch = "POST /api/v1/phone/validate/batch";

constexpr std::string_view kMessageV1 =
    R"({"to_msisdn":"4155556789","body":"Hello!","from_phone_number_id":42})";

TEST_F(Rules, SendV1NamesTheFirstFieldThatIsMissingInTheOrderOfThePage) {
  expect(kSendV1, {{std::string(kMessageV1), kPasses},
                   {R"({})", "missing_to"},
                   {R"({"body":"x","from_phone_number_id":42})", "missing_to"},
                   {R"({"to_msisdn":null,"to":""})", "missing_to"},
                   {R"({"to_msisdn":"4155556789"})", "missing_body"},
                   {R"({"to_msisdn":"4155556789","body":""})", "missing_body"},
                   {R"({"to_msisdn":"4155556789","body":7})", "missing_body"},
                   {R"({"to_msisdn":"4155556789","body":"x"})", "missing_from"},
                   {R"({"to_msisdn":"4155556789","body":"x","from_phone_number_id":null})",
                    "missing_from"}});
}

TEST_F(Rules, SendV1TakesTheOlderNameOfTheRecipient) {
  expect(kSendV1,
         {{R"({"to":"+14155556789","body":"x","from_phone_number_id":"a1"})", kPasses},
          {R"({"to":"4155556789","to_msisdn":"","body":"x","from_phone_number_id":1})", kPasses},
          {R"({"to":"?","to_msisdn":"4155556789","body":"x","from_phone_number_id":1})", kPasses},
          {R"({"to":"?","body":"x","from_phone_number_id":1})", "invalid_phone.recipient"}});
}

TEST_F(Rules, V1TakesLooseForms) {
  for (const std::string_view good :
       {R"("14155551234")", R"("4155551234")", R"("(415) 555-1234")", R"("+1 415.555.1234")",
        R"(4155551234)", R"("1-800-FLOWERS")"}) {
    const std::string number(good);
    expect(kSendV1,
           {{R"({"body":"x","from_phone_number_id":1,"to_msisdn":)" + number + "}", kPasses}});
    expect(kLookup, {{object("phone", number), kPasses}});
  }
  for (const std::string_view bad : {R"("none")", R"("+")", "true", "{}", "[]"}) {
    const std::string number(bad);
    expect(kSendV1, {{R"({"body":"x","from_phone_number_id":1,"to_msisdn":)" + number + "}",
                      "invalid_phone.recipient"}});
    expect(kLookup, {{object("phone", number), "invalid_phone.e164"}});
  }
}

TEST_F(Rules, SendV1IgnoresMetadata) {
  expect(kSendV1, {{with(kMessageV1, R"("metadata":"x")"), kPasses},
                   {with(kMessageV1, R"("metadata":null)"), kPasses}});
}

TEST_F(Rules, SendBulkV1HasLimitsOfItsOwn) {
  const auto batch = [](std::string_view messages) {
    return R"({"from_phone_number_id":42,"messages":)" + std::string(messages) + "}";
  };
  expect(kSendBulkV1, {{R"({})", "missing_from"},
                       {R"({"from_phone_number_id":42})", "missing_messages"},
                       {R"({"messages":[{}]})", "missing_from"},
                       {batch("[]"), "missing_messages"},
                       {batch("{}"), "missing_messages"},
                       {batch(R"([{},null,"x"])"), kPasses},
                       {batch(array_of(1000, "{}")), kPasses},
                       {batch(array_of(1001, "{}")), "too_many_messages.v1"}});
}

TEST_F(Rules, ForceIsStrictlyABoolean) {
  for (const std::string_view operation : {kLookup, kLookupBatch}) {
    const std::string_view request =
        operation == kLookup ? R"({"phone":"4155556789"})" : R"({"phones":["x"]})";
    expect(operation, {{std::string(request), kPasses},
                       {with(request, R"("force":true)"), kPasses},
                       {with(request, R"("force":null)"), kPasses},
                       {with(request, R"("force":"true")"), "invalid_force"},
                       {with(request, R"("force":"")"), "invalid_force"},
                       {with(request, R"("force":1)"), "invalid_force"}});
  }
  expect(kLookup, {{R"({"force":1})", "missing_phone"}, {R"({"phone":""})", "missing_phone"}});
}

TEST_F(Rules, ContactsOfV1AcceptAnything) {
  for (const std::string_view operation :
       {"POST /api/v1/contacts", "PUT /api/v1/contacts", "PATCH /api/v1/contacts",
        "DELETE /api/v1/contacts/{msisdn}"}) {
    EXPECT_EQ(judge(Request{std::string(operation), "no JSON at all", "a=b", {"?"}}), kPasses)
        << operation;
  }
}

}  // namespace
}  // namespace trackly::test
