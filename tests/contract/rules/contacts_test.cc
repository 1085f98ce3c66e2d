// Contacts of v2, and lists.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

constexpr std::string_view kCreateContact = "POST /api/v2/contacts";
constexpr std::string_view kUpdateContact = "PUT /api/v2/contacts";
constexpr std::string_view kRemoveContact = "DELETE /api/v2/contacts";
constexpr std::string_view kListContacts = "GET /api/v2/contacts";
constexpr std::string_view kGetContact = "GET /api/v2/contacts/{phone_number}";

constexpr std::string_view kContact =
    R"({"phone_number":"+14155556789","list_number":"+14155551234"})";

TEST_F(Rules, ContactsNeedTheirNumbers) {
  for (const std::string_view operation : {kCreateContact, kUpdateContact, kRemoveContact}) {
    expect(operation,
           {{R"({})", "missing_phone_number"},
            {R"({"phone_number":""})", "missing_phone_number"},
            {R"({"phone_number":null,"list_number":"x"})", "missing_phone_number"},
            {R"({"phone_number":"4155556789"})", "invalid_phone.e164"},
            {R"({"phone_number":14155556789})", "invalid_phone.e164"},
            {R"({"phone_number":"+14155556789"})", "missing_list_number"},
            {R"({"phone_number":"+14155556789","list_number":"1415"})", "invalid_list_number"},
            {R"({"phone_number":"+14155556789","list_number":false})", "invalid_list_number"}});
  }
  expect(kRemoveContact, {{std::string(kContact), kPasses}});
}

TEST_F(Rules, CreateContactTakesWhatThePageShows) {
  expect(kCreateContact,
         {{std::string(kContact), kPasses},
          {with(kContact, R"("use_journeys":true,"skip_journey_if_exists":false,)"
                          R"("signup_date":"2025-03-14T09:26:53Z","ip_address":"203.0.113.7",)"
                          R"("url":"https://example.com/join","use_validation":false,)"
                          R"("custom_fields":{"name":"Ada","visits":3,"vip":true})"),
           kPasses},
          {with(kContact, R"("signup_date":null,"ip_address":null,"url":null,)"
                          R"("custom_fields":null,"use_validation":null)"),
           kPasses},
          {with(kContact, R"("url":"not a url","use_journeys":"x","consent_method":"any")"),
           kPasses}});
}

TEST_F(Rules, CreateContactReadsTimesInEveryFormOfIso8601) {
  for (const std::string_view good :
       {"2025-03-14T09:26:53Z", "2025-03-14T09:26:53.589793+02:00", "2025-03-14T09:26:53",
        "2025-03-14 09:26:53", "2025-03-14T09:26", "2025-03-14", "20250314T092653Z", "20250314",
        "2025-03", "2025", "2025-W11-5", "2025-073", "2025-03-14T24:00:00Z", "2025-03-14t09:26:53z",
        "2025-03-14T09:26:53,5-0800", "2016-12-31T23:59:60Z"}) {
    const std::string field = "\"signup_date\":\"" + std::string(good) + "\"";
    expect(kCreateContact, {{with(kContact, field), kPasses}});
  }
  for (const std::string_view bad :
       {R"("yesterday")", R"("")", R"("2025-13-01")", R"("2025-03-32")", R"("2025-03-14T25:00")",
        R"("2025-03-14T09:61")", R"("14/03/2025")", R"("1741944413")", R"(1741944413)", R"({})"}) {
    const std::string field = "\"signup_date\":" + std::string(bad);
    expect(kCreateContact, {{with(kContact, field), "invalid_timestamp"}});
  }
}

