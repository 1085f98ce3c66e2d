// `check --connect` and `explain --connect`: what the gateway depends on, found as it is.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/process.h"
#include "tests/support/redis_server.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tls_certificate.h"

namespace trackly::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

/// An address where nobody listens.
constexpr const char* kNobody = "http://127.0.0.1:1";

std::string tls_listener(const CertificateFiles& files) {
  return "{address: '127.0.0.1:0', tls: {certificate: " + files.certificate +
         ", private_key: " + files.private_key + "}}";
}

class CheckConnect : public testing::Test {
 protected:
  CommandResult check(const std::string& upstream, const std::string& more = "",
                      const std::string& listener = "{address: '127.0.0.1:0'}") {
    const std::string rules = std::string(TRACKLY_SOURCE_DIR) + "/config/trackly";
    const std::string path =
        directory_.write("gateway.yaml", "listeners: [" + listener + "]\napi: " + rules +
                                             "/openapi.yaml\nerrors: {catalogue: " + rules +
                                             "/errors.yaml}\nfilters: []\nupstreams: {default: {" +
                                             upstream + "}}\n" + more);
    return run({gateway_program(), "check", "--config", path, "--connect"}, {});
  }
  static std::string endpoint(const std::string& url) { return "endpoints: ['" + url + "']"; }

  TempDir directory_;
};

TEST_F(CheckConnect, FindsThatAllIsWell) {
  RedisServer redis({"--requirepass", "sesame"});
  Service service(Upstream::h1);
  const CommandResult result =
      check(endpoint(service.url()) + ", health_check: {path: /well}",
            "redis: {url: 'redis://:sesame@127.0.0.1:" + std::to_string(redis.port()) + "'}\n",
            tls_listener(test_certificate()));
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("ok      certificate of 127.0.0.1:0 "));
  EXPECT_THAT(result.out, HasSubstr(": answers, a primary ("));
  EXPECT_THAT(result.out, HasSubstr("ok      upstream default " + service.url() +
                                    ": passes its health check ("));
  EXPECT_THAT(result.out, Not(HasSubstr("sesame")));
}

TEST_F(CheckConnect, OnlyConnectsWhereThereIsNoHealthCheck) {
  Service service(Upstream::h1);
  const CommandResult result = check(endpoint(service.url()));
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_THAT(result.out, HasSubstr("accepts connections ("));
  EXPECT_EQ(service.requests().size(), 0U);
}

TEST_F(CheckConnect, SaysThatNobodyListens) {
  const CommandResult result = check(endpoint(kNobody));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("FAILED  upstream default http://127.0.0.1:1: "
                                    "connection refused ("));
}

TEST_F(CheckConnect, SaysWhatTheHealthCheckAnswers) {
  Service service(Upstream::h1, always(Reaction{.status = 500}));
  const CommandResult result = check(endpoint(service.url()) + ", health_check: {path: /well}");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr(": /well: answered 500 ("));
}

TEST_F(CheckConnect, SaysThatTheServiceSpeaksNoTls) {
  Service service(Upstream::h1);
  const CommandResult result =
      check(endpoint("https://127.0.0.1:" + service.url().substr(service.url().rfind(':') + 1)));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("TLS handshake"));
}

TEST_F(CheckConnect, SaysThatRedisRefusesTheLoginWithoutTellingIt) {
  RedisServer redis({"--requirepass", "sesame"});
  const CommandResult result =
      check(endpoint(kNobody),
            "redis: {url: 'redis://:mellon@127.0.0.1:" + std::to_string(redis.port()) + "'}\n");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr(": AUTH refused: WRONGPASS"));
  EXPECT_THAT(result.out + result.err, Not(HasSubstr("mellon")));
}

TEST_F(CheckConnect, DoesNotTakeAReplicaForAPrimary) {
  RedisServer primary;
  RedisServer replica({"--replicaof", "127.0.0.1 " + std::to_string(primary.port())});
  const CommandResult result =
      check(endpoint(kNobody), "redis: {url: '" + replica.tcp_url() + "'}\n");
  EXPECT_THAT(result.out, HasSubstr("answers, but is no primary"));
}

