// What the gateway writes anywhere (access log, diagnostics, pages for operators, answers of its
// own) holds no key, no secret of a body or path, and no phone number of a path.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/metrics_page.h"
#include "tests/support/process.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"
#include "tests/support/temp_dir.h"

namespace trackly::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSecret = "3f1c9a2ehush";
constexpr std::string_view kPhone = "4155556789";
constexpr std::string_view kOneTimeCode = "918273";
constexpr std::string_view kHidden[] = {keys::kActive, keys::kUnknown, keys::kSuspended,
                                        kSecret,       kPhone,         kOneTimeCode};

void expect_discreet(const std::string& text, std::string_view what) {
  for (const std::string_view hidden : kHidden) {
    EXPECT_THAT(text, Not(HasSubstr(std::string(hidden)))) << what;
  }
}

std::string with_phone(std::string_view path) {
  return std::string(path) + "%2B1" + std::string(kPhone);
}

/// A request of a client that holds all of the secrets, at their proper places.
CurlRequest with_all(std::string method, std::string path, std::string body = {}) {
  std::vector<std::string> fields = {key_field()};
  if (!body.empty()) fields.emplace_back("Content-Type: application/json");
  return {.method = std::move(method),
          .path = std::move(path),
          .fields = std::move(fields),
          .body = std::move(body)};
}

/// What the gateway refuses, each at another place of the chain.
std::vector<CurlRequest> refused_requests() {
  const std::string secret(kSecret);
  const std::string key(keys::kActive);
  CurlRequest unknown_key = send_message();
  unknown_key.fields.front() = key_field(keys::kUnknown);
  CurlRequest suspended = send_message();
  suspended.fields.front() = key_field(keys::kSuspended);
  CurlRequest two_keys = send_message();
  two_keys.fields.push_back(key_field(keys::kUnknown));
  CurlRequest talkative = with_all("GET", "/nowhere");
  talkative.fields.push_back("User-Agent: tool " + key);
  talkative.fields.push_back("Referer: https://app.example/contacts/+1" + std::string(kPhone) +
                             "?secret=" + secret + "&key=" + key);
  return {
      unknown_key,
      suspended,
      two_keys,
      talkative,
      with_all(key, "/api/v2/send"),
      with_all("GET", "/api/v2/" + key),
      with_all("GET", "/nowhere?key=" + key + "&phone=%2B1" + std::string(kPhone)),
      with_all("PATCH", with_phone("/api/v2/contacts/")),
      with_all("GET", with_phone("/api/v2/contacts/") + "/"),
      with_all("GET", with_phone("/api/v2/contacts/") + "/messages"),
      with_all("GET", "/api/v2/contacts/" + std::string(kPhone)),
      with_all("GET", with_phone("/hlr/")),
      with_all("GET", "/api/v2/otp/" + std::string(kOneTimeCode)),
      with_all("PUT", "/api/webhook-feedbacks/lime/" + secret),
      with_all("GET", "/api/v2//contacts/" + std::string(kPhone)),
      with_all("GET", "/api/v2/contacts/..%2F" + std::string(kPhone)),
      with_all("POST", "/api/v2/send", R"({"secret":")" + secret + R"(","to":)" + key),
      with_all("POST", "/api/v2/send", R"({"to":")" + secret + R"(","body":")" + key + R"("})"),
      with_all("POST", "/api/v2/send", R"({")" + secret + R"(":1,")" + secret + R"(":2})"),
  };
}

/// What goes to the service.
std::vector<CurlRequest> forwarded_requests() {
  return {
      send_message(),
      with_all("GET", with_phone("/api/v2/contacts/")),
      with_all("GET", "/api/v2/contacts?list_number=%2B1" + std::string(kPhone)),
      with_all("POST", "/api/webhook-feedbacks/lime/" + std::string(kSecret),
               R"({"webhook_secret":")" + std::string(kSecret) + R"("})"),
      with_all("GET", "/api/v1/contacts/" + std::string(kPhone)),
      with_all("GET", "/api/v2/lists/" + std::string(keys::kActive)),
      with_all("POST", "/api/v2/optins/webhook", R"({"secret":")" + std::string(kSecret) + R"("})"),
  };
}

