// Every refusal of the gateway's own, as a client sees it on each protocol: status, the exact bytes
// of the body, and the fields that belong to it.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

struct Refusal {
  std::string situation;
  CurlRequest request;
  int status = 0;
  std::string body;
  /// What the access log says of it.
  std::string code;
  std::string refused_by;  // empty: the core

  friend void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.situation; }
};

std::string error_json(std::string_view text, std::string_view code) {
  return R"({"error":")" + std::string(text) + R"(","code":")" + std::string(code) + R"("})";
}

CurlRequest without_key(CurlRequest request) {
  std::erase_if(request.fields, [](const std::string& f) { return f.starts_with("X-Api-Key"); });
  return request;
}

CurlRequest with_key(CurlRequest request, std::string_view key) {
  request = without_key(std::move(request));
  request.fields.push_back(key_field(key));
  return request;
}

CurlRequest with_field(CurlRequest request, std::string field) {
  request.fields.push_back(std::move(field));
  return request;
}

CurlRequest get(std::string path) { return {.path = std::move(path), .fields = {key_field()}}; }

std::vector<Refusal> refusals() {
  const std::string no_key = error_json("API key required", "missing_api_key");
  const std::string bad_key = error_json("Invalid API key", "invalid_api_key");
  const std::string not_found = error_json("Resource not found", "not_found");
  const std::string invalid_input = error_json("Invalid input", "invalid_input");
  const std::string bad_phone =
      error_json("Invalid recipient phone number format", "invalid_phone");
  const std::string too_many = error_json("Maximum 1000 messages per request", "too_many_messages");
  const auto bad_body = [&](std::string situation, std::string_view body) {
    return Refusal{std::move(situation), send_message(body), 400,
                   invalid_input,        "invalid_input",    "schema"};
  };

  return {
      // Who is asking.
      {"NoKey", without_key(send_message()), 401, no_key, "missing_api_key", "api_key"},
      {"EmptyKey", with_field(without_key(send_message()), "X-Api-Key;"), 401, no_key,
       "missing_api_key", "api_key"},
      {"KeyInTheWrongField", with_field(without_key(send_message()), "Authorization: Bearer x"),
       401, no_key, "missing_api_key", "api_key"},
      {"UnknownKey", with_key(send_message(), keys::kUnknown), 401, bad_key, "invalid_api_key",
       "api_key"},
      {"MalformedKey", with_key(send_message(), "trk_short"), 401, bad_key, "invalid_api_key",
       "api_key"},
      {"KeyTwice", with_field(send_message(), key_field()), 401, bad_key, "invalid_api_key",
       "api_key"},
      {"SuspendedAccount", with_key(get_contacts(), keys::kSuspended), 403,
       R"({"error":"Account is suspended"})", "", "api_key"},
      {"SendingWithBillingBlocked", with_key(send_message(), keys::kBillingBlocked), 403,
       error_json("Billing blocked", "billing_blocked"), "billing_blocked", "api_key"},
      {"SendingWithFraudBlocked", with_key(send_message(), keys::kFraudBlocked), 403,
       error_json("Account flagged for fraud review", "fraud_blocked"), "fraud_blocked", "api_key"},

      // What is asked for.
      {"UnknownPath", get("/api/v2/nothing"), 404, not_found, "not_found", ""},
      {"UnknownPathWithoutKey", without_key(get("/api/v2/nothing")), 404, not_found, "not_found",
       ""},
      {"TrailingSlash", post("/api/v2/send/", kMessage), 404, not_found, "not_found", ""},
      {"UnknownMethod",
       {.method = "PATCH", .path = std::string(kSendPath), .fields = {key_field()}},
       404,
       not_found,
       "not_found",
       ""},
      {"Trace",
       {.method = "TRACE", .path = std::string(kSendPath), .fields = {key_field()}},
       404,
       not_found,
       "not_found",
       ""},
      {"EncodedSlashInThePath", get("/api/v2/contacts%2F1"), 400, invalid_input, "invalid_input",
       ""},
      {"DotSegmentInThePath", get("/api/v2/x/../contacts"), 400, invalid_input, "invalid_input",
       ""},
      {"UnsupportedExpectation", with_field(send_message(), "Expect: the-impossible"), 417,
       invalid_input, "invalid_input", ""},

      // What the request says.
      {"NoRecipient", send_message("{}"), 400, error_json("to is required", "missing_to"),
       "missing_to", "schema"},
      {"EmptyRecipient", send_message(R"({"to":"","list_number":"+14155551234","body":"x"})"), 400,
       error_json("to is required", "missing_to"), "missing_to", "schema"},
      {"NullRecipient", send_message(R"({"to":null,"list_number":"+14155551234","body":"x"})"), 400,
       error_json("to is required", "missing_to"), "missing_to", "schema"},
      {"LocalPhoneNumber",
       send_message(R"({"to":"4155556789","list_number":"+14155551234","body":"x"})"), 400,
       bad_phone, "invalid_phone", "schema"},
      {"PhoneNumberAsNumber",
       send_message(R"({"to":14155556789,"list_number":"+14155551234","body":"x"})"), 400,
       bad_phone, "invalid_phone", "schema"},
      {"NoListNumber", send_message(R"({"to":"+14155556789","body":"x"})"), 400,
       error_json("list_number is required", "missing_list_number"), "missing_list_number",
       "schema"},
      {"NoMessageBody", send_message(R"({"to":"+14155556789","list_number":"+14155551234"})"), 400,
       error_json("body is required", "missing_body"), "missing_body", "schema"},
      {"FirstOfSeveralFaults", send_message(R"({"body":"","list_number":"x","to":"y"})"), 400,
       bad_phone, "invalid_phone", "schema"},
      {"MalformedListNumberInTheQuery", get("/api/v2/contacts?list_number=415"), 400,
       error_json("Invalid list_number E.164 format", "invalid_list_number"), "invalid_list_number",
       "schema"},

      // Bodies that two parsers could read differently.
      bad_body("BodyIsNotJson", "to=%2B14155556789"),
      bad_body("BodyIsCutOff", R"({"to":"+14155556789")"),
      bad_body("TextAfterTheBody", std::string(kMessage) + "{}"),
      bad_body("ByteOrderMark", "\xef\xbb\xbf" + std::string(kMessage)),
      bad_body("InvalidUtf8", "{\"to\":\"\xff\"}"),
      bad_body("LoneSurrogate", R"({"to":"\ud800"})"),
      bad_body("DuplicateKey", R"({"to":"+14155556789","\u0074o":"+14155550000"})"),
      bad_body("RootIsAnArray", "[]"),
      bad_body("NestedTooDeep", R"({"x":)" + std::string(100, '[') + std::string(100, ']') + "}"),
      {"NoBody",
       {.method = "POST",
        .path = std::string(kSendPath),
        .fields = {key_field(), "Content-Type: application/json", "Content-Length: 0"}},
       400,
       invalid_input,
       "invalid_input",
       "schema"},
      {"CompressedBody", with_field(send_message(), "Content-Encoding: gzip"), 400, invalid_input,
       "invalid_input", "schema"},

      // How much of it.
      {"BatchOf1001", post(kBulkPath, batch_of(1001)), 413, too_many, "too_many_messages",
       "batch_limit"},
      {"BatchOf1001OnV1",
       post("/api/v1/messages/bulk",
            R"({"from_phone_number_id":"1",)" + batch_of(1001, "{}").substr(1)),
       400, too_many, "too_many_messages", "batch_limit"},
      {"EmptyBatch", post(kBulkPath, batch_of(0)), 400,
       error_json("messages array is required", "missing_messages"), "missing_messages",
       "batch_limit"},
      {"NoBatch", post(kBulkPath, "{}"), 400,
       error_json("messages array is required", "missing_messages"), "missing_messages", "schema"},
      {"BodyOverFiveMebibytes", send_message(message_of_size(5 * 1024 * 1024 + 1)), 413,
       error_json("Payload exceeds size limit", "payload_too_large"), "payload_too_large",
       "payload_limit"},
  };
}

