// Several upstreams, endpoints and addresses: who serves a request, over which protocol, and for
// how long it may take.

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/integration/nginx.h"
#include "tests/integration/protocol_pairs.h"
#include "tests/support/fake_dns.h"
#include "tests/support/gateway.h"
#include "tests/support/patience.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"
#include "tests/support/tls_certificate.h"

namespace trackly::test {
namespace {

constexpr std::string_view kUnavailable =
    R"({"error":"Provider unavailable","code":"provider_error"})";
constexpr std::string_view kOutcomeUnknown =
    R"({"error":"Provider sync failed","code":"provider_sync_failed"})";

/// A service that says in each answer which one it is.
Reaction signed_by(const std::string& name) {
  return {.fields = {{"content-type", "application/json"}, {"x-served-by", name}}};
}

std::string served_by(const CurlAnswer& answer) { return answer.field("x-served-by"); }

CurlRequest get(std::string_view path) {
  return {.path = std::string(path), .fields = {key_field()}};
}

// --------------------------------------------------------------------- which upstream serves what

class SeveralUpstreams : public testing::TestWithParam<Downstream> {
 protected:
  std::string served(const Gateway& gateway, const CurlRequest& request) {
    return served_by(gateway.request(GetParam(), request));
  }

  Service default_{Upstream::h1, always(signed_by("default"))};
  Service contacts_{Upstream::h2, always(signed_by("contacts"))};
  Service second_version_{Upstream::h1, always(signed_by("second version"))};
};

TEST_P(SeveralUpstreams, ServeThePathsBelowTheirPrefixes) {
  const Gateway gateway({.upstream = default_.url(),
                         .more_upstreams = "  contacts: {paths: [/api/v2/contacts], endpoints: ['" +
                                           contacts_.url() +
                                           "']}\n"
                                           "  second: {paths: [/api/v2], endpoints: ['" +
                                           second_version_.url() + "']}\n"});
  EXPECT_EQ(served(gateway, get_contacts()), "contacts");
  EXPECT_EQ(served(gateway, get("/api/v2/contacts/%2B14155551234")), "contacts");
  EXPECT_EQ(served(gateway, get("/api/v2/%63ontacts")), "contacts") << "spelt differently";
  EXPECT_EQ(served(gateway, send_message()), "second version");
  EXPECT_EQ(served(gateway, get("/api/v1/contacts")), "default");
}

TEST_P(SeveralUpstreams, ServeTheOperationsThatNameThem) {
  TempDir directory;
  const std::string api = directory.write(
      "openapi.yaml",
      "openapi: 3.1.0\n"
      "info: {title: Two, version: '1'}\n"
      "servers: [{url: /api}]\n"
      "paths:\n"
      "  /thing:\n"
      "    x-upstream: contacts\n"
      "    get: {operationId: getThing, responses: {'200': {description: ok}}}\n"
      "    delete: {operationId: deleteThing, x-upstream: default, responses: {'200': "
      "{description: ok}}}\n");
  const Gateway gateway({.upstream = default_.url(),
                         .more_upstreams = "  contacts: {endpoints: ['" + contacts_.url() + "']}\n",
                         .api = api});
  EXPECT_EQ(served(gateway, get("/api/thing")), "contacts");
  EXPECT_EQ(served(gateway, {.method = "DELETE", .path = "/api/thing", .fields = {key_field()}}),
            "default");
}

TEST_P(SeveralUpstreams, ServeUnknownPathsToo) {
  const Gateway gateway({.upstream = default_.url(),
                         .more_upstreams = "  contacts: {paths: [/api/v9/contacts], endpoints: ['" +
                                           contacts_.url() + "']}\n",
                         .more = "unknown_paths: forward\n"});
  EXPECT_EQ(served(gateway, get("/api/v9/contacts/7")), "contacts");
  EXPECT_EQ(served(gateway, get("/api/v9/%63ontacts/7")), "contacts");
  EXPECT_EQ(served(gateway, get("/api/v9/contactsx")), "default");
  EXPECT_EQ(served(gateway, get("/somewhere")), "default");
}

INSTANTIATE_TEST_SUITE_P(, SeveralUpstreams, testing::ValuesIn(kEveryDownstream),
                         [](const auto& test) { return std::string(to_string(test.param)); });

// ------------------------------------------------------------------------------ several endpoints

class SeveralEndpoints : public testing::TestWithParam<Upstream> {};

TEST_P(SeveralEndpoints, OneThatIsNotThereCostsNoRequest) {
  Service service(GetParam(), always(signed_by("the living")));
  const std::string scheme = GetParam() == Upstream::h1 ? "http" : "h2c";
  Gateway gateway({.upstream = scheme + "://127.0.0.1:" + std::to_string(free_port()),
                   .more_endpoints = {service.url()},
                   .upstream_options = "ejection: {consecutive_failures: 2, eject_for: 1h}",
                   .workers = 1});
  for (int i = 0; i < 10; ++i) {
    CurlRequest request = send_message();
    request.fields.push_back("X-Request-Id: request-" + std::to_string(i));
    EXPECT_EQ(gateway.request(Downstream::h1, request).status(), 200);
  }
  const auto attempts = [&](int i) {
    const auto line = gateway.log_of("request-" + std::to_string(i));
    return line ? (*line)["/attempts"] : "no line";
  };
  int tried_twice = 0;
  for (int i = 0; i < 10; ++i) tried_twice += attempts(i) == "2" ? 1 : 0;
  EXPECT_EQ(tried_twice, 2) << "then it was ejected";
  EXPECT_TRUE(gateway.process().wait_for_err("is ejected: 2 requests in a row have failed"));
}

TEST_P(SeveralEndpoints, OneThatFailsIsEjectedWhileTheOtherServes) {
  Service sick(GetParam(), always({.status = 500, .body = "<p>sorry"}));
  Service well(GetParam(), always(signed_by("well")));
  Gateway gateway({.upstream = sick.url(),
                   .more_endpoints = {well.url()},
                   .upstream_options = "ejection: {consecutive_failures: 3, eject_for: 1h}"});
  int failed = 0;
  for (int i = 0; i < 20; ++i) {
    failed += gateway.request(Downstream::h2, send_message()).status() == 502 ? 1 : 0;
  }
  EXPECT_EQ(failed, 3);
  EXPECT_EQ(sick.requests().size(), 3U);
}

TEST_P(SeveralEndpoints, TheLastOneIsNeverEjected) {
  Service sick(GetParam(), always({.status = 500, .body = "<p>sorry"}));
  Gateway gateway({.upstream = sick.url(),
                   .upstream_options = "ejection: {consecutive_failures: 1, eject_for: 1h}"});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 502);
  }
  EXPECT_EQ(sick.requests().size(), 5U);
}

