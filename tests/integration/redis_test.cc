// Redis as operators deploy it: behind a login and TLS, with sentinels, as a cluster. The rate
// limiter is who asks; its mode in the access log says whether Redis answered.

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/patience.h"
#include "tests/support/process.h"
#include "tests/support/redis_server.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"
#include "tests/support/tls_certificate.h"

namespace trackly::test {
namespace {

std::string at(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

class RedisDeployment : public testing::Test {
 protected:
  /// Of one request a key in an hour there are so many.
  std::unique_ptr<Gateway> gateway(const std::string& redis, int burst = 100) {
    return std::make_unique<Gateway>(GatewayConfig{
        .upstream = service_.url(),
        .rate_limit = "{store: redis, rules: [{name: single, key: api_key, rate: 1/h, burst: " +
                      std::to_string(burst) + "}]}",
        .more = "redis: {" + redis + "}\n"});
  }
  /// What the limiter made of one more request: "200 redis".
  std::string ask(Gateway& gateway, std::string_view key = keys::kActive) {
    CurlRequest request = get_contacts();
    request.fields[0] = key_field(key);
    const std::string id = "ask-" + std::to_string(++asked_);
    request.fields.push_back("X-Request-Id: " + id);
    const int status = gateway.request(Downstream::h1, request).status();
    const auto line = gateway.log_of(id);
    return std::to_string(status) + " " + (line ? (*line)["/limiter/store"] : "unlogged");
  }

  Service service_{Upstream::h1};

 private:
  int asked_ = 0;
};

// ------------------------------------------------------------------------------------ one server

class SecuredRedis : public RedisDeployment {
 protected:
  const CertificateFiles certificate_ = test_certificate();
  const std::uint16_t tls_port_ = free_port();
  RedisServer redis_{{"--tls-port", std::to_string(tls_port_), "--tls-auth-clients", "no",
                      "--tls-cert-file", certificate_.certificate, "--tls-key-file",
                      certificate_.private_key, "--tls-ca-cert-file", certificate_.certificate,
                      "--user", "limiter", "on", ">s3cret", "~*", "&*", "+@all"}};

  std::string settings(const std::string& login) {
    return "url: 'rediss://" + login + at(tls_port_) +
           "/3', tls: {ca: " + certificate_.certificate + "}";
  }
};

TEST_F(SecuredRedis, IsUsedOverTlsWithALoginAndADatabase) {
  const auto one = gateway(settings("limiter:s3cret@"), 1);
  EXPECT_EQ(ask(*one), "200 redis");
  EXPECT_EQ(ask(*one), "429 redis");
  EXPECT_EQ(redis_.cli({"dbsize"}), "0");
  EXPECT_NE(redis_.cli({"-n", "3", "dbsize"}), "0");
}

TEST_F(SecuredRedis, ThatRefusesThePasswordCountsAsGone) {
  const auto one = gateway(settings("limiter:s3cre7@"));
  EXPECT_EQ(ask(*one), "200 redis-local");
  ASSERT_TRUE(one->process().wait_for_err("WRONGPASS"));
  EXPECT_EQ(one->process().err().find("s3cre7"), std::string::npos);
}

TEST_F(SecuredRedis, WithACertificateOfSomebodyElseIsNotTalkedTo) {
  const TempDir directory;
  const CertificateFiles other = make_certificate(directory, "localhost");
  const auto one = gateway("url: 'rediss://limiter:s3cret@" + at(tls_port_) +
                           "', tls: {ca: " + other.certificate + "}");
  EXPECT_EQ(ask(*one), "200 redis-local");
  EXPECT_TRUE(one->process().wait_for_err("certificate is not acceptable"));
}

TEST_F(RedisDeployment, OneThatIsOutOfMemoryIsNotAskedUntilItHasSome) {
  RedisServer redis;
  const auto one = gateway("url: '" + redis.tcp_url() + "', breaker: {failures: 3}");
  EXPECT_EQ(ask(*one), "200 redis");
  redis.cli({"config", "set", "maxmemory", "1"});
  EXPECT_TRUE(eventually([&] { return ask(*one) == "200 redis-local"; }));
  redis.cli({"config", "set", "maxmemory", "0"});
  EXPECT_TRUE(eventually([&] { return ask(*one) == "200 redis"; }));
}

TEST_F(RedisDeployment, OneThatIsSlowIsNotWaitedForAgainAndAgain) {
  RedisServer redis{{"--enable-debug-command", "yes"}};
  const auto one = gateway("url: '" + redis.tcp_url() + "', command_timeout: 20ms");
  EXPECT_EQ(ask(*one), "200 redis");
  const Process sleep({"redis-cli", "-p", std::to_string(redis.port()), "debug", "sleep", "2"});
  EXPECT_TRUE(eventually([&] { return ask(*one) == "200 redis-local"; }));
  EXPECT_TRUE(eventually([&] { return ask(*one) == "200 redis"; }));
}

// ------------------------------------------------------------------------------------- sentinels

class Sentinels {
 public:
  explicit Sentinels(std::uint16_t primary) : port_(free_port()) {
    std::ofstream(directory_ / "sentinel.conf")
        << "port " << port_ << "\nbind 127.0.0.1\ndir " << directory_.path().string()
        << "\nsentinel monitor shared 127.0.0.1 " << primary
        << " 1\nsentinel down-after-milliseconds shared 300\nsentinel failover-timeout shared "
           "2000\n";
    process_ = std::make_unique<Process>(
        std::vector<std::string>{"redis-server", directory_ / "sentinel.conf", "--sentinel"});
    EXPECT_TRUE(process_->wait_for_out("+monitor master shared"));
  }
  std::string cli(std::vector<std::string> command) const {
    command.insert(command.begin(), {"redis-cli", "-p", std::to_string(port_)});
    return run(std::move(command)).out;
  }
  std::uint16_t port() const { return port_; }

 private:
  TempDir directory_;
  std::uint16_t port_;
  std::unique_ptr<Process> process_;
};

TEST_F(RedisDeployment, AFailoverThatSentinelsAnnounceIsFollowed) {
  RedisServer primary;
  RedisServer replica{{"--replicaof", "127.0.0.1", std::to_string(primary.port())}};
  const Sentinels sentinels(primary.port());
  ASSERT_TRUE(eventually([&] {
    return sentinels.cli({"sentinel", "replicas", "shared"}).find(std::to_string(replica.port())) !=
           std::string::npos;
  }));
  const auto one = gateway("sentinels: {primary: shared, nodes: ['" + at(sentinels.port()) + "']}");
  EXPECT_TRUE(eventually([&] { return ask(*one) == "200 redis"; }));

  primary.kill();
  EXPECT_TRUE(eventually([&] { return ask(*one) == "200 redis-local"; }));
  EXPECT_TRUE(eventually([&] { return ask(*one) == "200 redis"; }));
  EXPECT_NE(replica.cli({"dbsize"}), "0");
}

// --------------------------------------------------------------------------------------- cluster

class Cluster {
 public:
  Cluster() {
    std::vector<std::string> create{"redis-cli", "--cluster", "create"};
    for (auto& node : nodes_) {
      node = std::make_unique<RedisServer>(std::vector<std::string>{
          "--cluster-enabled", "yes", "--cluster-port", std::to_string(free_port()),
          "--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no"});
      create.push_back(at(node->port()));
    }
    create.push_back("--cluster-yes");
    EXPECT_NE(run(create).out.find("All 16384 slots covered"), std::string::npos);
    for (const auto& node : nodes_) {
      EXPECT_TRUE(eventually([&] {
        return node->cli({"cluster", "info"}).find("cluster_state:ok") != std::string::npos;
      }));
    }
  }
  std::string settings() const {
    return "cluster: {nodes: ['" + at(nodes_[0]->port()) + "', '" + at(nodes_[1]->port()) + "']}";
  }
  RedisServer& node_of(const std::string& key) {
    const int slot = std::stoi(nodes_[0]->cli({"cluster", "keyslot", key}));
    return *nodes_[slot < 5461 ? 0 : slot < 10923 ? 1 : 2];
  }
  /// Gives the slot of a key, with what is in it, to another node; the one that it had.
  void move(const std::string& key) {
    RedisServer& from = node_of(key);
    RedisServer& to = &from == nodes_[0].get() ? *nodes_[1] : *nodes_[0];
    const std::string slot = from.cli({"cluster", "keyslot", key});
    const std::string from_id = from.cli({"cluster", "myid"});
    const std::string to_id = to.cli({"cluster", "myid"});
    EXPECT_EQ(to.cli({"cluster", "setslot", slot, "importing", from_id}), "OK");
    EXPECT_EQ(from.cli({"cluster", "setslot", slot, "migrating", to_id}), "OK");
    EXPECT_EQ(from.cli({"migrate", "127.0.0.1", std::to_string(to.port()), key, "0", "5000"}),
              "OK");
    EXPECT_EQ(to.cli({"cluster", "setslot", slot, "node", to_id}), "OK");
    EXPECT_EQ(from.cli({"cluster", "setslot", slot, "node", to_id}), "OK");
  }
  const auto& nodes() const { return nodes_; }

 private:
  std::array<std::unique_ptr<RedisServer>, 3> nodes_;
};

class RedisClusterDeployment : public RedisDeployment {
 protected:
  /// The bucket of the first key.
  std::string bucket() {
    for (const auto& node : cluster_.nodes()) {
      const std::string name = node->cli({"--scan", "--pattern", "*:single"});
      if (!name.empty()) return name;
    }
    return {};
  }
  Cluster cluster_;
};

TEST_F(RedisClusterDeployment, CountsEachCallerOnItsNodeAndFollowsItToAnother) {
  const auto one = gateway(cluster_.settings(), 3);
  EXPECT_TRUE(eventually([&] { return ask(*one, keys::kOther) == "200 redis"; }));
  for (const auto& node : cluster_.nodes()) node->cli({"flushall"});
  EXPECT_EQ(ask(*one), "200 redis");
  const std::string moved = bucket();
  ASSERT_NE(moved, "");
  cluster_.move(moved);
  EXPECT_EQ(ask(*one), "200 redis");
  EXPECT_EQ(ask(*one), "200 redis");
  EXPECT_EQ(ask(*one), "429 redis");
}

TEST_F(RedisClusterDeployment, ANodeThatIsGoneTakesOnlyItsCallersAlong) {
  const auto one = gateway(cluster_.settings());
  EXPECT_TRUE(eventually([&] { return ask(*one) == "200 redis"; }));
  const std::string name = bucket();
  ASSERT_NE(name, "");
  RedisServer& gone = cluster_.node_of(name);
  gone.kill();
  EXPECT_TRUE(eventually([&] { return ask(*one) == "200 redis-local"; }));
}

TEST_F(RedisDeployment, RulesThatAClusterCannotDecideOnTogetherAreRefusedAtLoad) {
  const TempDir directory;
  const std::string config = write_config(
      directory, {.rate_limit = "{store: redis, rules: [{name: single, key: api_key, rate: 1/s}, "
                                "{name: all, key: global, rate: 9/s}]}",
                  .more = "redis: {cluster: {nodes: ['127.0.0.1:1']}}\n"});
  const CommandResult checked = run({gateway_program(), "check", "--config", config});
  EXPECT_EQ(checked.exit_code, 1);
  EXPECT_NE((checked.out + checked.err).find("different nodes of the cluster"), std::string::npos)
      << checked.out << checked.err;
}

TEST_F(RedisClusterDeployment, ASecondCallIsMadeForWhatCountsForAll) {
  Gateway one({.upstream = service_.url(),
               .rate_limit =
                   "{store: redis, rules: [{name: single, key: api_key, rate: 1/h, burst: 9}, "
                   "{name: all, key: global, rate: 1/h, burst: 2, second_call: true}]}",
               .more = "redis: {" + cluster_.settings() + "}\n"});
  EXPECT_TRUE(eventually([&] { return ask(one, keys::kOther) == "200 redis"; }));
  for (const auto& node : cluster_.nodes()) node->cli({"flushall"});
  EXPECT_EQ(ask(one), "200 redis");
  EXPECT_EQ(ask(one, keys::kOther), "200 redis");
  EXPECT_EQ(ask(one), "429 redis");
}

}  // namespace
}  // namespace trackly::test