TEST_F(Rules, CreateContactReadsBothKindsOfAddress) {
  for (const std::string_view good : {"203.0.113.7", "0.0.0.0", "2001:db8::1", "::1",
                                      "::", "::ffff:203.0.113.7", "2001:DB8:0:0:8:800:200C:417A"}) {
    const std::string field = "\"ip_address\":\"" + std::string(good) + "\"";
    expect(kCreateContact, {{with(kContact, field), kPasses}});
  }
  for (const std::string_view bad : {R"("")", R"("256.1.1.1")", R"("1.2.3")", R"("2001:db8")",
                                     R"("example.com")", R"("1.2.3.4:80")", R"(1)", R"([])"}) {
    const std::string field = "\"ip_address\":" + std::string(bad);
    expect(kCreateContact, {{with(kContact, field), "invalid_ip_address"}});
  }
}

TEST_F(Rules, CreateContactWantsPlainValuesInCustomFields) {
  for (const std::string_view bad :
       {R"("")", R"("x")", "[]", "7", R"({"a":{}})", R"({"a":1,"b":[]})"}) {
    expect(kCreateContact,
           {{with(kContact, "\"custom_fields\":" + std::string(bad)), "invalid_custom_fields"}});
  }
  expect(kCreateContact,
         {{with(kContact, R"("custom_fields":{"a":"","b":1.5e400,"c":false,"d":null})"), kPasses}});
}

TEST_F(Rules, CreateContactTakesUpTo4000Bytes) {
  const auto sized = [](std::size_t size) {
    std::string contact = with(kContact, R"("url":"")");
    return contact.insert(contact.size() - 2, std::string(size - contact.size(), 'x'));
  };
  ASSERT_EQ(sized(4000).size(), 4000U);
  expect(kCreateContact, {{sized(4000), kPasses}, {sized(4001), "payload_too_large"}});
}

TEST_F(Rules, CreateContactDoesNotCountWhatAJsonLibraryAdds) {
  const std::string spread = std::string(kContact).insert(1, std::string(4000, ' '));
  std::string escaped;
  for (int i = 0; i < 900; ++i) escaped += R"(\u00e9\/)";
  expect(kCreateContact,
         {{spread, kPasses},
          {with(kContact, "\"url\":\"" + escaped + "\""), kPasses},
          {with(kContact, "\"url\":\"" + escaped + escaped + "\""), "payload_too_large"}});
}

TEST_F(Rules, UpdateContactNeedsCustomFields) {
  expect(kUpdateContact,
         {{std::string(kContact), "missing_custom_fields"},
          {with(kContact, R"("custom_fields":null)"), "missing_custom_fields"},
          {with(kContact, R"("custom_fields":[])"), "invalid_custom_fields"},
          {with(kContact, R"("custom_fields":"x")"), "invalid_custom_fields"},
          {with(kContact, R"("custom_fields":{"visits":4},"merge_fields":false)"), kPasses},
          {with(kContact, R"("custom_fields":{},"merge_fields":"x")"), kPasses}});
}

TEST_F(Rules, ListContactsJudgesTheListNumberAlone) {
  const auto verdict = [this](std::string query) {
    return judge(Request{std::string(kListContacts), {}, std::move(query), {}});
  };
  for (const std::string_view good :
       {"", "list_number=%2B14155551234", "list_number=+14155551234", "active=perhaps",
        "page=0&per_page=99999", "page=x", "page=", "unknown=1", "list_number=%2B1415&page=2"}) {
    EXPECT_EQ(verdict(std::string(good)), kPasses) << good;
  }
  for (const std::string_view bad :
       {"list_number=14155551234", "list_number=x", "page=1&list_number=%2B0"}) {
    EXPECT_EQ(verdict(std::string(bad)), "invalid_list_number") << bad;
  }
}

TEST_F(Rules, GetContactWantsE164InThePath) {
  const auto verdict = [this](std::string number) {
    return judge(Request{std::string(kGetContact), {}, {}, {std::move(number)}});
  };
  EXPECT_EQ(verdict("+14155556789"), kPasses);
  EXPECT_EQ(verdict("14155556789"), "invalid_phone.e164");
  EXPECT_EQ(verdict("ada"), "invalid_phone.e164");
}

}  // namespace
}  // namespace trackly::test
