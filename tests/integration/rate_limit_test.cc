// The token bucket from outside: one process with its own memory, two processes that share one
// Redis, and a Redis that is gone.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/protocol_pairs.h"
#include "tests/support/gateway.h"
#include "tests/support/process.h"
#include "tests/support/redis_server.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

constexpr std::string_view kLimited = R"({"error":"Rate limit exceeded","code":"rate_limited"})";
constexpr std::string_view kNoRedis = R"({"error":"Redis unavailable","code":"redis_unavailable"})";

/// A rule that refills so slowly that a test sees its burst only.
std::string rule(int burst, std::string_view more = "") {
  return "{name: single, key: api_key, rate: 1/h, burst: " + std::to_string(burst) +
         std::string(more) + "}";
}
std::string local_limit(int burst, std::string_view more = "") {
  return "{store: local, rules: [" + rule(burst, more) + "]}";
}
std::string redis_limit(int burst, std::string_view on_failure = "local") {
  return "{store: redis, on_store_failure: " + std::string(on_failure) + ", rules: [" +
         rule(burst) + "]}";
}

CurlRequest with_key(CurlRequest request, std::string_view key) {
  request.fields[0] = key_field(key);
  return request;
}

void expect_limited(const CurlAnswer& answer) {
  EXPECT_EQ(answer.status(), 429);
  EXPECT_EQ(answer.body, kLimited);
  EXPECT_GE(std::atoi(answer.field("retry-after").c_str()), 1);
  EXPECT_NE(answer.field("ratelimit-policy").find("\"single\""), std::string::npos)
      << answer.field("ratelimit-policy");
  EXPECT_NE(answer.field("ratelimit").find("\"single\";r=0"), std::string::npos)
      << answer.field("ratelimit");
}

class LocalRateLimit : public testing::TestWithParam<Downstream> {};

TEST_P(LocalRateLimit, AdmitsTheBurstAndRefusesTheNext) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .workers = 4, .rate_limit = local_limit(3)});
  for (int left = 2; left >= 0; --left) {
    const CurlAnswer answer = gateway.request(GetParam(), get_contacts());
    EXPECT_EQ(answer.status(), 200);
    EXPECT_NE(answer.field("ratelimit").find("r=" + std::to_string(left)), std::string::npos)
        << answer.field("ratelimit");
  }
  CurlRequest refused = get_contacts();
  refused.fields.emplace_back("X-Request-Id: refused");
  expect_limited(gateway.request(GetParam(), refused));
  EXPECT_EQ(service.requests().size(), 3u);

  const auto line = gateway.log_of("refused");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/refused_by"], "rate_limit") << line->json();
  EXPECT_EQ((*line)["/limiter/rule"], "single") << line->json();
  EXPECT_EQ((*line)["/limiter/remaining"], "0") << line->json();
  EXPECT_EQ((*line)["/limiter/store"], "local") << line->json();
}

TEST_P(LocalRateLimit, CountsEachKeyForItself) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .rate_limit = local_limit(1)});
  EXPECT_EQ(gateway.request(GetParam(), get_contacts()).status(), 200);
  EXPECT_EQ(gateway.request(GetParam(), get_contacts()).status(), 429);
  EXPECT_EQ(gateway.request(GetParam(), with_key(get_contacts(), keys::kOther)).status(), 200);
}

TEST_P(LocalRateLimit, ChargesABatchByItsItems) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(),
                   .rate_limit = "{store: local, rules: [{name: daily, key: account, quota: "
                                 "1500/day, cost: items, error: daily_cap_exceeded, match: {tags: "
                                 "[send]}}]}"});
  EXPECT_EQ(gateway.request(GetParam(), post(kBulkPath, batch_of(1000))).status(), 200);
  // 500 are left, for whichever key of the account.
  const CurlAnswer refused =
      gateway.request(GetParam(), with_key(post(kBulkPath, batch_of(501)), keys::kActiveToo));
  EXPECT_EQ(refused.status(), 429);
  EXPECT_EQ(refused.body, R"({"error":"Daily send cap exceeded","code":"daily_cap_exceeded"})");
  EXPECT_EQ(gateway.request(GetParam(), post(kBulkPath, batch_of(499))).status(), 200);
  EXPECT_EQ(gateway.request(GetParam(), send_message()).status(), 200);
  EXPECT_EQ(gateway.request(GetParam(), send_message()).status(), 429);
  EXPECT_EQ(gateway.request(GetParam(), get_contacts()).status(), 200);
}

TEST_P(LocalRateLimit, ChargesNothingForWhatAnotherRuleRefused) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .rate_limit = local_limit(1)});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(gateway.request(GetParam(), send_message("{}")).status(), 400);
  }
  EXPECT_EQ(gateway.request(GetParam(), send_message()).status(), 200);
}

TEST_P(LocalRateLimit, GivesBackWhatWasProvablyNotDelivered) {
  const RefusingPort nobody;
  Gateway gateway({.upstream = "http://127.0.0.1:" + std::to_string(nobody.number()),
                   .rate_limit = local_limit(1)});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(gateway.request(GetParam(), send_message()).status(), 503);
  }
}

INSTANTIATE_TEST_SUITE_P(, LocalRateLimit, testing::ValuesIn(kEveryDownstream),
                         [](const auto& test) { return pair_name(test.param, Upstream::h1); });

