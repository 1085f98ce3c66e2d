// What reaches the service and what comes back from it: bytes that nobody changed, and the fields
// that a gateway adds, replaces and removes.

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/integration/protocol_pairs.h"
#include "tests/support/gateway.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

class Forwarding : public testing::TestWithParam<ProtocolPair> {
 protected:
  Forwarding() { serve(Reaction{}); }

  void serve(Reaction reaction) { serve(always(std::move(reaction))); }
  void serve(React react, GatewayConfig config = {}) {
    gateway_.reset();
    service_ = std::make_unique<Service>(std::get<1>(GetParam()), std::move(react));
    config.upstream = service_->url();
    gateway_ = std::make_unique<Gateway>(config);
  }

  CurlAnswer request(const CurlRequest& request) {
    return gateway_->request(std::get<0>(GetParam()), request);
  }
  /// What the service received last; the request is expected to have come through.
  HttpMessage received(const CurlRequest& sent) {
    answer_ = request(sent);
    EXPECT_EQ(answer_.exit_code, 0) << answer_.error;
    EXPECT_EQ(answer_.status(), 200) << answer_.body;
    const auto all = service_->requests().all();
    return all.empty() ? HttpMessage{} : all.back();
  }

  std::unique_ptr<Service> service_;
  std::unique_ptr<Gateway> gateway_;
  CurlAnswer answer_;
};

TEST_P(Forwarding, KeepsPathAndQueryByteForByte) {
  for (const std::string target :
       {"/api/v2/contacts/%2B14155551234", "/api/v2/contacts/+14155551234",
        "/api/v2/contacts?list_number=%2B14155551234&b=2&a=1&a=&x=%c3%A9+z&&=", "/api/v2/contacts?",
        "/api/v2/contacts?page=1%20"}) {
    EXPECT_EQ(received({.path = target, .fields = {key_field()}}).target(), target);
  }
}