/// Bytes that are no request, or none that is read to its end.
std::vector<std::string> broken_requests() {
  const std::string phone(kPhone);
  const std::string key = key_field() + "\r\n";
  return {"GET /+1" + phone + " HTTP/9.9\r\n" + key + "\r\n",
          "GET /+1" + phone + " HTTP/1.1\r\n" + key + "Broken " + std::string(kSecret) + "\r\n\r\n",
          "GET /" + phone + std::string(20'000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: x\r\n" + key + "X: " + std::string(100'000, 'x') + "\r\n\r\n",
          std::string(keys::kActive) + "\r\n\r\n"};
}

void expect_discreet_pages(Gateway& gateway) {
  for (const char* page : {"/metrics", "/status", "/", "/readyz", "/healthz"}) {
    const CurlAnswer answer = curl(Downstream::h1, admin_port(gateway), {.path = page});
    EXPECT_FALSE(answer.body.empty() && answer.status() == 200) << page;
    expect_discreet(answer.body, page);
  }
}

std::string text_of(const CurlAnswer& answer) {
  std::string text = answer.start_line + "\n";
  for (const auto& [name, value] : answer.fields) text += name + ": " + value + "\n";
  return text + answer.body;
}

class Secrets : public testing::TestWithParam<const char*> {
 protected:
  /// `format` is that of the access log.
  static GatewayConfig config(const std::string& upstream) {
    return {
        .upstream = upstream,
        .upstream_options =
            "circuit_breaker: {consecutive_failures: 2, open_for: 1h}, "
            "health_check: {interval: 50ms}",
        .rate_limit = "{rules: [{name: each, key: api_key, rate: 1/h, burst: 100}]}",
        .error_options = ", detail: true",
        .more = "access_log: {format: '" + std::string(GetParam()) + "'}\n" + std::string(kAdmin)};
  }
};

TEST_P(Secrets, StayOutOfEverythingThatIsWrittenAboutRefusals) {
  const Service service(Upstream::h1);
  Gateway gateway(config(service.url()));
  for (const Downstream downstream : kEveryDownstream) {
    for (const CurlRequest& request : refused_requests()) {
      const CurlAnswer answer = gateway.request(downstream, request);
      EXPECT_GE(answer.status(), 400) << request.method << " " << request.path;
      expect_discreet(text_of(answer), request.method + " " + request.path);
    }
  }
  for (const std::string& bytes : broken_requests()) {
    const auto wire = gateway.connect();
    wire->send(bytes);
    expect_discreet(wire->read_to_end(), bytes.substr(0, 40));
  }
  expect_discreet_pages(gateway);
  gateway.stop();
  expect_discreet(gateway.process().out(), "the access log");
  expect_discreet(gateway.process().err(), "the diagnostics");
}

TEST_P(Secrets, StayOutOfEverythingThatIsWrittenAboutForwardedRequests) {
  const Service service(Upstream::h1);
  Gateway gateway(config(service.url()));
  for (const CurlRequest& request : forwarded_requests()) {
    EXPECT_EQ(gateway.request(Downstream::h2, request).status(), 200) << request.path;
  }
  EXPECT_GE(service.requests().size(), forwarded_requests().size());
  expect_discreet_pages(gateway);
  gateway.stop();
  expect_discreet(gateway.process().out(), "the access log");
  expect_discreet(gateway.process().err(), "the diagnostics");
}

TEST_P(Secrets, StayOutOfEverythingThatIsWrittenAboutFailures) {
  const Service service(Upstream::h1, always({.kind = Reaction::Kind::malformed_head}));
  for (const std::string& upstream : {service.url(), std::string("http://127.0.0.1:9")}) {
    Gateway gateway(config(upstream));
    for (const CurlRequest& request : forwarded_requests()) {
      const CurlAnswer answer = gateway.request(Downstream::h1, request);
      EXPECT_GE(answer.status(), 502) << request.path;
      expect_discreet(text_of(answer), request.path);
    }
    expect_discreet_pages(gateway);
    gateway.stop();
    expect_discreet(gateway.process().out(), "the access log");
    expect_discreet(gateway.process().err(), "the diagnostics");
  }
}

