// Which requests there are, and what holds for each of them before its body is looked at.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/contract/rules/description.h"
#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

struct Route {
  std::string_view operation;  // without the prefix /api
  std::string_view tag;
};

// The 45 operations that have a page of the vendor, in the order of the pages' index.
constexpr Route kPages[] = {
    {"POST /v2/send", "send"},
    {"POST /v2/send/bulk", "send"},
    {"POST /v2/send-raw", "send"},
    {"POST /v2/send-raw/bulk", "send"},
    {"POST /v2/contacts", "contacts"},
    {"GET /v2/contacts", "contacts"},
    {"PUT /v2/contacts", "contacts"},
    {"DELETE /v2/contacts", "contacts"},
    {"POST /v2/contacts/bulk", "contacts"},
    {"GET /v2/contacts/{phone_number}", "contacts"},
    {"GET /v2/lists", "lists"},
    {"GET /v2/lists/{list_id}", "lists"},
    {"POST /v2/creatives", "creatives"},
    {"GET /v2/creatives", "creatives"},
    {"GET /v2/creatives/{id}", "creatives"},
    {"PUT /v2/creatives/{id}", "creatives"},
    {"DELETE /v2/creatives/{id}", "creatives"},
    {"GET /v2/audiences", "audiences"},
    {"GET /v2/audiences/{id}", "audiences"},
    {"PUT /v2/audiences/{id}", "audiences"},
    {"DELETE /v2/audiences/{id}", "audiences"},
    {"GET /v2/audiences/{id}/size", "audiences"},
    {"POST /v2/offers", "offers"},
    {"GET /v2/offers", "offers"},
    {"GET /v2/offers/{id}", "offers"},
    {"PUT /v2/offers/{id}", "offers"},
    {"DELETE /v2/offers/{id}", "offers"},
    {"POST /v2/schedules", "schedules"},
    {"GET /v2/schedules", "schedules"},
    {"GET /v2/schedules/{id}", "schedules"},
    {"PUT /v2/schedules/{id}", "schedules"},
    {"DELETE /v2/schedules/{id}", "schedules"},
    {"POST /v2/revenue", "revenue"},
    {"POST /v2/revenue/bulk", "revenue"},
    {"POST /v2/history/sends", "history"},
    {"POST /v2/history/clicks", "history"},
    {"POST /v2/history/revenue", "history"},
    {"DELETE /v2/history/clear", "history"},
    {"POST /v2/links", "links"},
    {"POST /v2/links/shorten", "links"},
    {"POST /v1/messages", "send"},
    {"POST /v1/messages/bulk", "send"},
    {"DELETE /v1/contacts/{msisdn}", "contacts"},
    {"POST /v1/phone/validate", "phone"},
    {"POST /v1/phone/validate/batch", "phone"},
};
static_assert(std::size(kPages) == 45);

// What the pages only mention.
constexpr Route kMentioned[] = {
    {"POST /v2/audiences", "audiences"},
    {"POST /v2/otp/send", "otp"},
    {"POST /v2/otp/verify", "otp"},
    {"POST /v2/optins/webhook", "contacts"},
    {"GET /v1/contacts", "contacts"},
    {"POST /v1/contacts", "contacts"},
    {"PUT /v1/contacts", "contacts"},
    {"PATCH /v1/contacts", "contacts"},
    {"DELETE /v1/contacts", "contacts"},
    {"GET /v1/contacts/{msisdn}", "contacts"},
    {"POST /v1/contacts/{msisdn}", "contacts"},
    {"PUT /v1/contacts/{msisdn}", "contacts"},
    {"PATCH /v1/contacts/{msisdn}", "contacts"},
};

// What providers and platforms call, each with GET and POST.
constexpr std::string_view kIntake[] = {
    "/webhook-feedbacks/infobip",
    "/webhook-feedbacks/cm",
    "/webhook-feedbacks/twilio",
    "/webhook-feedbacks/lime/{webhook_secret}",
    "/webhook-feedbacks/eztexting/{webhook_secret}",
    "/postbacks/tune",
    "/postbacks/everflow",
};

std::map<std::string, std::string> all_routes() {
  std::map<std::string, std::string> routes;
  const auto add = [&routes](std::string_view operation, std::string_view tag) {
    std::string name(operation);
    routes.emplace(name.insert(name.find('/'), "/api"), tag);
  };
  for (const Route& route : kPages) add(route.operation, route.tag);
  for (const Route& route : kMentioned) add(route.operation, route.tag);
  for (const std::string_view path : kIntake) {
    add("GET " + std::string(path), "intake");
    add("POST " + std::string(path), "intake");
  }
  return routes;
}

