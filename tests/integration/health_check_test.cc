// An address that fails its health check gets no requests until it passes it again.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "tests/integration/nginx.h"
#include "tests/integration/protocol_pairs.h"
#include "tests/support/gateway.h"
#include "tests/support/patience.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"
#include "tests/support/tls_certificate.h"

namespace trackly::test {
namespace {

constexpr std::string_view kUnavailable =
    R"({"error":"Provider unavailable","code":"provider_error"})";

/// Checks in quick succession that have all the time they need.
constexpr std::string_view kOften =
    "health_check: {path: /healthz, interval: 50ms, timeout: 20s, failures: 2, passes: 2}";

GatewayConfig checking(const std::string& upstream, std::vector<std::string> more_endpoints = {}) {
  return {.upstream = upstream,
          .more_endpoints = std::move(more_endpoints),
          .upstream_options = "balance: round_robin, " + std::string(kOften)};
}

/// A service with a health check that a test has fail.
class CheckedService {
 public:
  explicit CheckedService(Upstream upstream = Upstream::h1)
      : service_(upstream,
                 [this](const HttpMessage& request, std::size_t) { return react(request); }) {}

  const std::string& url() const { return service_.url(); }
  void set_well(bool well) { well_ = well; }
  /// Those that were no checks.
  int requests() const { return requests_; }
  /// The latest check as it came; nothing where none came yet.
  HttpMessage last_check() const {
    HttpMessage last;
    for (HttpMessage& request : service_.requests().all()) {
      if (request.target() == "/healthz") last = std::move(request);
    }
    return last;
  }

 private:
  Reaction react(const HttpMessage& request) {
    if (request.target() == "/healthz") return {.status = well_ ? 200 : 503, .body = "{}"};
    ++requests_;
    return {};
  }

  std::atomic<bool> well_ = true;
  std::atomic<int> requests_ = 0;
  Service service_;  // last: its threads use the rest
};

/// The gateway has said so about that endpoint, for the n-th time from 0.
bool has_failed(Gateway& gateway, const std::string& url, std::size_t nth = 0) {
  return gateway.process()
      .wait_for_err(url + " fails its health check", kPatience, nth)
      .has_value();
}
bool has_recovered(Gateway& gateway, const std::string& url) {
  return gateway.process().wait_for_err(url + " passes its health check again").has_value();
}

int status_of_a_request(const Gateway& gateway) {
  return gateway.request(Downstream::h1, send_message()).status();
}

class HealthCheck : public testing::TestWithParam<Upstream> {};

TEST_P(HealthCheck, AServiceThatFailsItGetsNoRequestsUntilItPassesAgain) {
  CheckedService a(GetParam());
  CheckedService b(GetParam());
  Gateway gateway(checking(a.url(), {b.url()}));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(status_of_a_request(gateway), 200);
  EXPECT_GT(a.requests(), 0);
  EXPECT_GT(b.requests(), 0);

  a.set_well(false);
  ASSERT_TRUE(has_failed(gateway, a.url()));
  const int before = a.requests();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(status_of_a_request(gateway), 200);
  EXPECT_EQ(a.requests(), before);

  a.set_well(true);
  ASSERT_TRUE(has_recovered(gateway, a.url()));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(status_of_a_request(gateway), 200);
  EXPECT_GT(a.requests(), before);
}

TEST_P(HealthCheck, WithoutAServiceThatPassesRequestsAreRefused) {
  CheckedService a(GetParam());
  CheckedService b(GetParam());
  a.set_well(false);
  b.set_well(false);
  Gateway gateway(checking(a.url(), {b.url()}));
  ASSERT_TRUE(has_failed(gateway, a.url()));
  ASSERT_TRUE(has_failed(gateway, b.url()));

  CurlRequest request = send_message();
  request.fields.emplace_back("X-Request-Id: refused");
  const CurlAnswer answer = gateway.request(Downstream::h1, request);
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.body, kUnavailable);
  EXPECT_EQ(answer.field("proxy-status"), "trackly-gateway; error=destination_unavailable");
  const auto line = gateway.log_of("refused");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/upstream_error"], "no_healthy_endpoint");
  EXPECT_EQ((*line)["/delivered"], "false");
  EXPECT_EQ(a.requests() + b.requests(), 0);