INSTANTIATE_TEST_SUITE_P(, SeveralEndpoints, testing::ValuesIn(kEveryUpstream),
                         [](const auto& test) { return pair_name(Downstream::h1, test.param); });

// ------------------------------------------------------------------------------------------ names

class NamedService : public testing::TestWithParam<Upstream> {
 protected:
  /// The same port on two addresses.
  static std::string port_of(const std::string& url) { return url.substr(url.rfind(':') + 1); }

  GatewayConfig named(const std::string& url) {
    const std::string scheme = url.substr(0, url.find(':'));
    return {.upstream = scheme + "://api.internal:" + port_of(url),
            .more = "resolver: {servers: ['" + dns_.address() + "'], min_ttl: 50ms}\n"};
  }

  FakeDns dns_;
};

TEST_P(NamedService, IsFoundAndNamedWithItsAddress) {
  Service service(GetParam());
  dns_.set("api.internal", {.addresses = {"127.0.0.1"}});
  Gateway gateway(named(service.url()));
  CurlRequest request = send_message();
  request.fields.emplace_back("X-Request-Id: named");
  EXPECT_EQ(gateway.request(Downstream::h1, request).status(), 200);
  const auto line = gateway.log_of("named");
  ASSERT_TRUE(line);
  EXPECT_TRUE((*line)["/endpoint"].ends_with(":" + port_of(service.url()) + " (127.0.0.1)"))
      << line->json();
}

TEST_P(NamedService, IsFollowedWhenItMoves) {
  Service service(GetParam());
  // Nobody listens there.
  dns_.set("api.internal", {.addresses = {"127.0.0.99"}, .ttl = 0});
  Gateway gateway(named(service.url()));
  EXPECT_EQ(gateway.request(Downstream::h2, send_message()).status(), 503);
  dns_.set("api.internal", {.addresses = {"127.0.0.1"}, .ttl = 0});
  EXPECT_TRUE(
      eventually([&] { return gateway.request(Downstream::h2, send_message()).status() == 200; }));
}

TEST_P(NamedService, KeepsItsLastAddressWhileNobodyAnswersForTheName) {
  Service service(GetParam());
  dns_.set("api.internal", {.addresses = {"127.0.0.1"}, .ttl = 0});
  Gateway gateway(named(service.url()));
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
  dns_.set("api.internal", {.kind = DnsAnswer::Kind::failure});
  const std::size_t asked = dns_.questions("api.internal");
  EXPECT_TRUE(eventually([&] { return dns_.questions("api.internal") > asked + 4; }));
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
}