TEST(LocalRateLimitH2H1, IsExactUnderConcurrency) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .workers = 4, .rate_limit = local_limit(100)});
  const CommandResult h2load =
      run({"h2load", "-n", "1000", "-c", "8", "-m", "10", "-H", key_field(),
           "http://127.0.0.1:" + std::to_string(gateway.port()) + std::string(kContactsPath)});
  EXPECT_NE(h2load.out.find("status codes: 100 2xx, 0 3xx, 900 4xx, 0 5xx"), std::string::npos)
      << h2load.out;
  EXPECT_EQ(service.requests().size(), 100u);
}

// ------------------------------------------------------------------------------------- Redis

class RedisRateLimit : public testing::TestWithParam<bool> {
 protected:
  GatewayConfig config(int burst, std::string_view on_failure = "local") {
    return {
        .upstream = service_.url(),
        .rate_limit = redis_limit(burst, on_failure),
        .more = "redis: {url: '" + (GetParam() ? redis_.unix_url() : redis_.tcp_url()) + "'}\n"};
  }
  Service service_{Upstream::h1};
  RedisServer redis_;
};

TEST_P(RedisRateLimit, IsOneBucketForTwoGateways) {
  Gateway one(config(10));
  Gateway two(config(10));
  int admitted = 0;
  for (int i = 0; i < 10; ++i) {
    for (Gateway* gateway : {&one, &two}) {
      const CurlAnswer answer = gateway->request(Downstream::h1, get_contacts());
      if (answer.status() == 200) {
        ++admitted;
      } else {
        expect_limited(answer);
      }
    }
  }
  EXPECT_EQ(admitted, 10);
  EXPECT_EQ(one.log().back()["/limiter/store"], "redis") << one.log().back().json();
}

TEST_P(RedisRateLimit, KeepsNoKeyInClearAndLetsBucketsExpire) {
  Gateway gateway(config(10));
  EXPECT_EQ(gateway.request(Downstream::h1, get_contacts()).status(), 200);
  const std::string names = redis_.cli({"--scan"});
  ASSERT_NE(names, "");
  EXPECT_EQ(names.find(keys::kActive), std::string::npos);
  const std::string name = names.substr(0, names.find('\n'));
  EXPECT_GT(std::atoll(redis_.cli({"pttl", name}).c_str()), 0);
}

TEST_P(RedisRateLimit, SurvivesAScriptFlush) {
  Gateway gateway(config(10));
  EXPECT_EQ(gateway.request(Downstream::h1, get_contacts()).status(), 200);
  redis_.cli({"script", "flush"});
  EXPECT_EQ(gateway.request(Downstream::h1, get_contacts()).status(), 200);
  EXPECT_EQ(gateway.log().back()["/limiter/store"], "redis") << gateway.log().back().json();
}

/// What a mode answers while Redis is gone, and what the log calls it.
struct FailureMode {
  const char* name;
  int status;
  const char* store_mode;
};
constexpr FailureMode kFailureModes[] = {
    {"local", 200, "redis-local"}, {"deny", 503, "redis-deny"}, {"allow", 200, "redis-allow"}};

TEST_P(RedisRateLimit, AnswersAsConfiguredWhileRedisIsGone) {
  for (const FailureMode& mode : kFailureModes) {
    SCOPED_TRACE(mode.name);
    Gateway gateway(config(100, mode.name));
    EXPECT_EQ(gateway.request(Downstream::h1, get_contacts()).status(), 200);

    for (const bool killed : {false, true}) {
      SCOPED_TRACE(killed ? "killed" : "stopped");
      killed ? redis_.kill() : redis_.freeze();
      for (int i = 0; i < 3; ++i) {
        CurlRequest request = get_contacts();
        const std::string id = "gone-" + std::to_string(killed) + std::to_string(i);
        request.fields.push_back("X-Request-Id: " + id);
        const CurlAnswer answer = gateway.request(Downstream::h2, request);
        EXPECT_EQ(answer.status(), mode.status);
        if (mode.status == 503) {
          EXPECT_EQ(answer.body, kNoRedis);
          EXPECT_GE(std::atoi(answer.field("retry-after").c_str()), 1);
        }
        const auto line = gateway.log_of(id);
        ASSERT_TRUE(line);
        EXPECT_EQ((*line)["/limiter/store"], mode.store_mode) << line->json();
      }
      killed ? redis_.start() : redis_.thaw();
      // It comes back by itself.
      const Deadline deadline(kPatience);
      std::string store_mode;
      for (int i = 0; store_mode != "redis" && !deadline.passed(); ++i) {
        CurlRequest request = get_contacts();
        const std::string id = "back-" + std::to_string(killed) + std::to_string(i);
        request.fields.push_back("X-Request-Id: " + id);
        gateway.request(Downstream::h1, request);
        store_mode = gateway.log_of(id).value_or(LogLine("{}"))["/limiter/store"];
      }
      EXPECT_EQ(store_mode, "redis");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(H1H1, RedisRateLimit, testing::Bool(), [](const auto& test) {
  return std::string(test.param ? "UnixSocket" : "Tcp");
});

}  // namespace
}  // namespace trackly::test