void expect_contract(const CurlAnswer& answer, const Refusal& refusal,
                     std::string_view request_id) {
  EXPECT_EQ(answer.exit_code, 0) << answer.error;
  EXPECT_EQ(answer.status(), refusal.status);
  EXPECT_EQ(answer.body, refusal.body);
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_EQ(answer.field("content-length"), std::to_string(refusal.body.size()));
  EXPECT_EQ(answer.field("x-request-id"), request_id);
  EXPECT_EQ(answer.count("date"), 1u);
  // RFC 9209: what a rule denies, and what could not be routed or read in the first place.
  const std::string error =
      refusal.refused_by.empty() ? "http_request_error" : "http_request_denied";
  const std::string details = refusal.code.empty() ? "account_suspended" : refusal.code;
  EXPECT_TRUE(answer.field("proxy-status")
                  .starts_with("trackly-gateway; error=" + error + "; details=\"" + details))
      << answer.field("proxy-status");
}

using RefusalOn = std::tuple<Downstream, Refusal>;

std::string name_of(const RefusalOn& test) {
  return std::string(to_string(std::get<0>(test))) + "_" + std::get<1>(test).situation;
}

/// One gateway for all of them: none of these requests may change what becomes of the next.
class ErrorContract : public testing::TestWithParam<RefusalOn> {
 protected:
  static void SetUpTestSuite() {
    service_ = std::make_unique<Service>(Upstream::h1);
    gateway_ = std::make_unique<Gateway>(GatewayConfig{.upstream = service_->url()});
  }
  static void TearDownTestSuite() {
    gateway_.reset();
    service_.reset();
  }
  static inline std::unique_ptr<Service> service_;
  static inline std::unique_ptr<Gateway> gateway_;
};

