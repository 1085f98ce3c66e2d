#include "gateway/observe/request_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/observe/request_history.h"
#include "gateway/observe/top_refusals.h"

namespace trackly::observe {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

struct Api : ApiDescription {
  Api() {
    unknown.is_unknown = true;
    add("GET", "/contacts/{phone_number}");
    add("POST", "/send");
  }
  void add(std::string method, std::string path) {
    operations.emplace_back();
    operations.back().method = std::move(method);
    operations.back().path = std::move(path);
  }
};

Settings settings() {
  Settings settings;
  for (const char* filter : {"api_key", "schema", "api_key"}) {
    settings.filters.push_back({filter, {}, {}});
  }
  for (const char* upstream : {"default", "media"}) {
    settings.upstreams.emplace_back();
    settings.upstreams.back().name = upstream;
  }
  return settings;
}

ErrorCatalogue catalogue() {
  std::vector<ErrorEntry> entries;
  const auto add = [&](std::string id, int status, std::string code) {
    ErrorEntry& entry = entries.emplace_back();
    entry.id = std::move(id);
    entry.status = status;
    entry.code = std::move(code);
    entry.text = "text";
  };
  add("missing_api_key", 401, "missing_api_key");
  add("invalid_phone.recipient", 400, "invalid_phone");
  add("invalid_phone.e164", 400, "invalid_phone");
  add("suspended", 403, "");
  add("product_not_enabled", 403, "{product}_not_enabled");
  add("provider_error", 503, "provider_error");
  add("provider_sync_failed", 502, "provider_sync_failed");
  return ErrorCatalogue(std::move(entries));
}

class RequestMetricsTest : public testing::Test {
 protected:
  static Exchange request(std::string method, const Operation* operation, int status) {
    Exchange exchange;
    exchange.request.method = std::move(method);
    exchange.operation = operation;
    exchange.status = status;
    exchange.finished = milliseconds(3);
    return exchange;
  }
  Exchange send(int status) { return request("POST", &api_.operations[1], status); }

  /// A request that an upstream was asked about, and that did not go well.
  Exchange failed(UpstreamFailure failure, bool delivered) {
    Exchange exchange = send(delivered ? 502 : 503);
    exchange.upstream = "default";
    exchange.attempts = 1;
    exchange.failure = failure;
    exchange.delivered = delivered;
    exchange.local_reply = errors_.reply(delivered ? "provider_sync_failed" : "provider_error");
    return exchange;
  }
  Exchange refused(std::string_view filter, std::string_view error) {
    Exchange exchange = send(0);
    exchange.refused_by = filter;
    exchange.local_reply = errors_.reply(error);
    exchange.status = exchange.local_reply->status;
    return exchange;
  }

  std::string text() const {
    MetricsText text;
    append_request_metrics(text, *labels_, std::vector<const RequestMetrics*>{&metrics_, &others_});
    return text.text();
  }
  /// The value of a series; -1 where there is none.
  double value(std::string_view series) const {
    const std::string all = text();
    const std::string line = "\ntrackly_gateway_" + std::string(series) + " ";
    const std::size_t at = all.find(line);
    return at == std::string::npos ? -1 : std::stod(all.substr(at + line.size()));
  }
  std::size_t lines() const {
    const std::string all = text();
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n'));
  }