TEST_P(NamedService, ThatHasNoAddressIs503) {
  Service service(GetParam());
  Gateway gateway(named(service.url()));
  const CurlAnswer answer = gateway.request(Downstream::h1, send_message());
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.body, kUnavailable);
  EXPECT_EQ(answer.field("proxy-status"), "trackly-gateway; error=dns_error");
}

INSTANTIATE_TEST_SUITE_P(, NamedService, testing::ValuesIn(kEveryUpstream),
                         [](const auto& test) { return pair_name(Downstream::h1, test.param); });

// -------------------------------------------------------------------------------------------- TLS

/// nginx and nghttpd behind https://, with a certificate for "api.internal" that an authority of
/// the test has signed.
class HttpsService : public testing::TestWithParam<Downstream> {
 protected:
  GatewayConfig trusting(const std::string& url, const std::string& more_tls = {}) {
    return {.upstream = url,
            .upstream_options =
                "tls: {server_name: api.internal, ca: " + authority_.certificate + more_tls + "}"};
  }

  TempDir directory_;
  const CertificateFiles authority_ = make_certificate(directory_, "authority");
  const CertificateFiles service_ = make_certificate(directory_, "api.internal", &authority_);
  const CertificateFiles gateway_ = make_certificate(directory_, "gateway", &authority_);
  const std::string port_ = std::to_string(free_port());
  const std::string url_ = "https://127.0.0.1:" + port_;
};

TEST_P(HttpsService, IsServedByNginxOverHttp1) {
  const Nginx nginx("127.0.0.1:" + port_ + " ssl", "ssl_certificate " + service_.certificate +
                                                       "; ssl_certificate_key " +
                                                       service_.private_key + ";\n");
  const Gateway gateway(trusting(url_));
  const CurlAnswer answer = first_answer(gateway, GetParam(), send_message());
  EXPECT_EQ(answer.status(), 200) << answer.body << nginx.diagnostics();
  EXPECT_EQ(answer.body, kAccepted);
  const CurlAnswer large =
      gateway.request(GetParam(), send_message(message_of_size(5 * 1024 * 1024)));
  EXPECT_EQ(large.status(), 200);
  EXPECT_EQ(large.field("x-seen-length"), std::to_string(5 * 1024 * 1024));
}

TEST_P(HttpsService, IsServedByNginxOverHttp2) {
  const Nginx nginx("127.0.0.1:" + port_ + " ssl http2",
                    "ssl_certificate " + service_.certificate + "; ssl_certificate_key " +
                        service_.private_key +
                        ";\n    add_header X-Seen-Protocol $server_protocol always;\n");
  const Gateway gateway(trusting(url_));
  const CurlAnswer answer = first_answer(gateway, GetParam(), send_message());
  EXPECT_EQ(answer.status(), 200) << answer.body << nginx.diagnostics();
  EXPECT_EQ(answer.body, kAccepted);
  EXPECT_EQ(answer.field("x-seen-protocol"), "HTTP/2.0");
  const CurlAnswer large =
      gateway.request(GetParam(), send_message(message_of_size(5 * 1024 * 1024)));
  EXPECT_EQ(large.status(), 200);
  EXPECT_EQ(large.field("x-seen-length"), std::to_string(5 * 1024 * 1024));
}

TEST_P(HttpsService, IsServedByNghttpd) {
  const TempDir files;
  std::filesystem::create_directories(files.path() / "api/v2");
  files.write("api/v2/send", kAccepted);
  const Process nghttpd({"nghttpd", "--address=127.0.0.1", "--htdocs=" + files.path().string(),
                         port_, service_.private_key, service_.certificate});
  const Gateway gateway(trusting(url_));
  const CurlAnswer answer = first_answer(gateway, GetParam(), send_message());
  EXPECT_EQ(answer.status(), 200) << answer.body;
  EXPECT_EQ(answer.body, kAccepted);
}

TEST_P(HttpsService, ThatWantsACertificateGetsTheGateways) {
  const Nginx nginx("127.0.0.1:" + port_ + " ssl",
                    "ssl_certificate " + service_.certificate + "; ssl_certificate_key " +
                        service_.private_key + "; ssl_client_certificate " +
                        authority_.certificate +
                        "; ssl_verify_client on;\n"
                        "    add_header X-Seen-Client $ssl_client_s_dn always;\n");
  const Gateway gateway(trusting(
      url_, ", certificate: " + gateway_.certificate + ", private_key: " + gateway_.private_key));
  const CurlAnswer answer = first_answer(gateway, GetParam(), send_message());
  EXPECT_EQ(answer.status(), 200) << answer.body << nginx.diagnostics();
  EXPECT_EQ(answer.field("x-seen-client"), "CN=gateway");
}

