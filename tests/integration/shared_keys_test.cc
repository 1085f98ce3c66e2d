// Keys and accounts in Redis: what is changed there holds at every gateway at once, and without
// Redis what was known stays so for a while.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "tests/support/gateway.h"
#include "tests/support/patience.h"
#include "tests/support/redis_server.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

constexpr std::string_view kNoRedis = R"({"error":"Redis unavailable","code":"redis_unavailable"})";

std::string digest_of(std::string_view key) {
  const std::string out = run({"sh", "-c", "printf %s " + std::string(key) + " | sha256sum"}).out;
  return out.substr(0, 64);
}

class SharedKeys : public testing::Test {
 protected:
  SharedKeys() {
    redis_.cli({"hset", "trackly:account:{acct_42}", "status", "active"});
    add(keys::kActive);
  }
  std::unique_ptr<Gateway> gateway(const std::string& settings = "") {
    auto made = std::make_unique<Gateway>(
        GatewayConfig{.upstream = service_.url(),
                      .api_key_store = "store: redis" + settings,
                      .more = "redis: {url: '" + redis_.tcp_url() + "'}\n"});
    // Keys that were asked for before it heard of changes would be asked for again.
    EXPECT_TRUE(eventually([&] {
      return redis_.cli({"pubsub", "numsub", "trackly:changes"}) !=
             "trackly:changes\n" + std::to_string(gateways_);
    }));
    ++gateways_;
    return made;
  }
  static int ask(Gateway& gateway, std::string_view key = keys::kActive) {
    CurlRequest request = send_message();
    request.fields[0] = key_field(key);
    const CurlAnswer answer = gateway.request(Downstream::h1, request);
    if (answer.status() == 503) {
      EXPECT_EQ(answer.body, kNoRedis);
    }
    return answer.status();
  }

  void add(std::string_view key) {
    const std::string digest = digest_of(key);
    redis_.cli({"hset", "trackly:key:" + digest, "account", "acct_42", "name",
                "key " + digest.substr(0, 4)});
    redis_.cli({"publish", "trackly:changes", "key " + digest});
  }
  void revoke(std::string_view key) {
    const std::string digest = digest_of(key);
    redis_.cli({"del", "trackly:key:" + digest});
    redis_.cli({"publish", "trackly:changes", "key " + digest});
  }
  void set_account(const std::string& field, const std::string& value) {
    redis_.cli({"hset", "trackly:account:{acct_42}", field, value});
    redis_.cli({"publish", "trackly:changes", "account acct_42"});
  }
  /// How many commands of that name Redis has executed.
  int calls(const std::string& name) {
    const std::string stats = redis_.cli({"info", "commandstats"});
    const std::string line = "cmdstat_" + name + ":calls=";
    const auto found = stats.find(line);
    return found == std::string::npos ? 0 : std::stoi(stats.substr(found + line.size()));
  }

  Service service_{Upstream::h1};
  RedisServer redis_;

 private:
  int gateways_ = 0;
};

TEST_F(SharedKeys, AreFoundOnceAndThenKnown) {
  const auto one = gateway();
  EXPECT_EQ(ask(*one), 200);
  const int asked = calls("hmget");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(*one), 200);
  EXPECT_EQ(calls("hmget"), asked);
  EXPECT_EQ(one->log().back()["/account"], "acct_42") << one->log().back().json();
}

TEST_F(SharedKeys, ThatAreRevokedAreRefusedByEveryGateway) {
  const auto one = gateway();
  const auto two = gateway();
  EXPECT_EQ(ask(*one), 200);
  EXPECT_EQ(ask(*two), 200);
  revoke(keys::kActive);
  EXPECT_TRUE(eventually([&] { return ask(*one) == 401; }));
  EXPECT_TRUE(eventually([&] { return ask(*two) == 401; }));
}

TEST_F(SharedKeys, ThatAreAddedWorkAlthoughTheyWereRefusedBefore) {
  const auto one = gateway();
  EXPECT_EQ(ask(*one, keys::kOther), 401);
  add(keys::kOther);
  EXPECT_TRUE(eventually([&] { return ask(*one, keys::kOther) == 200; }));
}

TEST_F(SharedKeys, OfAnAccountFollowIt) {
  const auto one = gateway();
  EXPECT_EQ(ask(*one), 200);
  set_account("status", "suspended");
  EXPECT_TRUE(eventually([&] { return ask(*one) == 403; }));
  set_account("status", "active");
  EXPECT_TRUE(eventually([&] { return ask(*one) == 200; }));
}

TEST_F(SharedKeys, AreRememberedWithoutRedisForAWhile) {
  const auto one = gateway(", cache_ttl: 100ms, max_stale: 1s");
  EXPECT_EQ(ask(*one), 200);
  redis_.kill();
  EXPECT_EQ(ask(*one), 200);
  EXPECT_EQ(ask(*one, keys::kOther), 503) << "nobody knows it, and it may be right";
  EXPECT_TRUE(eventually([&] { return ask(*one) == 503; }));
}

TEST_F(SharedKeys, AreLookedUpAgainWhenRedisIsBack) {
  const auto one = gateway();
  EXPECT_EQ(ask(*one), 200);
  redis_.kill();
  EXPECT_EQ(ask(*one), 200);
  redis_.start();  // without the key
  EXPECT_TRUE(eventually([&] { return ask(*one) == 401; }));
}

TEST_F(SharedKeys, CannotBeGuessedAtRedissExpense) {
  const auto one = gateway();
  EXPECT_EQ(ask(*one, keys::kUnknown), 401);
  const int asked = calls("hmget");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(*one, keys::kUnknown), 401);
  EXPECT_EQ(calls("hmget"), asked);
}

}  // namespace
}  // namespace trackly::test