  b.set_well(true);
  ASSERT_TRUE(has_recovered(gateway, b.url()));
  EXPECT_EQ(status_of_a_request(gateway), 200);
}

TEST_P(HealthCheck, SaysWhoAsks) {
  CheckedService service(GetParam());
  Gateway gateway(checking(service.url()));
  ASSERT_TRUE(eventually([&] { return service.last_check().complete; }));
  const HttpMessage check = service.last_check();
  EXPECT_EQ(check.method(), "GET");
  EXPECT_EQ(check.field("user-agent"), "trackly-gateway health check");
  EXPECT_FALSE(check.has("x-api-key"));
}

INSTANTIATE_TEST_SUITE_P(, HealthCheck, testing::ValuesIn(kEveryUpstream),
                         [](const auto& test) { return pair_name(Downstream::h1, test.param); });

TEST(HealthCheckH1H1, AServiceThatFailsItLosesItsIdleConnections) {
  std::atomic<bool> well = true;
  std::atomic<int> kept = 0;  // connections that carried a request and are open
  FakeService service([&](FakeService& self, Wire& wire) {
    bool carried_requests = false;
    for (HttpMessage request = self.receive(wire); request.complete; request = self.receive(wire)) {
      const bool is_check = request.target() == "/healthz";
      if (!is_check && !carried_requests) {
        carried_requests = true;
        ++kept;
      }
      if (!wire.send(http1_answer(!is_check || well ? 200 : 503, kAccepted))) break;
    }
    // Only where the gateway closed it: this end gives up after a while, too.
    if (carried_requests && wire.ended() != Wire::End::open) --kept;
  });
  Gateway gateway(checking(service.url()));
  EXPECT_EQ(status_of_a_request(gateway), 200);
  EXPECT_EQ(kept, 1);
  well = false;
  ASSERT_TRUE(has_failed(gateway, service.url()));
  EXPECT_TRUE(eventually([&] { return kept == 0; }));
}

TEST(HealthCheckH1H1, FindsAServiceThatIsNotThereBeforeARequestDoes) {
  const RefusingPort nobody;
  const std::string dead = "http://127.0.0.1:" + std::to_string(nobody.number());
  CheckedService service;
  Gateway gateway(checking(dead, {service.url()}));
  EXPECT_TRUE(gateway.process().wait_for_err("upstream default: " + dead +
                                             " fails its health check: connection refused"));
  for (int i = 0; i < 6; ++i) {
    CurlRequest request = send_message();
    request.fields.emplace_back("X-Request-Id: request-" + std::to_string(i));
    EXPECT_EQ(gateway.request(Downstream::h1, request).status(), 200);
    const auto line = gateway.log_of("request-" + std::to_string(i));
    ASSERT_TRUE(line);
    EXPECT_EQ((*line)["/attempts"], "1");
    EXPECT_EQ((*line)["/endpoint"], service.url());
  }
}

TEST(HealthCheckH1H1, ChecksTheAddressesOfAName) {
  CheckedService service;
  const std::string port = service.url().substr(service.url().rfind(':'));
  const std::string endpoint = "http://localhost" + port;
  Gateway gateway(checking(endpoint));
  ASSERT_TRUE(eventually([&] { return service.last_check().complete; }));
  EXPECT_EQ(service.last_check().field("host"), "localhost" + port);
  CurlRequest request = send_message();
  request.fields.emplace_back("X-Request-Id: to-a-name");
  EXPECT_EQ(gateway.request(Downstream::h1, request).status(), 200);
  const auto line = gateway.log_of("to-a-name");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/endpoint"], endpoint + " (127.0.0.1)");

  service.set_well(false);
  EXPECT_TRUE(has_failed(gateway, endpoint + " (127.0.0.1)"));
}

TEST(HealthCheckH1H1, DoesNotHoldUpTheEnd) {
  FakeService service([](FakeService& self, Wire& wire) {
    self.receive(wire);
    wire.wait_for_end();
  });
  Gateway gateway(
      {.upstream = service.url(), .upstream_options = "health_check: {interval: 1h, timeout: 1h}"});
  ASSERT_TRUE(service.requests().wait_for(0));
  EXPECT_EQ(gateway.stop(), 0);
}

/// nginx as the service, over HTTP/1.1 and over TLS with HTTP/2; a file takes it out of use.
class HealthCheckOfNginx : public testing::TestWithParam<bool> {};

TEST_P(HealthCheckOfNginx, FollowsWhatItSays) {
  const bool tls = GetParam();
  const TempDir flags;
  const std::string ill = flags / "ill";
  const CertificateFiles& files = test_certificate();
  const std::string address = "127.0.0.1:" + std::to_string(free_port());
  const Nginx nginx(address + (tls ? " ssl http2" : ""),
                    (tls ? "    ssl_certificate " + files.certificate + ";\n" +
                               "    ssl_certificate_key " + files.private_key + ";\n"
                         : "") +
                        "    location = /healthz { if (-f " + ill +
                        ") { return 503; } return 204; }\n");
  const std::string endpoint = (tls ? "https://" : "http://") + address;
  GatewayConfig config = checking(endpoint);
  if (tls) config.upstream_options += ", tls: {ca: " + files.certificate + "}";
  Gateway gateway(config);
  EXPECT_EQ(first_answer(gateway, Downstream::h1, send_message()).status(), 200)
      << nginx.diagnostics() << gateway.process().err();

  // It may have been too early for the first check as well.
  const bool was_early =
      gateway.process().err().find(" fails its health check") != std::string::npos;
  flags.write("ill", "");
  ASSERT_TRUE(has_failed(gateway, endpoint, was_early ? 1 : 0));
  EXPECT_EQ(status_of_a_request(gateway), 503);
  std::filesystem::remove(ill);
  EXPECT_EQ(first_answer(gateway, Downstream::h1, send_message()).status(), 200);
}

INSTANTIATE_TEST_SUITE_P(, HealthCheckOfNginx, testing::Bool(),
                         [](const auto& test) { return test.param ? "H1TlsH2" : "H1H1"; });

}  // namespace
}  // namespace trackly::test
