// Errors that the service decides: its own words reach the client byte for byte, whatever their
// status, spelling and coding; and what only the service can judge, nobody judges before.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/integration/error_rows/example.h"
#include "tests/integration/protocol_pairs.h"
#include "tests/support/process.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

/// By this field a request says which answer it wants of the service.
constexpr std::string_view kWish = "x-test-wish";

std::string gzip(const std::string& text) {
  return run({"gzip", "--no-name", "--stdout"}, {.input = text}).out;
}

/// Every spelling of an error that the service may have, with every status.
std::vector<Reaction> every_error() {
  const std::vector<std::string> bodies = {
      R"({"error":"Send failed","code":"send_failed"})",
      R"({"code":"send_failed","error":"Send failed"})",
      "  {\r\n\t\"error\" : \"Send failed\" , \"code\":\"send_failed\"}\n\n",
      R"({"error":"Send failed"})",
      R"({"error":"validation_error","code":"invalid_phone","message":"invalid phone number"})",
      R"({"error":"Send \u0066ailed \/ Versand \u00fcberf\u00e4llig","code":null})",
      R"({"error":"Offer not found: offer_123","code":"offer_not_found","more":[1e400,{"a":{}}]})",
  };
  std::vector<Reaction> errors;
  for (const int status :
       {400, 401, 402, 403, 404, 409, 413, 422, 429, 451, 500, 501, 502, 503, 504, 599}) {
    for (const std::string& body : bodies) {
      errors.push_back({.status = status,
                        .fields = {{"content-type", "application/json; charset=utf-8"},
                                   {"retry-after", "17"},
                                   {"x-custom", "a, \"b\""}},
                        .body = body});
    }
    errors.push_back({.status = status,
                      .fields = {{"content-type", "text/json"}, {"content-encoding", "gzip"}},
                      .body = gzip(bodies.front())});
  }
  return errors;
}

const std::vector<Reaction>& errors() {
  static const std::vector<Reaction> all = every_error();
  return all;
}

class ServiceErrors : public testing::TestWithParam<ProtocolPair> {
 protected:
  static Reaction error_wished_for(const HttpMessage& request) {
    const std::string wish = request.field(kWish);
    return wish.empty() ? Reaction{} : errors().at(std::strtoul(wish.c_str(), nullptr, 10));
  }

  /// The request, once for each error.
  std::vector<CurlAnswer> errors_for(const CurlRequest& request) const {
    std::vector<CurlRequest> requests;
    for (std::size_t i = 0; i < errors().size(); ++i) {
      requests.push_back(request);
      requests.back().fields.push_back(std::string(kWish) + ": " + std::to_string(i));
    }
    return answers_to(requests);
  }
  std::vector<CurlAnswer> answers_to(const std::vector<CurlRequest>& requests) const {
    return gateway_.request(std::get<0>(GetParam()), requests);
  }

  static void expect_untouched(const std::vector<CurlAnswer>& answers) {
    ASSERT_EQ(answers.size(), errors().size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Reaction& said = errors()[i];
      const CurlAnswer& heard = answers[i];
      SCOPED_TRACE(std::to_string(said.status) + " " + said.body);
      EXPECT_EQ(heard.exit_code, 0) << heard.error;
      EXPECT_EQ(heard.status(), said.status);
      EXPECT_EQ(heard.body, said.body);
      for (const auto& [name, value] : said.fields) {
        EXPECT_EQ(heard.count(name), 1u) << name;
        EXPECT_EQ(heard.field(name), value);
      }
      EXPECT_FALSE(heard.has("proxy-status"));
    }
  }

  const Service service_{std::get<1>(GetParam()), [](const HttpMessage& request, std::size_t) {
                           return error_wished_for(request);
                         }};
  const Gateway gateway_{GatewayConfig{.upstream = service_.url()}};
};

TEST_P(ServiceErrors, GoThroughByteForByte) {
  expect_untouched(errors_for(post(kSendPath, message())));
}

TEST_P(ServiceErrors, GoThroughOnV1WithTheFieldsOfItsDeprecation) {
  const std::vector<CurlAnswer> answers = errors_for(post(kMessagesV1Path, message_v1()));
  expect_untouched(answers);
  for (const CurlAnswer& answer : answers) {
    EXPECT_EQ(answer.field("x-api-deprecated"), "v1 is deprecated");
    EXPECT_EQ(answer.field("deprecation"), "true");
  }
}

TEST_P(ServiceErrors, OfSingleItemsAreNotForeseen) {
  const std::vector<CurlRequest> batches = {
      post(kBulkPath, list_of("messages", 2)),
      post(kRawBulkPath, list_of("messages", 2)),
      post(kBulkV1Path, R"({"from_phone_number_id":42,"messages":[{},7,"x",null]})"),
      post(kContactBulkPath, list_of("contacts", 2)),
      post(kRevenueBulkPath, list_of("records", 2)),
      post(kHistorySendsPath, list_of("records", 2)),
      post(kHistoryClicksPath, list_of("records", 2)),
      post(kHistoryRevenuePath, list_of("records", 2)),
      post(kLookupBatchPath, list_of("phones", 2, R"("nobody")")),
  };
  const std::vector<CurlAnswer> answers = answers_to(batches);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    EXPECT_EQ(answers[i].body, kAccepted) << batches[i].path;
  }
  const std::vector<HttpMessage> seen = service_.requests().all();
  ASSERT_EQ(seen.size(), batches.size());
  for (std::size_t i = 0; i < batches.size(); ++i) EXPECT_EQ(seen[i].body, batches[i].body);
}

TEST_P(ServiceErrors, OfLoosePhoneNumbersAreNotForeseenOnV1) {
  std::vector<CurlRequest> requests;
  for (const std::string_view number :
       {R"("+14155551234")", R"("14155551234")", R"("4155551234")", R"("(415) 555-1234")",
        R"("+1 415-555-1234")", R"(" 415.555.1234 ")", "4155551234"}) {
    requests.push_back(post(kMessagesV1Path, message_v1().with("to_msisdn", number)));
    requests.push_back(post(kMessagesV1Path, message_v1().without("to_msisdn").with("to", number)));
    requests.push_back(post(kLookupPath, Body{{"phone", std::string(number)}}));
  }
  const std::vector<CurlAnswer> answers = answers_to(requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(answers[i].body, kAccepted) << requests[i].path << " " << requests[i].body;
  }
}

INSTANTIATE_TEST_SUITE_P(, ServiceErrors, every_pair(),
                         [](const auto& test) { return pair_name(test); });

}  // namespace
}  // namespace trackly::test