TEST_F(CheckConnect, AsksEachNodeOfACluster) {
  RedisServer node({"--cluster-enabled", "yes"});
  const std::string redis = "redis: {cluster: {nodes: ['127.0.0.1:" + std::to_string(node.port()) +
                            "', '127.0.0.1:1']}}\n";
  EXPECT_THAT(check(endpoint(kNobody), redis).out, HasSubstr("its cluster is not whole ("));
  node.cli({"cluster", "addslotsrange", "0", "16383"});
  while (node.cli({"cluster", "info"}).find("cluster_state:ok") == std::string::npos) {
  }
  const CommandResult result = check(endpoint(kNobody), redis);
  EXPECT_THAT(result.out, HasSubstr("answers, its cluster is whole ("));
  EXPECT_THAT(result.out, HasSubstr("FAILED  redis 127.0.0.1:1: connection refused ("));
}

TEST_F(CheckConnect, DoesNotWaitForARedisThatHangs) {
  RedisServer redis;
  redis.freeze();
  const CommandResult result =
      check(endpoint(kNobody), "redis: {url: '" + redis.tcp_url() + "'}\n");
  redis.thaw();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("nothing heard in time ("));
}

TEST_F(CheckConnect, ReadsCertificates) {
  const CertificateFiles expired = make_expired_certificate(directory_, "old.example");
  const CommandResult result = check(endpoint(kNobody), "", tls_listener(expired));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, ContainsRegex("FAILED  certificate of .*old.example, expired on "));
}

TEST_F(CheckConnect, SaysThatAKeyIsNotThatOfItsCertificate) {
  CertificateFiles mixed = make_certificate(directory_, "one.example");
  const TempDir elsewhere;
  mixed.private_key = make_certificate(elsewhere, "other.example").private_key;
  const CommandResult result = check(endpoint(kNobody), "", tls_listener(mixed));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, ContainsRegex("FAILED  certificate of .*" + mixed.private_key));
}

TEST_F(CheckConnect, LooksWhetherTheLogCanBeWrittenAndWritesNone) {
  const std::string good = directory_ / "access.log";
  EXPECT_THAT(check(endpoint(kNobody), "access_log: {path: " + good + "}\n").out,
              HasSubstr("ok      access log to " + good + ": can be written ("));
  EXPECT_FALSE(std::filesystem::exists(good));
  EXPECT_THAT(check(endpoint(kNobody), "access_log: {path: /nonexistent/access.log}\n").out,
              HasSubstr("FAILED  access log to /nonexistent/access.log: cannot be written ("));
}

class ExplainConnect : public testing::Test {
 protected:
  CommandResult explain(const std::string& redis, std::vector<std::string> more = {}) {
    const std::string config = write_config(
        directory_, {.rate_limit = "{store: redis, on_store_failure: deny, rules: [{name: single, "
                                   "key: api_key, rate: 1/h, burst: 2}]}",
                     .more = "redis: {url: '" + redis + "'}\n"});
    const std::string request =
        "GET /api/v2/contacts HTTP/1.1\r\nHost: x\r\n" + key_field() + "\r\n\r\n";
    std::vector<std::string> command = {gateway_program(), "explain", "--config", config, "-"};
    command.insert(command.end(), more.begin(), more.end());
    return run(std::move(command), {.input = request});
  }

  TempDir directory_;
};

TEST_F(ExplainConnect, TakesTokensOfRedis) {
  RedisServer redis;
  EXPECT_EQ(explain(redis.tcp_url(), {"--connect"}).exit_code, 0);
  const CommandResult second = explain(redis.tcp_url(), {"--connect"});
  EXPECT_EQ(second.exit_code, 0) << second.out << second.err;
  EXPECT_THAT(second.out, HasSubstr("single: 0 left, store redis"));
  const CommandResult third = explain(redis.tcp_url(), {"--connect"});
  EXPECT_EQ(third.exit_code, 1) << third.out;
  EXPECT_THAT(third.out, HasSubstr("refuses: 429 rate_limited by rule single"));
  EXPECT_EQ(explain(redis.tcp_url()).exit_code, 0) << "Redis is not asked";
}

TEST_F(ExplainConnect, DoesWhatAGatewayWouldWithoutRedis) {
  const CommandResult result = explain("redis://127.0.0.1:1", {"--connect"});
  EXPECT_EQ(result.exit_code, 1) << result.out;
  EXPECT_THAT(result.out, HasSubstr("note: Redis cannot be reached"));
  EXPECT_THAT(result.out, HasSubstr("503 redis_unavailable"));
}

}  // namespace
}  // namespace trackly::test