  const Settings settings_ = settings();
  const Api api_;
  const ErrorCatalogue errors_ = catalogue();
  const std::shared_ptr<const RequestLabels> labels_ =
      std::make_shared<const RequestLabels>(settings_, api_, errors_);
  RequestMetrics metrics_{labels_};
  RequestMetrics others_{labels_};  // another worker's
};

TEST_F(RequestMetricsTest, CountsByRouteMethodAndStatus) {
  metrics_.note(*labels_, send(200));
  metrics_.note(*labels_, send(200));
  metrics_.note(*labels_, send(502));
  metrics_.note(*labels_, request("GET", &api_.operations[0], 200));
  EXPECT_EQ(value(R"(requests_total{route="/send",method="POST",status="200"})"), 2);
  EXPECT_EQ(value(R"(requests_total{route="/send",method="POST",status="502"})"), 1);
  EXPECT_EQ(value(R"(requests_total{route="/contacts/{phone_number}",method="GET",status="200"})"),
            1);
}

TEST_F(RequestMetricsTest, SumsOverWorkers) {
  metrics_.note(*labels_, send(200));
  others_.note(*labels_, send(200));
  EXPECT_EQ(value(R"(requests_total{route="/send",method="POST",status="200"})"), 2);
  EXPECT_EQ(value(R"(request_duration_seconds_count{route="/send",method="POST"})"), 2);
}

TEST_F(RequestMetricsTest, AHeadRequestCountsWhereItsOperationDoes) {
  metrics_.note(*labels_, request("HEAD", &api_.operations[0], 200));
  EXPECT_EQ(value(R"(requests_total{route="/contacts/{phone_number}",method="GET",status="200"})"),
            1);
}

TEST_F(RequestMetricsTest, UnknownPathsAreOneRouteAndMadeUpMethodsOneMethod) {
  metrics_.note(*labels_, request("GET", nullptr, 404));
  metrics_.note(*labels_, request("GET", &api_.unknown, 200));
  metrics_.note(*labels_, request("BREW", nullptr, 404));
  metrics_.note(*labels_, request("get", nullptr, 404));
  metrics_.note(*labels_, request("", nullptr, 400));
  EXPECT_EQ(value(R"(requests_total{route="unknown",method="GET",status="404"})"), 1);
  EXPECT_EQ(value(R"(requests_total{route="unknown",method="GET",status="200"})"), 1);
  EXPECT_EQ(value(R"(requests_total{route="unknown",method="other",status="404"})"), 2);
  EXPECT_EQ(value(R"(requests_total{route="unknown",method="other",status="400"})"), 1);
}

TEST_F(RequestMetricsTest, AStatusThatNobodyGotOrThatIsNoneHasASeriesOfItsOwn) {
  for (const int status : {0, 100, 599, 600, 999, 99, 1 << 30})
    metrics_.note(*labels_, send(status));
  EXPECT_EQ(value(R"(requests_total{route="/send",method="POST",status="none"})"), 1);
  EXPECT_EQ(value(R"(requests_total{route="/send",method="POST",status="100"})"), 1);
  EXPECT_EQ(value(R"(requests_total{route="/send",method="POST",status="599"})"), 1);
  EXPECT_EQ(value(R"(requests_total{route="/send",method="POST",status="other"})"), 4);
}

TEST_F(RequestMetricsTest, ADurationCountsInTheFirstBucketThatHasRoomForIt) {
  Exchange exchange = send(200);
  for (const Duration duration : {Duration::zero(), Duration(milliseconds(1)),
                                  Duration(milliseconds(1)) + Duration(1), Duration(seconds(31))}) {
    exchange.finished = duration;
    metrics_.note(*labels_, exchange);
  }
  const auto bucket = [&](const std::string& bound) {
    return value(R"(request_duration_seconds_bucket{route="/send",method="POST",le=")" + bound +
                 "\"}");
  };
  EXPECT_EQ(bucket("0.001"), 2);
  EXPECT_EQ(bucket("0.0025"), 3);
  EXPECT_EQ(bucket("30"), 3);
  EXPECT_EQ(bucket("+Inf"), 4);
  EXPECT_DOUBLE_EQ(value(R"(request_duration_seconds_sum{route="/send",method="POST"})"),
                   31.002000001);
}

TEST_F(RequestMetricsTest, RefusalsCountByFilterAndCode) {
  metrics_.note(*labels_, refused("schema", "invalid_phone.recipient"));
  metrics_.note(*labels_, refused("schema", "invalid_phone.e164"));
  metrics_.note(*labels_, refused("api_key", "suspended"));
  metrics_.note(*labels_, refused("", "missing_api_key"));
  const auto count = [&](const std::string& filter, const std::string& code) {
    return value(R"(refusals_total{route="/send",method="POST",filter=")" + filter + R"(",code=")" +
                 code + "\"}");
  };
  EXPECT_EQ(count("schema", "invalid_phone"), 2);
  EXPECT_EQ(count("api_key", "none"), 1);
  EXPECT_EQ(count("gateway", "missing_api_key"), 1);
}

TEST_F(RequestMetricsTest, ACodeThatIsFilledFromARuleCountsUnderItsPattern) {
  Exchange exchange = refused("schema", "product_not_enabled");
  exchange.local_reply = errors_.reply("product_not_enabled", {{"product", "otp"}});
  metrics_.note(*labels_, exchange);
  EXPECT_THAT(text(), HasSubstr(R"(code="{product}_not_enabled"} 1)"));
}

TEST_F(RequestMetricsTest, AnAnswerOfNoCatalogueHasNoCode) {
  Exchange exchange = refused("schema", "suspended");
  exchange.local_reply = std::make_shared<ErrorReply>();
  metrics_.note(*labels_, exchange);
  EXPECT_THAT(text(), HasSubstr(R"(filter="schema",code="none"} 1)"));
}

TEST_F(RequestMetricsTest, AFailedUpstreamIsNoRefusal) {
  metrics_.note(*labels_, failed(UpstreamFailure::connection_refused, false));
  EXPECT_THAT(text(), Not(HasSubstr("refusals_total{")));
}

