// Filters in shadow: what they would refuse reaches the service, and is told to operators only.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/integration/protocol_pairs.h"
#include "tests/support/gateway.h"
#include "tests/support/metrics_page.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

constexpr std::string_view kOneAnHour =
    "store: local, rules: [{name: trial, key: api_key, rate: 1/h, burst: 1}]";

/// The usual chain, one filter of it in shadow.
std::string chain_with(std::string_view in_shadow, std::string_view payload_limit = "5MiB") {
  const auto line = [&](const std::string& name, const std::string& settings) {
    const std::string shadow = name == in_shadow ? "shadow: true" : "shadow: false";
    return "  - " + name + ": {" + settings + (settings.empty() ? "" : ", ") + shadow + "}\n";
  };
  return line("request_id", "") + line("api_key", "file: keys.yaml") +
         line("payload_limit", "max_bytes: " + std::string(payload_limit)) +
         line("batch_limit", "") + line("schema", "") + line("entitlements", "") +
         (in_shadow == "rate_limit" ? line("rate_limit", std::string(kOneAnHour)) : "");
}

CurlRequest named(CurlRequest request, std::string_view id) {
  request.fields.push_back("X-Request-Id: " + std::string(id));
  return request;
}

CurlRequest chunked(CurlRequest request) {
  request.fields.emplace_back("Transfer-Encoding: chunked");
  return request;
}

class Shadow : public testing::TestWithParam<ProtocolPair> {
 protected:
  Shadow() : service_(std::get<1>(GetParam())) {}

  void start(std::string filters, std::string limits = {}) {
    gateway_.emplace(GatewayConfig{.upstream = service_.url(),
                                   .filters = std::move(filters),
                                   .limits = std::move(limits),
                                   .more = std::string(kAdmin)});
  }
  CurlAnswer ask(const CurlRequest& request) {
    return gateway_->request(std::get<0>(GetParam()), request);
  }
  /// The request reaches the service as it is, and its client hears nothing of the finding.
  void expect_forwarded(const CurlRequest& request) {
    const std::size_t before = service_.requests().size();
    const CurlAnswer answer = ask(named(request, "noted"));
    EXPECT_EQ(answer.status(), 200) << answer.body << answer.error;
    EXPECT_EQ(answer.field("retry-after"), "");
    EXPECT_EQ(answer.field("ratelimit"), "");
    EXPECT_EQ(answer.field("ratelimit-policy"), "");
    EXPECT_EQ(answer.field("proxy-status"), "");
    ASSERT_EQ(service_.requests().size(), before + 1);
    EXPECT_TRUE(service_.requests().all().back().body == request.body);
  }
  void expect_noted(std::string_view filter, std::string_view status, std::string_view code) {
    const auto line = gateway_->log_of("noted");
    ASSERT_TRUE(line);
    EXPECT_EQ((*line)["/status"], "200") << line->json();
    EXPECT_FALSE(line->has("/refused_by")) << line->json();
    EXPECT_EQ((*line)["/shadow/0/filter"], filter) << line->json();
    EXPECT_EQ((*line)["/shadow/0/status"], status) << line->json();
    EXPECT_EQ((*line)["/shadow/0/code"], code) << line->json();
    EXPECT_FALSE(line->has("/shadow/1")) << line->json();
    EXPECT_EQ(metrics().sum_of("shadow_refusals_total"), 1);
    EXPECT_EQ(metrics().sum_of("refusals_total"), 0);
  }
  MetricsPage metrics() { return scrape(admin_port(*gateway_)); }

  Service service_;
  std::optional<Gateway> gateway_;
};

TEST_P(Shadow, OfTheKeyCheckLetsStrangersIn) {
  start(chain_with("api_key"));
  CurlRequest request = send_message();
  request.fields[0] = key_field(keys::kUnknown);
  request.fields.emplace_back("X-Account-Id: acct_stolen");
  expect_forwarded(request);
  expect_noted("api_key", "401", "invalid_api_key");
  EXPECT_EQ(service_.requests().all().back().field("x-account-id"), "");
}

TEST_P(Shadow, OfTheKeyCheckKnowsWhoIsSuspendedButDoesNotVouchForIt) {
  start(chain_with("api_key"));
  CurlRequest request = send_message();
  request.fields[0] = key_field(keys::kBillingBlocked);
  expect_forwarded(request);
  expect_noted("api_key", "403", "billing_blocked");
  EXPECT_NE((*gateway_->log_of("noted"))["/account"], "");
  EXPECT_EQ(service_.requests().all().back().field("x-account-id"), "");
}

TEST_P(Shadow, OfTheKeyCheckStillVouchesForWhomItKnows) {
  start(chain_with("api_key"));
  expect_forwarded(send_message());
  EXPECT_FALSE(gateway_->log_of("noted")->has("/shadow"));
  EXPECT_NE(service_.requests().all().back().field("x-account-id"), "");
}

TEST_P(Shadow, OfThePayloadLimitPassesADeclaredLength) {
  start(chain_with("payload_limit", "1000"));
  expect_forwarded(send_message(message_of_size(1001)));
  expect_noted("payload_limit", "413", "payload_too_large");
}

