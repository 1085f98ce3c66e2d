// Keys and accounts in Redis: what is changed there holds at every gateway at once, and without
// Redis what was known stays so for a while.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/patience.h"
#include "tests/support/process.h"
#include "tests/support/redis_server.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"
#include "tests/support/temp_dir.h"

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
  GatewayConfig config(const std::string& settings = "") {
    return {.upstream = service_.url(),
            .api_key_store = "store: redis" + settings,
            .more = "redis: {url: '" + redis_.tcp_url() + "'}\n"};
  }
  std::unique_ptr<Gateway> gateway(const std::string& settings = "") {
    auto made = std::make_unique<Gateway>(config(settings));
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

// ------------------------------------------------------------------------------------- by command

class SharedKeyCommands : public SharedKeys {
 protected:
  CommandResult command(std::vector<std::string> words) {
    words.insert(words.begin(), gateway_program());
    words.insert(words.end(), {"--config", config_});
    return run(std::move(words));
  }
  /// The first line that it printed.
  std::string done(std::vector<std::string> words) {
    const CommandResult result = command(std::move(words));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out.substr(0, result.out.find('\n'));
  }

 private:
  const TempDir directory_;
  const std::string config_ = write_config(directory_, config());
};

TEST_F(SharedKeyCommands, MakeReplaceAndEndKeys) {
  const auto one = gateway();
  done({"account", "set", "acct_7", "--status", "active"});
  const std::string first = done({"key", "add", "--account", "acct_7", "--name", "production"});
  EXPECT_EQ(ask(*one, first), 200);
  const std::string next =
      done({"key", "rotate", "--account", "acct_7", "--name", "production", "--grace", "1h"});
  EXPECT_NE(next, first);
  EXPECT_EQ(ask(*one, next), 200);
  EXPECT_EQ(ask(*one, first), 200) << "within its grace";
  done({"key", "revoke", "--sha256", digest_of(first)});
  EXPECT_TRUE(eventually([&] { return ask(*one, first) == 401; }));
  EXPECT_EQ(ask(*one, next), 200);
  done({"account", "set", "acct_7", "--status", "suspended"});
  EXPECT_TRUE(eventually([&] { return ask(*one, next) == 403; }));
  EXPECT_EQ(redis_.cli({"--scan"}).find(next), std::string::npos) << "no key is stored in clear";
}

TEST_F(SharedKeyCommands, AKeyThatHasEndedIsRefused) {
  const auto one = gateway();
  const std::string first = done({"key", "add", "--account", "acct_42", "--name", "short"});
  done({"key", "rotate", "--account", "acct_42", "--name", "short", "--grace", "0s"});
  EXPECT_TRUE(eventually([&] { return ask(*one, first) == 401; }));
}

TEST_F(SharedKeyCommands, ListWhatThereIs) {
  done({"account", "set", "acct_7", "--limit", "single=5/s,9"});
  EXPECT_NE(done({"account", "show", "acct_7", "--json"}).find(R"("rule":"single")"),
            std::string::npos);
  done({"key", "add", "--account", "acct_7", "--name", "one"});
  EXPECT_NE(done({"key", "list", "--account", "acct_7", "--json"}).find(R"("name":"one")"),
            std::string::npos);
}

TEST_F(SharedKeyCommands, TakeNothingThatWouldDoNothing) {
  EXPECT_EQ(command({"account", "set", "acct_7", "--batch-maximum", "-1"}).exit_code, 2);
  EXPECT_EQ(command({"account", "set", "acct_7", "--status", "supsended"}).exit_code, 1);
  EXPECT_EQ(command({"key", "add", "--account", "acct_42", "--name", "a\nb"}).exit_code, 1);
  EXPECT_EQ(redis_.cli({"exists", "trackly:account:{acct_7}"}), "0");
}

TEST_F(SharedKeyCommands, KnowTheNamesOfTheRules) {
  GatewayConfig limited = config();
  limited.rate_limit = "{store: local, rules: [{name: single, rate: 5/s}]}";
  const TempDir directory;
  const std::string path = write_config(directory, limited);
  const auto set = [&](const std::string& limit) {
    return run({gateway_program(), "account", "set", "acct_7", "--limit", limit, "--config", path});
  };
  EXPECT_EQ(set("single=9/s").exit_code, 0);
  const CommandResult slip = set("singel=9/s");
  EXPECT_EQ(slip.exit_code, 1);
  EXPECT_NE(slip.err.find("did you mean \"single\""), std::string::npos) << slip.err;
}

TEST_F(SharedKeyCommands, DoNotWaitForARepairOfOtherFiles) {
  const TempDir directory;
  GatewayConfig broken = config();
  broken.api = directory.write("openapi.yaml", "paths: [");
  const std::string path = write_config(directory, broken);
  const auto done_with = [&](std::vector<std::string> words) {
    words.insert(words.begin(), gateway_program());
    words.insert(words.end(), {"--config", path});
    return run(std::move(words)).exit_code == 0;
  };
  EXPECT_TRUE(done_with({"account", "set", "acct_42", "--status", "suspended"}));
  EXPECT_TRUE(done_with({"key", "revoke", "--sha256", digest_of(keys::kActive)}));
  EXPECT_EQ(redis_.cli({"exists", "trackly:key:" + digest_of(keys::kActive)}), "0");
}

TEST_F(SharedKeyCommands, SayWhatIsWrong) {
  const CommandResult nobody = command({"key", "add", "--account", "acct_8", "--name", "n"});
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_NE(nobody.err.find("there is no account \"acct_8\""), std::string::npos) << nobody.err;
  EXPECT_EQ(command({"key", "revoke", "--account", "acct_42"}).exit_code, 2);
  const CommandResult which = command({"key", "revoke"});
  EXPECT_EQ(which.exit_code, 1);
  EXPECT_NE(which.err.find("which key?"), std::string::npos) << which.err;
  redis_.kill();
  const CommandResult away = command({"account", "show", "acct_42"});
  EXPECT_EQ(away.exit_code, 1);
  EXPECT_NE(away.err.find("Redis cannot be reached"), std::string::npos) << away.err;
}

}  // namespace
}  // namespace trackly::test