TEST_F(RequestMetricsTest, WhatWasNotDeliveredAndWhatNobodyKnowsAreCountedApart) {
  metrics_.note(*labels_, failed(UpstreamFailure::connection_refused, false));
  metrics_.note(*labels_, failed(UpstreamFailure::connection_closed, true));
  metrics_.note(*labels_, failed(UpstreamFailure::connection_closed, true));
  EXPECT_EQ(value(R"(upstream_requests_total{upstream="default"})"), 3);
  EXPECT_EQ(value(R"(upstream_undelivered_total{upstream="default"})"), 1);
  EXPECT_EQ(value(R"(upstream_outcome_unknown_total{upstream="default"})"), 2);
  EXPECT_EQ(value(R"(upstream_failures_total{upstream="default",error="connection_refused"})"), 1);
  EXPECT_EQ(value(R"(upstream_failures_total{upstream="default",error="connection_closed"})"), 2);
}

TEST_F(RequestMetricsTest, AForeign503IsWhatTheServiceItselfHasSaid) {
  Exchange exchange = failed(UpstreamFailure::foreign_error, true);
  exchange.received_status = 503;
  metrics_.note(*labels_, exchange);
  EXPECT_EQ(value(R"(upstream_failures_total{upstream="default",error="foreign_error"})"), 1);
  EXPECT_EQ(value(R"(upstream_undelivered_total{upstream="default"})"), 0);
  EXPECT_EQ(value(R"(upstream_outcome_unknown_total{upstream="default"})"), 0);
}

TEST_F(RequestMetricsTest, ACutAnswerIsAFailureOnly) {
  Exchange exchange = failed(UpstreamFailure::truncated_response, true);
  exchange.local_reply = nullptr;
  exchange.received_status = 200;
  exchange.cut = true;
  metrics_.note(*labels_, exchange);
  EXPECT_EQ(value(R"(upstream_failures_total{upstream="default",error="truncated_response"})"), 1);
  EXPECT_EQ(value(R"(upstream_outcome_unknown_total{upstream="default"})"), 0);
}

TEST_F(RequestMetricsTest, AttemptsAndRepeatsAddUp) {
  Exchange exchange = send(200);
  exchange.upstream = "media";
  exchange.attempts = 3;
  exchange.repeats = 2;
  metrics_.note(*labels_, exchange);
  metrics_.note(*labels_, exchange);
  EXPECT_EQ(value(R"(upstream_attempts_total{upstream="media"})"), 6);
  EXPECT_EQ(value(R"(upstream_repeats_total{upstream="media"})"), 4);
  EXPECT_EQ(value(R"(upstream_attempts_total{upstream="default"})"), 0);
}

TEST_F(RequestMetricsTest, TheServicesTimeBeginsWhenTheFiltersAreDone) {
  Exchange exchange = send(200);
  exchange.upstream = "media";
  exchange.chain_done = seconds(20);
  exchange.upstream_head = seconds(20) + milliseconds(4);
  metrics_.note(*labels_, exchange);
  EXPECT_EQ(value(R"(upstream_response_seconds_bucket{upstream="media",le="0.0025"})"), 0);
  EXPECT_EQ(value(R"(upstream_response_seconds_bucket{upstream="media",le="0.005"})"), 1);
}

TEST_F(RequestMetricsTest, EveryUpstreamAndEveryFailureIsThereFromTheStart) {
  for (std::size_t failure = 1; failure < kUpstreamFailures; ++failure) {
    const std::string name(to_string(static_cast<UpstreamFailure>(failure)));
    EXPECT_FALSE(name.empty()) << failure;
    EXPECT_EQ(value("upstream_failures_total{upstream=\"media\",error=\"" + name + "\"}"), 0);
  }
  EXPECT_EQ(to_string(static_cast<UpstreamFailure>(kUpstreamFailures)), "");
  EXPECT_EQ(value(R"(upstream_response_seconds_count{upstream="media"})"), 0);
}

TEST_F(RequestMetricsTest, FiltersHaveTheirOwnTimes) {
  Exchange exchange = send(200);
  exchange.trace = {{"api_key", microseconds(4)}, {"schema", milliseconds(2)}};
  metrics_.note(*labels_, exchange);
  exchange.trace.pop_back();
  others_.note(*labels_, exchange);
  EXPECT_EQ(value(R"(filter_duration_seconds_bucket{filter="api_key",le="0.000005"})"), 2);
  EXPECT_EQ(value(R"(filter_duration_seconds_bucket{filter="schema",le="0.001"})"), 0);
  EXPECT_EQ(value(R"(filter_duration_seconds_bucket{filter="schema",le="0.005"})"), 1);
  EXPECT_EQ(value(R"(filter_duration_seconds_count{filter="gateway"})"), -1);
}