TEST_F(Rules, RouteWhatTheVendorDocumentsAndNothingElse) {
  std::map<std::string, std::string> described;
  for (const Operation& operation : shipped().api().operations) {
    ASSERT_EQ(operation.tags.size(), 1U) << name_of(operation);
    described.emplace(name_of(operation), operation.tags.front());
  }
  EXPECT_EQ(described, all_routes());
}

TEST_F(Rules, AskForAKeyEverywhereButAtTheIntake) {
  for (const Operation& operation : shipped().api().operations) {
    const bool is_intake = operation.tags.front() == "intake";
    EXPECT_EQ(operation.needs_key, !is_intake) << name_of(operation);
    EXPECT_FALSE(is_intake && operation.json_body) << name_of(operation);
  }
  EXPECT_TRUE(shipped().api().unknown.needs_key);
}

TEST_F(Rules, MarkEveryAnswerOfV1AsDeprecatedAndNoOther) {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  const Fields deprecated = {{"X-API-Deprecated", "v1 is deprecated"}, {"Deprecation", "true"}};
  for (const Operation& operation : shipped().api().operations) {
    const bool is_v1 = operation.path.starts_with("/api/v1/");
    EXPECT_EQ(operation.response_fields, is_v1 ? deprecated : Fields()) << name_of(operation);
    const Node* flag = written(shipped().api(), operation).find("deprecated");
    EXPECT_EQ(flag != nullptr && flag->boolean, is_v1) << name_of(operation);
  }
}

TEST_F(Rules, KeepSecretsAndPhoneNumbersOutOfTheLog) {
  for (const Operation& operation : shipped().api().operations) {
    for (const Parameter& parameter : operation.parameters) {
      const bool is_sensitive = parameter.name == "phone_number" || parameter.name == "msisdn" ||
                                parameter.name == "list_number" ||
                                parameter.name == "webhook_secret";
      EXPECT_EQ(parameter.sensitive, is_sensitive) << name_of(operation) << " " << parameter.name;
    }
  }
}

TEST_F(Rules, ExpectABodyWhereThePageShowsOne) {
  for (const Operation& operation : shipped().api().operations) {
    const std::string& method = operation.method;
    const bool no_operation = operation.path.starts_with("/api/v1/contacts");
    const bool is_free = operation.tags.front() == "intake" || operation.path.ends_with("/webhook");
    const bool in_delete =
        operation.path == "/api/v2/contacts" || operation.path == "/api/v2/history/clear";
    const bool expected = (method == "POST" || method == "PUT" || in_delete) && method != "GET" &&
                          !no_operation && !is_free;
    EXPECT_EQ(operation.json_body, expected) << name_of(operation);
    EXPECT_EQ(operation.body_required, expected) << name_of(operation);
  }
}

TEST_F(Rules, AskForEntitlementsWhereSingleMessagesGoOut) {
  const auto demands = [](const Operation& operation) {
    std::string text;
    for (const Entitlement& one : operation.entitlements) {
      text += one.error + " " + one.calling_code_of + one.feature +
              (one.where_pointer.empty() ? "" : " " + one.where_pointer + "=" + one.where_equals) +
              "; ";
    }
    return text;
  };
  const std::map<std::string, std::string> expected = {
      {"POST /api/v2/send", "geo_restricted /to; "},
      {"POST /api/v2/send-raw", "geo_restricted /to; "},
      {"POST /api/v2/otp/send",
       "geo_restricted /phone_number; voice_not_enabled voice /channel=voice; "}};
  for (const Operation& operation : shipped().api().operations) {
    const auto entry = expected.find(name_of(operation));
    EXPECT_EQ(demands(operation), entry == expected.end() ? "" : entry->second)
        << name_of(operation);
    EXPECT_EQ(operation.product, "") << name_of(operation);
  }
}

TEST_F(Rules, TakeAnythingAtTheIntake) {
  for (const std::string_view path : kIntake) {
    for (const std::string_view method : {"GET", "POST"}) {
      const std::string name = std::string(method) + " /api" + std::string(path);
      EXPECT_EQ(judge({name, "no JSON at all", "account=x&a=b", {"?"}}), kPasses) << name;
    }
  }
  EXPECT_EQ(judge({"POST /api/v2/optins/webhook", "phone=415&a=b", "", {}}), kPasses);
}

}  // namespace
}  // namespace trackly::test