TEST_P(Secrets, StayOutOfEverythingThatIsWrittenAboutFiltersInShadow) {
  const Service service(Upstream::h1);
  GatewayConfig settings = config(service.url());
  settings.filters =
      "  - request_id: {}\n"
      "  - api_key: {store: file, file: keys.yaml, shadow: true}\n"
      "  - payload_limit: {max_bytes: 10, shadow: true}\n"
      "  - batch_limit: {shadow: true}\n"
      "  - schema: {shadow: true}\n"
      "  - entitlements: {shadow: true}\n"
      "  - rate_limit: {shadow: true, rules: [{name: each, key: api_key, rate: 1/h, burst: 1}]}\n";
  Gateway gateway(settings);
  for (const CurlRequest& request : refused_requests()) gateway.request(Downstream::h2, request);
  EXPECT_GT(scrape(admin_port(gateway)).sum_of("shadow_refusals_total"), 5);
  expect_discreet_pages(gateway);
  gateway.stop();
  expect_discreet(gateway.process().out(), "the access log");
  expect_discreet(gateway.process().err(), "the diagnostics");
}

TEST_P(Secrets, StayOutOfTheLogWhereUnknownPathsAreForwarded) {
  const Service service(Upstream::h1);
  GatewayConfig settings = config(service.url());
  settings.more += "unknown_paths: forward\n";
  Gateway gateway(settings);
  for (const std::string& path :
       {with_phone("/hlr/"), "/otp/" + std::string(kOneTimeCode) + "/verify",
        "/hooks/" + std::string(kSecret), "/keys/" + std::string(keys::kActive)}) {
    EXPECT_EQ(gateway.request(Downstream::h2, with_all("GET", path)).status(), 200) << path;
  }
  gateway.stop();
  expect_discreet(gateway.process().out(), "the access log");
  expect_discreet(gateway.process().err(), "the diagnostics");
}

TEST_P(Secrets, StayOutOfTheLogWhereAClientMakesItsKeyTheRequestsName) {
  Gateway gateway(config("http://127.0.0.1:9"));
  CurlRequest request = with_all("GET", "/nowhere");
  request.fields.push_back("X-Request-Id: " + std::string(keys::kActive));
  EXPECT_EQ(gateway.request(Downstream::h1, request).status(), 404);
  gateway.stop();
  expect_discreet(gateway.process().out(), "the access log");
  expect_discreet(gateway.process().err(), "the diagnostics");
}

TEST(SecretsOfAConfiguration, StayOutOfWhatIsSaidAboutItsMistakes) {
  const std::string key(keys::kActive);
  const TempDir directory;
  const std::string config =
      write_config(directory, {.more = "redis: {url: 'redis://:" + std::string(kSecret) +
                                       "@127.0.0.1/x', password: " + std::string(kSecret) + "}\n"});
  directory.write("keys.yaml", "accounts: {acct_1: {}}\nkeys:\n  - {sha256: " + key +
                                   ", account: acct_1, name: a}\n  - " + key + "\n  - {" + key +
                                   ": x}\n");
  for (const char* command : {"check", "run"}) {
    const CommandResult result = run({gateway_program(), command, "--config", config});
    EXPECT_EQ(result.exit_code, 1) << command;
    EXPECT_THAT(result.out + result.err, HasSubstr("keys.yaml:3:")) << command;
    expect_discreet(result.out + result.err, command);
  }
}

constexpr const char* kTemplate =
    "%{time} %{request_id} %{client} %{method} %{route} %{path} %{status} %{code} %{error} "
    "%{refused_by} %{filters} %{account} %{key} %{limiter.rule} %{upstream} %{endpoint} "
    "%{upstream_error} %{shadow} %{flags}";

INSTANTIATE_TEST_SUITE_P(, Secrets, testing::Values("json", "combined", kTemplate),
                         [](const auto& test) {
                           const std::string format = test.param;
                           return format == kTemplate ? "Template" : format;
                         });

}  // namespace
}  // namespace trackly::test
