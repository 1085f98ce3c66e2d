// A service that keeps failing is left alone for a while, by all workers, and asked again.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "tests/integration/protocol_pairs.h"
#include "tests/support/gateway.h"
#include "tests/support/patience.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

constexpr std::string_view kOpen = R"({"error":"Circuit breaker open","code":"circuit_open"})";

GatewayConfig breaking_after(int failures, const std::string& url, std::string_view open_for) {
  return {
      .upstream = url,
      .upstream_options = "circuit_breaker: {consecutive_failures: " + std::to_string(failures) +
                          ", open_for: " + std::string(open_for) + "}"};
}

Reaction foreign_500() {
  return {.status = 500, .fields = {{"content-type", "text/html"}}, .body = "<p>sorry"};
}

class CircuitBreaker : public testing::TestWithParam<ProtocolPair> {
 protected:
  Downstream downstream() const { return std::get<0>(GetParam()); }
  Upstream upstream() const { return std::get<1>(GetParam()); }
};

TEST_P(CircuitBreaker, OpensForAllWorkersAndSaysForHowLong) {
  Service service(upstream(), always(foreign_500()));
  Gateway gateway(breaking_after(3, service.url(), "1h"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(gateway.request(downstream(), send_message()).status(), 502);
  }
  // Each curl is a new connection, so both workers are asked.
  for (int i = 0; i < 4; ++i) {
    CurlRequest request = send_message();
    request.fields.emplace_back("X-Request-Id: refused-" + std::to_string(i));
    const CurlAnswer answer = gateway.request(downstream(), request);
    EXPECT_EQ(answer.status(), 503);
    EXPECT_EQ(answer.body, kOpen);
    EXPECT_EQ(answer.field("proxy-status"), "trackly-gateway; error=destination_unavailable");
    const int wait = std::atoi(answer.field("retry-after").c_str());
    EXPECT_GT(wait, 3500);
    EXPECT_LE(wait, 3600);
    const auto line = gateway.log_of("refused-" + std::to_string(i));
    ASSERT_TRUE(line);
    EXPECT_EQ((*line)["/code"], "circuit_open");
    EXPECT_EQ((*line)["/upstream_error"], "circuit_open");
    EXPECT_EQ((*line)["/delivered"], "false");
  }
  EXPECT_EQ(service.requests().size(), 3U);
}

TEST_P(CircuitBreaker, ClosesWhenTheServiceAnswersAgain) {
  std::atomic<bool> healthy = false;
  Service service(upstream(), [&](const HttpMessage&, std::size_t) {
    return healthy ? Reaction{} : foreign_500();
  });
  Gateway gateway(breaking_after(2, service.url(), "100ms"));
  const auto status = [&] { return gateway.request(downstream(), send_message()).status(); };
  EXPECT_EQ(status(), 502);
  EXPECT_EQ(status(), 502);
  healthy = true;
  const Deadline deadline(kPatience);
  while (status() != 200) ASSERT_FALSE(deadline.passed());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status(), 200);
}

INSTANTIATE_TEST_SUITE_P(, CircuitBreaker, every_pair(),
                         [](const auto& test) { return pair_name(test); });

TEST(CircuitBreakerH1H1, StaysClosedOnDocumentedErrors) {
  Service service(Upstream::h1, always({.status = 500, .body = R"({"error":"Send failed"})"}));
  Gateway gateway(breaking_after(2, service.url(), "1h"));
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 500);
  }
}

TEST(CircuitBreakerH1H1, CountsWhatCannotBeReached) {
  Gateway gateway(breaking_after(2, "unix:/nowhere.sock", "1h"));
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).field("proxy-status"),
            "trackly-gateway; error=connection_refused");
  EXPECT_NE(gateway.request(Downstream::h1, send_message()).body, kOpen);
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).body, kOpen);
}

TEST(CircuitBreakerH1H1, IsNotThereUnlessConfigured) {
  Service service(Upstream::h1, always(foreign_500()));
  Gateway gateway({.upstream = service.url()});
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 502);
  }
}

TEST(CircuitBreakerH1H1, RefusesWhatBreaksARuleAllTheSame) {
  Service service(Upstream::h1, always(foreign_500()));
  Gateway gateway(breaking_after(1, service.url(), "1h"));
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 502);
  EXPECT_EQ(gateway.request(Downstream::h1, send_message("{}")).body,
            R"({"error":"to is required","code":"missing_to"})");
}

}  // namespace
}  // namespace trackly::test
