// The token bucket from outside: one process with its own memory, two processes that share one
// Redis, a Redis that is gone, and what is given back there.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/integration/protocol_pairs.h"
#include "tests/support/gateway.h"
#include "tests/support/patience.h"
#include "tests/support/patient_service.h"
#include "tests/support/process.h"
#include "tests/support/redis_server.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"
#include "tests/support/wire.h"

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

// ---------------------------------------------------------------------------- what is given back

/// A bucket in Redis of which each test takes what there is. One worker, so that what it gives back
/// is there before it takes the next; one connection to the service, so that a request behind
/// another has provably not been sent.
class RedisRefund : public testing::Test {
 protected:
  std::unique_ptr<Gateway> gateway(const std::string& upstream, GatewayConfig more = {}) {
    more.upstream = upstream;
    more.upstream_options = "max_connections: 1";
    more.timeouts = "queue: 60s, response: 60s";
    more.workers = 1;
    if (more.rate_limit.empty()) more.rate_limit = redis_limit(1, "deny");
    more.more += "redis: {url: '" + redis_.tcp_url() + "', command_timeout: 10s}\n";
    return std::make_unique<Gateway>(more);
  }
  static int ask(const Gateway& gateway, const CurlRequest& request = get_contacts()) {
    return gateway.request(Downstream::h1, request).status();
  }
  static std::unique_ptr<Wire> send(const Gateway& gateway, std::string_view id,
                                    std::string_view key = keys::kActive) {
    auto client = gateway.connect();
    client->send(http1_request("POST", kSendPath,
                               key_field(key) + "\r\nX-Request-Id: " + std::string(id) +
                                   "\r\nContent-Type: application/json\r\n",
                               kMessage));
    return client;
  }
  /// Returns once the limiter has let the last request pass: its bucket is one of so many.
  void wait_until_granted(const Gateway& gateway, std::size_t buckets) {
    ASSERT_TRUE(eventually([&] {
      const std::string names = redis_.cli({"--scan", "--pattern", "*:single"});
      return static_cast<std::size_t>(std::count(names.begin(), names.end(), '{')) == buckets;
    }));
    wait_until_read(gateway);
  }
  /// Returns once the gateway has read what others have sent it before. Takes nothing.
  static void wait_until_read(const Gateway& gateway) {
    EXPECT_EQ(ask(gateway, with_key(get_contacts(), keys::kUnknown)), 401);
  }

  RedisServer redis_;
};

TEST_F(RedisRefund, WhatNobodyCouldBeConnectedToIsGivenBack) {
  const RefusingPort nobody;
  const auto one = gateway("http://127.0.0.1:" + std::to_string(nobody.number()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(*one, send_message()), 503);
}

TEST_F(RedisRefund, WhatALaterFilterRefusesIsGivenBack) {
  Service service(Upstream::h1);
  const auto one = gateway(
      service.url(),
      {.filters = "  - api_key: {store: file, file: keys.yaml}\n  - rate_limit: " +
                  redis_limit(2, "deny") +
                  "\n  - rate_limit: {store: local, rules: [{name: second, key: api_key, rate: "
                  "1/h, burst: 1}]}\n"});
  EXPECT_EQ(ask(*one), 200);
  for (const char* id : {"first", "second", "third"}) {
    CurlRequest request = get_contacts();
    request.fields.push_back("X-Request-Id: " + std::string(id));
    EXPECT_EQ(ask(*one, request), 429);
    const auto line = one->log_of(id);
    ASSERT_TRUE(line);
    EXPECT_EQ((*line)["/limiter/rule"], "second") << line->json();
  }
}

TEST_F(RedisRefund, WhatMayHaveBeenProcessedIsNotGivenBack) {
  Service service(Upstream::h1, always({.kind = Reaction::Kind::close_connection}));
  const auto one = gateway(service.url());
  EXPECT_EQ(ask(*one, send_message()), 502);
  EXPECT_EQ(ask(*one, send_message()), 429);
}

TEST_F(RedisRefund, AClientThatLeavesAfterTheServiceHasItsRequestGetsNothingBack) {
  PatientService service(Upstream::h1);
  const auto one = gateway(service.url());
  const auto client = send(*one, "leaves");
  ASSERT_TRUE(service.requests().wait_for(0));
  client->reset();
  ASSERT_TRUE(one->log_of("leaves"));
  EXPECT_EQ(ask(*one), 429);
}

TEST_F(RedisRefund, AClientThatLeavesBeforeTheServiceHasItsRequestGetsItAllBack) {
  PatientService service(Upstream::h1);
  const auto one = gateway(service.url());
  const auto other = send(*one, "other", keys::kOther);
  ASSERT_TRUE(service.requests().wait_for(0));
  const auto client = send(*one, "leaves");
  wait_until_granted(*one, 2);
  client->reset();
  const auto line = one->log_of("leaves");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/limiter/rule"], "single") << "it had been granted: " << line->json();
  service.answer();
  EXPECT_EQ(ask(*one), 200);
  EXPECT_EQ(service.requests().size(), 2U);
}

TEST_F(RedisRefund, AClientThatLeavesWhileRedisIsAskedGetsItAllBack) {
  Service service(Upstream::h1);
  const auto one = gateway(service.url());
  EXPECT_EQ(ask(*one, with_key(get_contacts(), keys::kOther)), 200);
  redis_.freeze();
  const auto client = send(*one, "leaves");
  wait_until_read(*one);
  client->reset();
  ASSERT_TRUE(one->log_of("leaves"));
  redis_.thaw();
  EXPECT_TRUE(eventually([&] { return ask(*one) == 200; }));
  EXPECT_EQ(ask(*one), 429);
}

/// A body that is streamed, and grows beyond its cap when the limiter has let it pass already.
class RedisRefundOfAStreamedBody : public RedisRefund {
 protected:
  std::unique_ptr<Gateway> gateway_with_cap(const std::string& upstream) {
    return gateway(upstream,
                   {.payload_limit = "max_bytes: 1000", .more = "unknown_paths: forward\n"});
  }
  static std::unique_ptr<Wire> begin_upload(const Gateway& gateway) {
    auto client = gateway.connect();
    client->send(http1_request("POST", "/api/v9/upload",
                               key_field() + "\r\nTransfer-Encoding: chunked\r\n") +
                 http1_chunk("begun"));
    return client;
  }
};

TEST_F(RedisRefundOfAStreamedBody, ThatIsRefusedBeforeTheServiceHasAnyOfItGivesItAllBack) {
  PatientService service(Upstream::h1);
  const auto one = gateway_with_cap(service.url());
  const auto other = send(*one, "other", keys::kOther);
  ASSERT_TRUE(service.requests().wait_for(0));
  const auto client = begin_upload(*one);
  wait_until_granted(*one, 2);
  client->send(http1_chunk(std::string(1000, ' ')));
  EXPECT_EQ(client->read_message().status(), 413);
  service.answer();
  EXPECT_EQ(ask(*one), 200);
}

TEST_F(RedisRefundOfAStreamedBody, ThatIsRefusedWhenTheServiceHasSomeOfItGivesNothingBack) {
  Service service(Upstream::h1);
  const auto one = gateway_with_cap(service.url());
  // Which leaves a connection that the next need not wait for.
  EXPECT_EQ(ask(*one, with_key(get_contacts(), keys::kOther)), 200);
  const auto client = begin_upload(*one);
  wait_until_granted(*one, 2);
  client->send(http1_chunk(std::string(1000, ' ')));
  EXPECT_EQ(client->read_message().status(), 413);
  EXPECT_EQ(ask(*one), 429);
}

}  // namespace
}  // namespace trackly::test