TEST_F(RequestMetricsTest, LimiterDecisionsCountByTheirStore) {
  Exchange exchange = send(200);
  metrics_.note(*labels_, exchange);
  for (const std::string_view store : kLimiterStores) {
    exchange.limiter.store_mode = store;
    metrics_.note(*labels_, exchange);
    EXPECT_EQ(value("limiter_decisions_total{store=\"" + std::string(store) + "\"}"), 1) << store;
  }
}

TEST_F(RequestMetricsTest, WhatWasCountedEarlierIsNotLost) {
  Exchange exchange = refused("schema", "suspended");
  exchange.trace = {{"schema", milliseconds(2)}};
  exchange.limiter.store_mode = "redis-local";
  others_.note(*labels_, exchange);
  metrics_.note(*labels_, exchange);
  metrics_.absorb(others_);
  const std::vector<const RequestMetrics*> absorbed{&metrics_};
  MetricsText text;
  append_request_metrics(text, *labels_, absorbed);
  for (const char* line :
       {R"(filter_duration_seconds_count{filter="schema"} 2)",
        R"(limiter_decisions_total{store="redis-local"} 2)", R"(filter="schema",code="none"} 2)"}) {
    EXPECT_THAT(text.text(), HasSubstr(line));
  }
}

TEST_F(RequestMetricsTest, FormerConfigurationsTakeNoMemoryAlsoWhereNobodyAsksForTheirCounts) {
  RequestHistory history;
  auto former = std::make_shared<RequestMetrics>(labels_);
  former->note(*labels_, failed(UpstreamFailure::queue_full, false));
  const std::weak_ptr<RequestMetrics> memory = former;
  auto in_use = std::make_shared<const int>();
  history.retire(std::weak_ptr<const void>(in_use), {std::move(former)}, labels_);
  EXPECT_FALSE(memory.expired()) << "a request may still be counted there";
  in_use.reset();
  history.retire({}, {std::make_shared<RequestMetrics>(labels_)}, labels_);
  EXPECT_TRUE(memory.expired());

  const std::unique_ptr<const RequestMetrics> sum = history.sum(labels_);
  MetricsText text;
  append_request_metrics(text, *labels_, std::vector<const RequestMetrics*>{sum.get()});
  EXPECT_THAT(text.text(),
              HasSubstr(R"(upstream_failures_total{upstream="default",error="queue_full"} 1)"));
}

TEST_F(RequestMetricsTest, TheMostFrequentRefusalsComeFirst) {
  const std::vector<const RequestMetrics*> workers{&metrics_, &others_};
  EXPECT_TRUE(top_refusals(*labels_, workers, 10).empty());
  metrics_.note(*labels_, refused("api_key", "suspended"));
  for (int i = 0; i < 2; ++i) {
    metrics_.note(*labels_, refused("schema", "invalid_phone.e164"));
    others_.note(*labels_, refused("schema", "invalid_phone.e164"));
    others_.note(*labels_, refused("api_key", "missing_api_key"));
  }
  const auto top = top_refusals(*labels_, workers, 2);
  ASSERT_EQ(top.size(), 2U);
  EXPECT_EQ(top[0].route, "/send");
  EXPECT_EQ(top[0].method, "POST");
  EXPECT_EQ(top[0].filter, "schema");
  EXPECT_EQ(top[0].code, "invalid_phone");
  EXPECT_EQ(top[0].count, 4U);
  EXPECT_EQ(top[1].code, "missing_api_key");
}

TEST_F(RequestMetricsTest, WhatClientsMakeUpMakesNoSeries) {
  const auto ask = [&](const std::string& made_up) {
    Exchange exchange = request(made_up, nullptr, 404);
    exchange.path = made_up;
    exchange.local_reply = errors_.reply("missing_api_key");
    metrics_.note(*labels_, exchange);
  };
  ask("BREW");
  const std::size_t before = lines();
  for (int i = 0; i < 10000; ++i) ask("METHOD" + std::to_string(i));
  EXPECT_EQ(lines(), before);
}

TEST_F(RequestMetricsTest, IsReadWhileItCounts) {
  std::thread worker([this] {
    for (int i = 0; i < 20000; ++i)
      metrics_.note(*labels_, failed(UpstreamFailure::queue_full, false));
  });
  double before = 0;
  while (before < 20000) {
    const double now = value(R"(upstream_failures_total{upstream="default",error="queue_full"})");
    EXPECT_GE(now, before);
    before = now;
  }
  worker.join();
  EXPECT_EQ(value(R"(request_duration_seconds_count{route="/send",method="POST"})"), 20000);
}

}  // namespace
}  // namespace trackly::observe