TEST_P(Forwarding, KeepsTheBodyByteForByte) {
  for (const std::string& body :
       {std::string(kMessage),
        std::string("\r\n\t { \"to\" :\"+14155556789\" , \"list_number\": \"+14155551234\",\n"
                    "\"body\":\"a\\u00e9\\/\xc3\xa9 \"  }\n \r\n"),
        std::string(R"({"big":123456789012345678901234567890,"huge":1e400,"tiny":-0.0E-999,)"
                    R"("to":"+14155556789","list_number":"+14155551234","body":"x"})"),
        message_of_size(300'000)}) {
    const HttpMessage request = received(send_message(body));
    EXPECT_EQ(request.body.size(), body.size());
    EXPECT_TRUE(request.body == body);
  }
}

TEST_P(Forwarding, LeavesABatchWithBadItemsToTheService) {
  const std::string body = R"({"messages":[)" + std::string(kMessage) +
                           R"(,{"to":"nonsense"},{},null,7,{"to":"+1","to2":[]}]})";
  EXPECT_EQ(received(post(kBulkPath, body)).body, body);
}

TEST_P(Forwarding, PassesABatchOf1000) {
  const std::string body = batch_of(1000);
  EXPECT_TRUE(received(post(kBulkPath, body)).body == body);
}

TEST_P(Forwarding, ReadsTheBodyAsJsonWhateverItsContentTypeSays) {
  CurlRequest sent = send_message();
  sent.fields = {key_field(), "Content-Type: text/plain; charset=utf-8"};
  const HttpMessage request = received(sent);
  EXPECT_EQ(request.body, kMessage);
  EXPECT_EQ(request.field("content-type"), "text/plain; charset=utf-8");
}

TEST_P(Forwarding, KeepsTheMethodAndTheAuthority) {
  CurlRequest sent = get_contacts();
  sent.fields.emplace_back("Host: api.example.com:8443");
  const HttpMessage request = received(sent);
  EXPECT_EQ(request.method(), "GET");
  EXPECT_EQ(authority_of(request), "api.example.com:8443");
}

TEST_P(Forwarding, SaysWhoAskedAndHow) {
  CurlRequest sent = get_contacts();
  sent.fields.insert(sent.fields.end(),
                     {"X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: gopher",
                      "X-Forwarded-Host: evil.example", "Host: api.example.com"});
  const HttpMessage request = received(sent);
  const Downstream downstream = std::get<0>(GetParam());
  EXPECT_EQ(request.field("x-forwarded-for"), "127.0.0.1");
  EXPECT_EQ(request.count("x-forwarded-for"), 1u);
  EXPECT_EQ(request.field("x-forwarded-proto"), is_tls(downstream) ? "https" : "http");
  EXPECT_EQ(request.count("x-forwarded-proto"), 1u);
  EXPECT_EQ(request.field("x-forwarded-host"), "api.example.com");
  EXPECT_EQ(request.count("x-forwarded-host"), 1u);
  EXPECT_EQ(request.field("via"), is_h2(downstream) ? "2 trackly-gateway" : "1.1 trackly-gateway");
}

TEST_P(Forwarding, PutsTheAccountOfTheKeyInPlaceOfTheClients) {
  CurlRequest sent = get_contacts();
  sent.fields.insert(sent.fields.end(), {"X-Account-Id: acct_stolen", "X_Account_Id: acct_stolen",
                                         "x-account_id: acct_stolen", "X_Forwarded_For: 1.2.3.4"});
  const HttpMessage request = received(sent);
  EXPECT_EQ(request.field("x-account-id"), "acct_active");
  EXPECT_EQ(request.count("x-account-id"), 1u);
  EXPECT_EQ(request.count("x_account_id"), 0u);
  EXPECT_EQ(request.count("x-account_id"), 0u);
  EXPECT_EQ(request.count("x_forwarded_for"), 0u);
}

TEST_P(Forwarding, PassesTheKeyOnUnlessToldNotTo) {
  EXPECT_EQ(received(get_contacts()).field("x-api-key"), keys::kActive);

  serve(always(Reaction{}), {.api_key_options = ", forward: false"});
  EXPECT_FALSE(received(get_contacts()).has("x-api-key"));
}

TEST_P(Forwarding, TakesTheKeyWithoutTheSpaceAroundIt) {
  if (is_h2(std::get<0>(GetParam()))) return;  // malformed there (RFC 9113 section 8.2.1)
  CurlRequest sent = get_contacts();
  sent.fields = {"X-Api-Key: \t " + std::string(keys::kActive) + "  "};
  received(sent);
}

TEST_P(Forwarding, GivesTheRequestAnId) {
  CurlRequest sent = get_contacts();
  const HttpMessage first = received(sent);
  EXPECT_EQ(first.field("x-request-id"), answer_.field("x-request-id"));

  sent.fields.push_back("X-Request-Id: from-the-client");
  const HttpMessage second = received(sent);
  EXPECT_EQ(second.field("x-request-id"), "from-the-client");
  EXPECT_EQ(answer_.field("x-request-id"), "from-the-client");
}

TEST_P(Forwarding, BeginsATrace) {
  CurlRequest sent = get_contacts();
  sent.fields.push_back("X-Request-Id: begins");
  sent.fields.push_back("tracestate: vendor=1");
  const HttpMessage request = received(sent);
  EXPECT_EQ(request.field("tracestate"), "");
  const auto line = gateway_->log_of("begins");
  ASSERT_TRUE(line);
  EXPECT_EQ(request.field("traceparent"),
            "00-" + (*line)["/trace_id"] + "-" + (*line)["/span_id"] + "-01");
  EXPECT_FALSE(line->has("/parent_span_id"));
}

TEST_P(Forwarding, ContinuesTheClientsTrace) {
  CurlRequest sent = get_contacts();
  sent.fields.insert(sent.fields.end(),
                     {"X-Request-Id: continues", "tracestate: vendor=1",
                      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"});
  const HttpMessage request = received(sent);
  EXPECT_EQ(request.field("tracestate"), "vendor=1");
  const auto line = gateway_->log_of("continues");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/trace_id"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ((*line)["/parent_span_id"], "b7ad6b7169203331");
  EXPECT_NE((*line)["/span_id"], "b7ad6b7169203331");
  EXPECT_EQ(request.field("traceparent"),
            "00-0af7651916cd43dd8448eb211c80319c-" + (*line)["/span_id"] + "-00");
}

TEST_P(Forwarding, KeepsFieldsOfOneHopOnTheirHop) {
  CurlRequest sent = get_contacts();
  if (is_h2(std::get<0>(GetParam()))) {
    sent.fields = {key_field(), "X-End-To-End: stays"};
  } else {
    sent.fields = {key_field(),
                   "Connection: keep-alive, X-Hop",
                   "X-Hop: 1",
                   "Keep-Alive: 5",
                   "Proxy-Connection: keep-alive",
                   "TE: deflate",
                   "Upgrade: websocket",
                   "X-End-To-End: stays"};
  }
  const HttpMessage request = received(sent);
  EXPECT_EQ(request.field("x-end-to-end"), "stays");
  for (const char* hop : {"keep-alive", "proxy-connection", "te", "upgrade", "x-hop"}) {
    EXPECT_FALSE(request.has(hop)) << hop << ": " << request.field(hop);
  }
}

TEST_P(Forwarding, JoinsTheCrumbsOfACookie) {
  CurlRequest sent = get_contacts();
  sent.fields.emplace_back("Cookie: a=1; b=2");
  const HttpMessage request = received(sent);
  EXPECT_EQ(request.field("cookie"), "a=1; b=2");
}

TEST_P(Forwarding, BringsTheAnswerBackAsItIs) {
  Reaction reaction;
  reaction.status = 201;
  reaction.fields = {{"content-type", "application/json; charset=utf-8"},
                     {"x-service", "one"},
                     {"x-service", "two"},
                     {"set-cookie", "a=1"},
                     {"set-cookie", "b=2"},
                     {"x-request-id", "of-the-service"}};
  reaction.body = "  {\"success\" :true}\n";
  serve(reaction);
  CurlRequest sent = send_message();
  sent.fields.emplace_back("X-Request-Id: of-the-client");
  const CurlAnswer answer = request(sent);
  EXPECT_EQ(answer.status(), 201);
  EXPECT_EQ(answer.body, reaction.body);
  EXPECT_EQ(answer.field("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(answer.count("x-service"), 2u);
  EXPECT_EQ(answer.count("set-cookie"), 2u);
  EXPECT_EQ(answer.field("x-request-id"), "of-the-client");
  EXPECT_EQ(answer.count("x-request-id"), 1u);
  EXPECT_FALSE(answer.has("proxy-status"));
  if (std::get<1>(GetParam()) == Upstream::h1) {  // our HTTP/2 service declares no length
    EXPECT_EQ(answer.field("content-length"), std::to_string(reaction.body.size()));
  }
}

TEST_P(Forwarding, LeavesRedirectsAndClientErrorsOfTheServiceAlone) {
  for (const int status : {302, 400, 404, 409, 429}) {
    Reaction reaction;
    reaction.status = status;
    reaction.body = "<p>whatever the service says</p>";
    reaction.fields = {{"content-type", "text/html"}, {"retry-after", "7"}};
    serve(reaction);
    const CurlAnswer answer = request(send_message());
    EXPECT_EQ(answer.status(), status);
    EXPECT_EQ(answer.body, reaction.body);
    EXPECT_EQ(answer.field("content-type"), "text/html");
    EXPECT_EQ(answer.field("retry-after"), "7");
    EXPECT_FALSE(answer.has("proxy-status"));
  }
}

TEST_P(Forwarding, StreamsALargeAnswer) {
  Reaction reaction;
  reaction.body = std::string(8'000'000, 'x');
  reaction.body.back() = '!';
  serve(reaction);
  const CurlAnswer answer = request(get_contacts());
  EXPECT_EQ(answer.exit_code, 0) << answer.error;
  EXPECT_TRUE(answer.body == reaction.body) << answer.body.size();
}

TEST_P(Forwarding, AnswersHeadWithTheFieldsOfTheServiceAndNoBody) {
  CurlRequest sent = get_contacts();
  sent.method = "HEAD";
  const CurlAnswer answer = request(sent);
  EXPECT_EQ(answer.exit_code, 0) << answer.error;
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, "");
  ASSERT_EQ(service_->requests().size(), 1u);
  EXPECT_EQ(service_->requests().all()[0].method(), "HEAD");
}

TEST_P(Forwarding, KeepsAnAnswerWithoutContentEmpty) {
  Reaction reaction;
  reaction.status = 204;
  reaction.body = "";
  reaction.fields = {};
  serve(reaction);
  const CurlAnswer answer = request(send_message());
  EXPECT_EQ(answer.exit_code, 0) << answer.error;
  EXPECT_EQ(answer.status(), 204);
  EXPECT_EQ(answer.body, "");
  EXPECT_FALSE(answer.has("content-length"));
  EXPECT_FALSE(answer.has("transfer-encoding"));
}

TEST_P(Forwarding, WritesOneLogLinePerRequest) {
  CurlRequest sent = post("/api/v2/send/bulk?secret=1", batch_of(3));
  sent.fields.emplace_back("X-Request-Id: logged");
  received(sent);
  const auto line = gateway_->log_of("logged");
  ASSERT_TRUE(line);
  const auto [downstream, upstream] = GetParam();
  EXPECT_EQ((*line)["/client"], "127.0.0.1");
  EXPECT_EQ((*line)["/protocol"], is_h2(downstream) ? "HTTP/2" : "HTTP/1.1");
  EXPECT_EQ((*line)["/tls"], is_tls(downstream) ? "true" : "false");
  EXPECT_EQ((*line)["/method"], "POST");
  EXPECT_EQ((*line)["/route"], "/api/v2/send/bulk");
  EXPECT_EQ((*line)["/path"], "/api/v2/send/bulk");
  EXPECT_EQ((*line)["/status"], "200");
  EXPECT_EQ((*line)["/account"], "acct_active");
  EXPECT_EQ((*line)["/key"], "active");
  EXPECT_EQ((*line)["/batch_items"], "3");
  EXPECT_EQ((*line)["/bytes_in"], std::to_string(batch_of(3).size()));
  EXPECT_EQ((*line)["/bytes_out"], std::to_string(kAccepted.size()));
  EXPECT_EQ((*line)["/attempts"], "1");
  EXPECT_EQ((*line)["/delivered"], "true");
  EXPECT_FALSE(line->has("/code")) << line->json();
  EXPECT_FALSE(line->has("/upstream_error")) << line->json();
  EXPECT_EQ(gateway_->stop(), 0);
  EXPECT_EQ(gateway_->log().size(), 1u);
  const std::string output = gateway_->process().out() + gateway_->process().err();
  EXPECT_EQ(output.find(keys::kActive), std::string::npos);
  EXPECT_EQ(output.find("secret"), std::string::npos);
}

TEST_P(Forwarding, LogsNoSensitivePathParameter) {
  CurlRequest sent{.path = "/api/v2/contacts/%2B14155551234",
                   .fields = {key_field(), "X-Request-Id: logged"}};
  received(sent);
  const auto line = gateway_->log_of("logged");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/path"], "/api/v2/contacts/*");
  EXPECT_EQ(line->json().find("14155551234"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(, Forwarding, every_pair(),
                         [](const auto& test) { return pair_name(test); });

TEST(UnknownPaths, ReachTheServiceWhereForwardIsSet) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .more = "unknown_paths: forward\n"});
  const CurlAnswer answer =
      gateway.request(Downstream::h1, post("/api/v9/new?x=1", "not json at all"));
  EXPECT_EQ(answer.status(), 200);
  ASSERT_EQ(service.requests().size(), 1u);
  EXPECT_EQ(service.requests().all()[0].target(), "/api/v9/new?x=1");
  EXPECT_EQ(service.requests().all()[0].body, "not json at all");
}

TEST(TrustedProxies, HaveTheirForwardedForContinued) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .more = "trusted_proxies: [127.0.0.0/8]\n"});
  CurlRequest sent = get_contacts();
  sent.fields.insert(sent.fields.end(), {"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https",
                                         "X-Request-Id: proxied"});
  EXPECT_EQ(gateway.request(Downstream::h1, sent).status(), 200);
  ASSERT_EQ(service.requests().size(), 1u);
  EXPECT_EQ(service.requests().all()[0].field("x-forwarded-for"), "203.0.113.7, 127.0.0.1");
  EXPECT_EQ(service.requests().all()[0].field("x-forwarded-proto"), "https");
  const auto line = gateway.log_of("proxied");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/client"], "203.0.113.7");
}

}  // namespace
}  // namespace trackly::test