TEST_P(ErrorContract, RefusesWithTheDocumentedError) {
  const auto& [downstream, refusal] = GetParam();
  const std::string id = name_of(GetParam());

  CurlRequest request = refusal.request;
  request.fields.push_back("X-Request-Id: " + id);
  expect_contract(gateway_->request(downstream, request), refusal, id);

  EXPECT_EQ(service_->requests().size(), 0u);
  const auto line = gateway_->log_of(id);
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/status"], std::to_string(refusal.status)) << line->json();
  EXPECT_EQ((*line)["/code"], refusal.code) << line->json();
  EXPECT_EQ((*line)["/refused_by"], refusal.refused_by) << line->json();
}

INSTANTIATE_TEST_SUITE_P(, ErrorContract,
                         testing::Combine(testing::ValuesIn(kEveryDownstream),
                                          testing::ValuesIn(refusals())),
                         [](const auto& test) { return name_of(test.param); });

class RefusedHead : public testing::TestWithParam<Downstream> {
 protected:
  RefusedHead() : gateway_({.limits = "header_bytes: 8KiB, uri_bytes: 1KiB"}) {}
  CurlAnswer request(const CurlRequest& request) { return gateway_.request(GetParam(), request); }
  Gateway gateway_;
};

TEST_P(RefusedHead, WithALongUriIs414) {
  const CurlAnswer answer = request(get("/api/v2/contacts?x=" + std::string(1024, 'y')));
  EXPECT_EQ(answer.status(), 414);
  EXPECT_EQ(answer.body, error_json("Invalid input", "invalid_input"));
}

TEST_P(RefusedHead, WithALongUriIsStillKnownByItsBeginning) {
  CurlRequest head = get("/api/v1/contacts?secret=" + std::string(2000, 'y'));
  head.method = "HEAD";
  const CurlAnswer answer = request(head);
  EXPECT_EQ(answer.exit_code, 0) << answer.error;
  EXPECT_EQ(answer.status(), 414);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.field("deprecation"), "true");
  const auto line = gateway_.log_of(answer.field("x-request-id"));
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/path"], "/api/v1/contacts") << line->json();
}