TEST_P(Shadow, OfThePayloadLimitPassesALengthThatShowsOnTheWay) {
  start(chain_with("payload_limit", "1000"));
  expect_forwarded(chunked(send_message(message_of_size(300'000))));
  expect_noted("payload_limit", "413", "payload_too_large");
}

TEST_P(Shadow, OfTheBatchLimitPassesALongBatch) {
  start(chain_with("batch_limit"));
  expect_forwarded(post(kBulkPath, batch_of(1001)));
  expect_noted("batch_limit", "413", "too_many_messages");
}

TEST_P(Shadow, OfTheSchemaPassesWhatBreaksARule) {
  start(chain_with("schema"));
  expect_forwarded(send_message(R"({"list_number":"+14155551234","body":"Hello!"})"));
  expect_noted("schema", "400", "missing_to");
  const std::string series =
      R"(shadow_refusals_total{route="/api/v2/send",method="POST",filter="schema",code="missing_to",key=")";
  const MetricsPage page = metrics();
  const auto found = page.series().lower_bound(series);
  ASSERT_NE(found, page.series().end());
  EXPECT_EQ(found->first, series + (*gateway_->log_of("noted"))["/key"] + "\"}");
}

TEST_P(Shadow, OfTheSchemaPassesWhatIsNoJson) {
  start(chain_with("schema"));
  expect_forwarded(send_message("neither JSON\nnor anything"));
  expect_noted("schema", "400", "invalid_input");
}

TEST_P(Shadow, OfTheEntitlementsPassesWhatTheAccountMayNot) {
  start(chain_with("entitlements"));
  CurlRequest request =
      send_message(R"({"to":"+4915112345678","list_number":"+14155551234","body":"Hello!"})");
  request.fields[0] = key_field(keys::kRestricted);
  expect_forwarded(request);
  expect_noted("entitlements", "403", "geo_restricted");
}

TEST_P(Shadow, OfTheLimiterPassesWhatIsTooMuch) {
  start(chain_with("rate_limit"));
  EXPECT_EQ(ask(send_message()).field("ratelimit"), "");
  expect_forwarded(send_message());
  expect_noted("rate_limit", "429", "rate_limited");
  EXPECT_EQ((*gateway_->log_of("noted"))["/shadow/0/rule"], "trial");
}

TEST_P(Shadow, OfALimiterWhoseStoreIsGonePasses) {
  start(
      "  - request_id: {}\n"
      "  - rate_limit: {shadow: true, store: redis, on_store_failure: deny, rules: [{name: trial, "
      "key: address, rate: 1/h}]}\n"
      "redis: {url: 'redis://127.0.0.1:1'}\n");
  expect_forwarded(send_message());
  expect_noted("rate_limit", "503", "redis_unavailable");
}

TEST_P(Shadow, OfEveryFilterNotesAllThatIsWrong) {
  start(
      "  - api_key: {shadow: true}\n"
      "  - payload_limit: {max_bytes: 10, shadow: true}\n"
      "  - batch_limit: {shadow: true}\n"
      "  - schema: {shadow: true}\n");
  CurlRequest request = send_message("{}");
  request.fields[0] = "X-Api-Key: nonsense";
  request.body = R"({"from":"nobody"})";
  const CurlAnswer answer = ask(named(request, "noted"));
  EXPECT_EQ(answer.status(), 200) << answer.body;
  const auto line = gateway_->log_of("noted");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/shadow/0/code"], "invalid_api_key") << line->json();
  EXPECT_EQ((*line)["/shadow/1/code"], "payload_too_large") << line->json();
  EXPECT_EQ((*line)["/shadow/2/filter"], "schema") << line->json();
}

// What cannot be held for a filter in shadow is forwarded all the same, byte for byte.
TEST_P(Shadow, OfTheSchemaPassesABodyThatIsMoreThanIsHeld) {
  start("  - schema: {shadow: true}\n");
  for (const CurlRequest& request :
       {send_message(message_of_size(6 << 20)), chunked(send_message(message_of_size(6 << 20)))}) {
    expect_forwarded(request);
  }
  const auto line = gateway_->log_of("noted");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/shadow/0/unjudged"], "body_memory") << line->json();
  EXPECT_EQ(metrics().sum_of("shadow_unjudged_total"), 2);
  EXPECT_EQ(metrics().sum_of("shadow_refusals_total"), 0);
  EXPECT_EQ(metrics()["body_memory_bytes"], 0);
}

TEST_P(Shadow, OfTheSchemaLeavesHalfOfTheMemoryToOthers) {
  start("  - schema: {shadow: true}\n", "body_memory: 64KiB");
  expect_forwarded(send_message(message_of_size(40'000)));
  const auto line = gateway_->log_of("noted");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/shadow/0/unjudged"], "body_memory") << line->json();
}

// The body grows beyond what a filter in shadow may hold, and then another one needs all of it.
TEST_P(Shadow, OfABatchLimitLeavesALargeBodyToTheSchema) {
  start(
      "  - payload_limit: {max_bytes: 1000, shadow: true}\n"
      "  - batch_limit: {shadow: true}\n"
      "  - schema: {}\n");
  expect_forwarded(chunked(post(kBulkPath, batch_of(500))));
  const CurlAnswer refused =
      ask(chunked(post(kBulkPath, R"({"messages":7,"x":")" + std::string(50'000, 'x') + "\"}")));
  EXPECT_EQ(refused.status(), 400) << refused.body;
  const auto line = gateway_->log_of("noted");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/shadow/0/filter"], "payload_limit") << line->json();
  EXPECT_EQ((*line)["/shadow/1/filter"], "batch_limit") << line->json();
  EXPECT_EQ((*line)["/shadow/1/unjudged"], "body_memory") << line->json();
}

INSTANTIATE_TEST_SUITE_P(, Shadow, every_pair(), [](const auto& test) { return pair_name(test); });

}  // namespace
}  // namespace trackly::test