TEST_P(HttpsService, ThatIsNotWhoItShouldBeIsAskedNothing) {
  const CertificateFiles other = make_certificate(directory_, "other.internal", &authority_);
  const Nginx nginx("127.0.0.1:" + port_ + " ssl", "ssl_certificate " + other.certificate +
                                                       "; ssl_certificate_key " +
                                                       other.private_key + ";\n");
  Gateway gateway(trusting(url_));
  const auto certificate_error = [&] {
    const CurlAnswer answer = gateway.request(GetParam(), send_message());
    EXPECT_EQ(answer.status(), 503);
    EXPECT_EQ(answer.body, kUnavailable);
    return answer.field("proxy-status") == "trackly-gateway; error=tls_certificate_error";
  };
  EXPECT_TRUE(eventually(certificate_error)) << "nginx takes a moment to start";
}

INSTANTIATE_TEST_SUITE_P(, HttpsService, testing::ValuesIn(kEveryDownstream),
                         [](const auto& test) { return std::string(to_string(test.param)); });

// ------------------------------------------------------------------------------------------- time

class RequestTime : public testing::TestWithParam<ProtocolPair> {
 protected:
  Downstream downstream() const { return std::get<0>(GetParam()); }
  Upstream upstream() const { return std::get<1>(GetParam()); }

  void expect_out_of_time(Gateway& gateway, CurlRequest request) {
    request.fields.emplace_back("X-Request-Id: late");
    const CurlAnswer answer = gateway.request(downstream(), request);
    EXPECT_EQ(answer.status(), 502);
    EXPECT_EQ(answer.body, kOutcomeUnknown);
    EXPECT_EQ(answer.field("proxy-status"), "trackly-gateway; error=http_response_timeout");
    const auto line = gateway.log_of("late");
    ASSERT_TRUE(line);
    EXPECT_EQ((*line)["/upstream_error"], "request_timeout");
    EXPECT_EQ((*line)["/delivered"], "true");
  }
};

TEST_P(RequestTime, IsLimited) {
  Service service(upstream(), always({.kind = Reaction::Kind::hang}));
  Gateway gateway({.upstream = service.url(), .timeouts = "request: 300ms"});
  expect_out_of_time(gateway, send_message());
}

TEST_P(RequestTime, IsLimitedByTheClient) {
  Service service(upstream(), always({.kind = Reaction::Kind::hang}));
  Gateway gateway({.upstream = service.url(),
                   .upstream_options = "timeout_field: X-Request-Timeout, "
                                       "circuit_breaker: {consecutive_failures: 1}"});
  CurlRequest request = send_message();
  request.fields.emplace_back("X-Request-Timeout: 300ms");
  expect_out_of_time(gateway, request);
  expect_out_of_time(gateway, request);
  EXPECT_EQ(service.requests().size(), 2U) << "a client in haste opens no breaker";
}

TEST_P(RequestTime, ThatIsOverBeforeTheServiceIsAskedCostsItNothing) {
  Service service(upstream());
  Gateway gateway(
      {.upstream = service.url(), .upstream_options = "timeout_field: X-Request-Timeout"});
  CurlRequest request = send_message();
  request.fields.emplace_back("X-Request-Timeout: 0");
  const CurlAnswer answer = gateway.request(downstream(), request);
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.body, kUnavailable);
  EXPECT_EQ(service.requests().size(), 0U);
}

TEST_P(RequestTime, CutsAnAnswerThatDoesNotEnd) {
  Service service(upstream(),
                  always({.body = std::string(1000, 'x'), .then = Reaction::Then::hang}));
  Gateway gateway({.upstream = service.url(), .timeouts = "request: 300ms, body: 1h"});
  CurlRequest request = send_message();
  request.fields.emplace_back("X-Request-Id: cut");
  const CurlAnswer answer = gateway.request(downstream(), request);
  EXPECT_NE(answer.exit_code, 0) << "the client can tell";
  const auto line = gateway.log_of("cut");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/upstream_error"], "request_timeout");
}

INSTANTIATE_TEST_SUITE_P(, RequestTime, every_pair(),
                         [](const auto& test) { return pair_name(test); });

TEST(RequestTimeH1H1, ThatIsOverEndsTheUseOfAConnectionOnWhichNothingComes) {
  Service service(Upstream::h1, [](const HttpMessage&, std::size_t nth) {
    return nth == 0 ? Reaction{.kind = Reaction::Kind::hang} : Reaction{};
  });
  Gateway gateway({.upstream = service.url(), .timeouts = "request: 300ms", .workers = 1});
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 502);
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
  EXPECT_EQ(service.connections(), 2);
}

}  // namespace
}  // namespace trackly::test