TEST_P(RefusedHead, WithTooManyBytesIs431) {
  const CurlAnswer answer = request(with_field(get_contacts(), "X-Pad: " + std::string(9000, 'y')));
  EXPECT_EQ(answer.status(), 431);
  EXPECT_EQ(answer.body, error_json("Invalid input", "invalid_input"));
}

TEST_P(RefusedHead, OfAHeadRequestHasAnAnswerWithoutABody) {
  CurlRequest head = without_key(get_contacts());
  head.method = "HEAD";
  const CurlAnswer answer = request(head);
  EXPECT_EQ(answer.exit_code, 0) << answer.error;
  EXPECT_EQ(answer.status(), 401);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.field("content-type"), "application/json");
}

TEST_P(RefusedHead, GetsARequestIdWhereTheClientHasNone) {
  const CurlAnswer first = request(get("/nowhere"));
  const CurlAnswer second = request(get("/nowhere"));
  EXPECT_GE(first.field("x-request-id").size(), 16u);
  EXPECT_NE(first.field("x-request-id"), second.field("x-request-id"));
}

TEST_P(RefusedHead, GetsANewRequestIdWhereTheClientsIsUnfit) {
  for (const std::string& unfit : {std::string(129, 'x'), std::string("two words")}) {
    const CurlAnswer answer = request(with_field(get("/nowhere"), "X-Request-Id: " + unfit));
    EXPECT_EQ(answer.status(), 404);
    EXPECT_EQ(answer.count("x-request-id"), 1u);
    EXPECT_NE(answer.field("x-request-id"), unfit);
  }
}

std::string downstream_name(const testing::TestParamInfo<Downstream>& test) {
  return std::string(to_string(test.param));
}

INSTANTIATE_TEST_SUITE_P(, RefusedHead, testing::ValuesIn(kEveryDownstream), downstream_name);

class Deprecation : public testing::TestWithParam<Downstream> {};

TEST_P(Deprecation, IsAnnouncedOnEveryAnswerBelowV1) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url()});
  const CurlRequest accepted =
      post("/api/v1/messages",
           R"({"to_msisdn":"(415) 555-6789","body":"x","from_phone_number_id":"1"})");
  for (const CurlRequest& request :
       {accepted, without_key(accepted), get("/api/v1/nothing"), get("/api/v1/x%2F")}) {
    SCOPED_TRACE(request.path);
    const CurlAnswer answer = gateway.request(GetParam(), request);
    EXPECT_EQ(answer.field("x-api-deprecated"), "v1 is deprecated");
    EXPECT_EQ(answer.field("deprecation"), "true");
  }
  EXPECT_EQ(service.requests().size(), 1u);
}

TEST_P(Deprecation, IsNotAnnouncedOnV2) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url()});
  for (const CurlRequest& request : {send_message(), get("/api/v2/nothing"), get("/api/v10/x")}) {
    const CurlAnswer answer = gateway.request(GetParam(), request);
    EXPECT_FALSE(answer.has("x-api-deprecated"));
    EXPECT_FALSE(answer.has("deprecation"));
  }
}

INSTANTIATE_TEST_SUITE_P(, Deprecation, testing::ValuesIn(kEveryDownstream), downstream_name);

TEST(ErrorDetail, NamesThePlaceAndNeverTheValueWhereItIsTurnedOn) {
  GatewayConfig config;
  config.error_options = ", detail: true";
  Gateway gateway(config);
  const CurlAnswer answer = gateway.request(
      Downstream::h1,
      send_message(R"({"to":"secret-value","list_number":"+14155551234","body":"x"})"));
  EXPECT_EQ(answer.status(), 400);
  EXPECT_TRUE(answer.body.starts_with(
      R"({"error":"Invalid recipient phone number format","code":"invalid_phone","message":")"))
      << answer.body;
  EXPECT_NE(answer.body.find("/to"), std::string::npos) << answer.body;
  EXPECT_EQ(answer.body.find("secret-value"), std::string::npos) << answer.body;
}

}  // namespace
}  // namespace trackly::test
