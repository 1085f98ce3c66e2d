// How the cache of keys hears of changes, and what it believes while nobody would tell it.

#include "gateway/store/redis_key_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/store/key_cache.h"
#include "gateway/store/redis_guide.h"
#include "gateway/store/redis_key_records.h"
#include "tests/support/fake_connector.h"
#include "tests/support/manual_loop.h"
#include "tests/unit/store/resp.h"

namespace trackly::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr auto kConnectTimeout = 500ms;
const std::string kSubscribe = wire({"SUBSCRIBE", kChangesChannel});
const std::string kSubscribed = array({bulk("subscribe"), bulk(kChangesChannel), number(1)});
const std::string kPong = bulks({"pong", ""});
std::string news(std::string_view text) { return bulks({"message", kChangesChannel, text}); }

KeyDigest key(std::uint8_t number) {
  KeyDigest digest{};
  digest[0] = number;
  return digest;
}

class RedisKeyWatchTest : public testing::Test {
 protected:
  RedisKeyWatchTest() {
    settings_.host = "redis";
    settings_.connect_timeout = kConnectTimeout;
  }
  void watch() {
    watch_.reset();
    guide_ = make_redis_guide(loop_, connector_, RedisAccess{settings_, nullptr}, nullptr);
    watch_ = std::make_unique<RedisKeyWatch>(loop_, connector_, *guide_, kConnectTimeout, cache_);
    end_turn();
  }
  void watch_and_stand() {
    watch();
    subscribe();
    stand_for(1);
  }

  test::FakePeer& redis() { return connector_.peer(); }
  std::string sent() { return sent_to(redis()); }
  void end_turn() { loop_.run_posted(); }
  void accept() {
    redis().accept();
    end_turn();
  }
  void say(std::string_view replies) {
    redis().send(replies);
    end_turn();
  }
  void subscribe() {
    accept();
    EXPECT_EQ(sent(), kSubscribe);
    say(kSubscribed);
    EXPECT_TRUE(is_watched());
  }
  /// Each PING is answered.
  void stand_for(int pings) {
    for (int i = 0; i < pings; ++i) {
      loop_.advance(RedisKeyWatch::kPing);
      ASSERT_EQ(sent(), wire("PING"));
      say(kPong);
    }
  }
  void lose() {
    redis().close();
    end_turn();
  }
  bool is_watched() const { return cache_.counts().watched; }

  /// Redis has just told us of it.
  void know(const KeyDigest& digest, const std::string& account) {
    const KeyCache::Stamp stamp = look_up(digest).stamp;
    auto owner = std::make_shared<Account>();
    owner->id = account;
    cache_.put_account(cache_.find_account(account, policy_, loop_.now()).stamp, owner);
    cache_.put(digest, stamp, std::make_shared<KeyRecord>(KeyRecord{"5f", "web", owner}), {});
  }
  KeyCache::Finding look_up(const KeyDigest& digest) {
    return cache_.find(digest, policy_, loop_.now(), loop_.wall_now());
  }
  bool is_known(const KeyDigest& digest = key(1)) {
    return look_up(digest).kind == KeyCache::Finding::Kind::known;
  }
  /// Where Redis cannot be asked.
  bool is_believed() { return look_up(key(1)).record != nullptr; }

  test::ManualLoop loop_;
  test::FakeConnector connector_;
  RedisSettings settings_;
  KeyCachePolicy policy_{.ttl = 60s, .max_stale = 5min};
  KeyCache cache_{HashKey{1, 2}};
  std::unique_ptr<RedisGuide> guide_;
  std::unique_ptr<RedisKeyWatch> watch_;
};

// ------------------------------------------------------------------------------- what it hears of

TEST_F(RedisKeyWatchTest, StandsWhenRedisHasTakenTheSubscription) {
  watch();
  EXPECT_EQ(redis().address().host, "redis");
  EXPECT_EQ(connector_.timeout(), kConnectTimeout);
  accept();
  EXPECT_FALSE(is_watched());
  say(kSubscribed);
  EXPECT_TRUE(is_watched());
}

TEST_F(RedisKeyWatchTest, AKeyThatChangesIsForgotten) {
  watch_and_stand();
  know(key(1), "acct");
  know(key(2), "acct");
  say(news(change_of_key(key(1))));
  EXPECT_FALSE(is_known(key(1)));
  EXPECT_TRUE(is_known(key(2)));
}

TEST_F(RedisKeyWatchTest, AnAccountThatChangesIsForgottenWithAllItsKeys) {
  watch_and_stand();
  know(key(1), "acct");
  know(key(2), "acct");
  know(key(3), "other");
  say(news(change_of_account("acct")));
  EXPECT_FALSE(is_known(key(1)));
  EXPECT_FALSE(is_known(key(2)));
  EXPECT_TRUE(is_known(key(3)));
}

TEST_F(RedisKeyWatchTest, AfterAMessageThatCannotBeReadEverythingIsAskedForAgain) {
  for (const char* message : {"", "key", "key 5f", "account ", "everything"}) {
    watch_and_stand();
    know(key(1), "acct");
    say(news(message));
    loop_.advance(KeyCache::kUnwatchedTtl);
    EXPECT_FALSE(is_known()) << message;
    know(key(1), "acct");
    loop_.advance(KeyCache::kUnwatchedTtl);
    EXPECT_TRUE(is_known()) << "the watch stands, and what was asked since is right";
  }
}

TEST_F(RedisKeyWatchTest, WhatIsNoMessageChangesNothing) {
  watch_and_stand();
  know(key(1), "acct");
  say(bulks({"message", kChangesChannel}) + array({}) + "+OK\r\n" + bulks({"whatever"}) + kPong);
  loop_.advance(KeyCache::kUnwatchedTtl);
  EXPECT_TRUE(is_known());
  EXPECT_TRUE(is_watched());
}

// -------------------------------------------------------------------------------------- the login

TEST_F(RedisKeyWatchTest, TheLoginComesBeforeTheSubscription) {
  settings_.user = "gateway";
  settings_.password = "hunter2";
  settings_.database = 3;
  watch();
  accept();
  EXPECT_THAT(redis().take_writes(), ElementsAre(wire({"AUTH", "gateway", "hunter2"}) +
                                                 wire({"SELECT", "3"}) + kSubscribe));
  say("+OK\r\n+OK\r\n");
  EXPECT_FALSE(is_watched());
  say(kSubscribed);
  EXPECT_TRUE(is_watched());
}

TEST_F(RedisKeyWatchTest, DoesNotStandWhereTheLoginIsRefused) {
  settings_.password = "wrong";
  watch();
  accept();
  test::FakePeer& refuses = redis();
  say("-WRONGPASS invalid username-password pair\r\n-NOAUTH Authentication required.\r\n");
  EXPECT_FALSE(is_watched());
  EXPECT_TRUE(refuses.closed());
  loop_.advance(RedisKeyWatch::kFirstPause);
  EXPECT_EQ(connector_.attempts(), 2U);
  accept();
  EXPECT_EQ(sent(), wire({"AUTH", "wrong"}) + kSubscribe);
}

TEST_F(RedisKeyWatchTest, DoesNotStandWhereTheSubscriptionIsRefused) {
  watch();
  accept();
  say("-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_FALSE(is_watched());
  loop_.advance(RedisKeyWatch::kFirstPause);
  subscribe();
}

// --------------------------------------------------------------------------- a connection that
// ends

TEST_F(RedisKeyWatchTest, WithoutItWhatIsKnownIsAskedForAgainSoon) {
  watch_and_stand();
  know(key(1), "acct");
  lose();
  EXPECT_FALSE(is_watched());
  loop_.advance(KeyCache::kUnwatchedTtl - 1us);
  EXPECT_TRUE(is_known());
  loop_.advance(1us);
  EXPECT_FALSE(is_known());
}

TEST_F(RedisKeyWatchTest, WhatWasKnownBeforeItStoodAgainIsAskedForAgain) {
  watch_and_stand();
  know(key(1), "acct");
  lose();
  loop_.advance(0s);
  subscribe();
  loop_.advance(KeyCache::kUnwatchedTtl);
  EXPECT_FALSE(is_known()) << "nobody knows what was missed";
  know(key(1), "acct");
  loop_.advance(KeyCache::kUnwatchedTtl);
  EXPECT_TRUE(is_known());
}

TEST_F(RedisKeyWatchTest, AConnectionThatStoodIsReplacedAtOnce) {
  watch_and_stand();
  lose();
  loop_.advance(0s);
  EXPECT_EQ(connector_.attempts(), 2U);
  subscribe();
}

TEST_F(RedisKeyWatchTest, AConnectionThatDidNotStandIsReplacedAfterAPause) {
  watch();
  subscribe();
  loop_.advance(RedisKeyWatch::kPing - 1us);
  lose();
  loop_.advance(RedisKeyWatch::kFirstPause / 2 - 1us);
  EXPECT_EQ(connector_.attempts(), 1U);
  loop_.advance(RedisKeyWatch::kFirstPause / 2 + 1us);
  EXPECT_EQ(connector_.attempts(), 2U);
}

TEST_F(RedisKeyWatchTest, ItTriesAgainWithGrowingJitteredPauses) {
  watch();
  Duration longest = RedisKeyWatch::kFirstPause;
  for (std::size_t attempt = 1; attempt <= 10; ++attempt) {
    redis().fail(net::TransportError::refused);
    loop_.advance(longest / 2 - 1us);
    EXPECT_EQ(connector_.attempts(), attempt) << "earlier than half of the pause";
    loop_.advance(longest / 2 + 1us);
    EXPECT_EQ(connector_.attempts(), attempt + 1) << "later than the pause";
    longest = std::min<Duration>(2 * longest, RedisKeyWatch::kLongestPause);
  }
  subscribe();
  stand_for(1);
  lose();
  loop_.advance(0s);
  redis().fail(net::TransportError::refused);
  loop_.advance(RedisKeyWatch::kFirstPause);
  EXPECT_EQ(connector_.attempts(), 13U) << "one that stood makes them short again";
}

TEST_F(RedisKeyWatchTest, ASubscriptionThatIsNotAnsweredIsGivenUp) {
  watch();
  accept();
  loop_.advance(kConnectTimeout - 1us);
  EXPECT_FALSE(redis().closed());
  loop_.advance(1us);
  EXPECT_TRUE(redis().closed());
  loop_.advance(RedisKeyWatch::kFirstPause);
  EXPECT_EQ(connector_.attempts(), 2U);
}

TEST_F(RedisKeyWatchTest, AConnectionThatIsDeadWithoutAnybodyKnowingIsNotBelievedForLong) {
  watch_and_stand();
  know(key(1), "acct");
  test::FakePeer& dead = redis();
  loop_.advance(2 * RedisKeyWatch::kPing - 1us);
  EXPECT_TRUE(is_known());
  loop_.advance(1us);
  EXPECT_TRUE(dead.closed());
  EXPECT_FALSE(is_known());
}

TEST_F(RedisKeyWatchTest, WhatIsNotRedisIsLeft) {
  watch();
  accept();
  test::FakePeer& stranger = redis();
  say("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_TRUE(stranger.closed());
  EXPECT_FALSE(is_watched());
}

// ------------------------------------------------------------------------------ what is too old

TEST_F(RedisKeyWatchTest, WhatIsBelievedWithoutRedisGrowsOldFromTheLastPingThatWasAnswered) {
  policy_.max_stale = 10s;
  watch_and_stand();
  know(key(1), "acct");
  stand_for(30);
  lose();  // right after the answer
  loop_.advance(10s - 1us);
  EXPECT_TRUE(is_believed());
  loop_.advance(1us);
  EXPECT_FALSE(is_believed());
}

TEST_F(RedisKeyWatchTest, APingThatIsNotAnsweredVouchesForNothing) {
  policy_.max_stale = 10s;
  watch_and_stand();
  know(key(1), "acct");
  stand_for(30);
  loop_.advance(2 * RedisKeyWatch::kPing);
  ASSERT_FALSE(is_watched());
  loop_.advance(8s - 1us);
  EXPECT_TRUE(is_believed());
  loop_.advance(1us);
  EXPECT_FALSE(is_believed());
}

TEST_F(RedisKeyWatchTest, APingThatIsAnsweredLateVouchesForTheTimeWhenItWasSent) {
  policy_.max_stale = 10s;
  watch_and_stand();
  know(key(1), "acct");
  loop_.advance(RedisKeyWatch::kPing + 900ms);
  say(kPong);
  lose();
  loop_.advance(10s - 900ms - 1us);
  EXPECT_TRUE(is_believed());
  loop_.advance(1us);
  EXPECT_FALSE(is_believed());
}

TEST_F(RedisKeyWatchTest, TheWatchVouchesForNothingBeyondItsTimeToLive) {
  policy_ = {.ttl = 20s, .max_stale = 10s};
  watch_and_stand();
  know(key(1), "acct");
  stand_for(29);
  EXPECT_FALSE(is_known());
  EXPECT_TRUE(is_believed());
  stand_for(1);
  EXPECT_FALSE(is_believed());
}

TEST_F(RedisKeyWatchTest, AWatchThatStandsAgainDoesNotVouchForWhatWasKnownBefore) {
  policy_.max_stale = 10s;
  watch_and_stand();
  know(key(1), "acct");
  lose();
  loop_.advance(0s);
  subscribe();
  stand_for(9);
  EXPECT_TRUE(is_believed());
  stand_for(1);
  EXPECT_FALSE(is_believed());
}

// ------------------------------------------------------------------------------ where it listens

TEST_F(RedisKeyWatchTest, OfAClusterTheNodesOfTheSettingsAreTriedInTurn) {
  settings_.cluster = {{"a", 7000}, {"b", 7000}};
  watch();
  for (const char* host : {"a", "b", "a"}) {
    EXPECT_EQ(redis().address().host, host);
    redis().fail(net::TransportError::refused);
    loop_.advance(RedisKeyWatch::kLongestPause);
  }
}

class SentinelsOfTheWatch : public RedisKeyWatchTest {
 protected:
  SentinelsOfTheWatch() {
    settings_.password = "hunter2";
    settings_.sentinels.emplace();
    settings_.sentinels->primary = "shared";
    settings_.sentinels->nodes = {{"s1", 26379}, {"s2", 26379}};
  }
  void sentinel_says(std::string_view host, std::string_view primary) {
    ASSERT_GT(connector_.attempts(host), 0U);
    connector_.peer(host).accept();
    end_turn();
    connector_.peer(host).send(bulks({primary, "6379"}) + array({}) +
                               array({bulk("subscribe"), bulk("+switch-master"), number(1)}));
    end_turn();
  }
  void sentinel_announces(std::string_view host, std::string_view primary) {
    connector_.peer(host).send(
        bulks({"message", "+switch-master", "shared old 6379 " + std::string(primary) + " 6379"}));
    end_turn();
  }
};

TEST_F(SentinelsOfTheWatch, NameThePrimaryWhichIsLoggedInTo) {
  watch();
  sentinel_says("s1", "a");
  ASSERT_EQ(connector_.attempts("a"), 1U);
  connector_.peer("a").accept();
  end_turn();
  EXPECT_EQ(sent_to(connector_.peer("a")), wire({"AUTH", "hunter2"}) + kSubscribe);
}

TEST_F(SentinelsOfTheWatch, AreAskedAgainWhereWhatTheySaidHasBeenTried) {
  watch();
  sentinel_says("s1", "a");
  connector_.peer("a").fail(net::TransportError::refused);
  loop_.advance(RedisKeyWatch::kFirstPause);
  sentinel_says("s2", "b");
  EXPECT_EQ(connector_.attempts("b"), 1U);
}

TEST_F(SentinelsOfTheWatch, HaveSaidAlreadyWhereItIsNow) {
  watch();
  sentinel_says("s1", "a");
  connector_.peer("a").accept();
  end_turn();
  sentinel_announces("s1", "b");
  EXPECT_EQ(connector_.attempts("b"), 0U) << "what is published there reaches a replica too";
  connector_.peer("a").close();
  loop_.advance(RedisKeyWatch::kFirstPause);
  EXPECT_EQ(connector_.attempts("b"), 1U);
  EXPECT_EQ(connector_.attempts("s2"), 0U);
}

// ----------------------------------------------------------------------------------------- the end

TEST_F(RedisKeyWatchTest, NothingHappensAfterItsEndWhereverItWas) {
  const std::vector<std::function<void()>> moments = {
      [] {},
      [this] { redis().accept(); },
      [this] { accept(); },
      [this] { subscribe(); },
      [this] { redis().fail(net::TransportError::refused); },
      [this] {
        subscribe();
        stand_for(1);
        redis().close();
      },
  };
  for (const auto& bring_it_there : moments) {
    watch();
    bring_it_there();
    know(key(1), "acct");
    const std::size_t attempts = connector_.attempts();
    watch_.reset();
    redis().send(kSubscribed + news(change_of_key(key(1))));
    EXPECT_TRUE(is_known());
    loop_.advance(1min);
    EXPECT_TRUE(redis().closed());
    EXPECT_EQ(connector_.attempts(), attempts);
    EXPECT_EQ(loop_.armed_timers(), 0U);
  }
}

TEST_F(RedisKeyWatchTest, MayEndBeforeItHasLearnedWhereToListen) {
  guide_ = make_redis_guide(loop_, connector_, RedisAccess{settings_, nullptr}, nullptr);
  watch_ = std::make_unique<RedisKeyWatch>(loop_, connector_, *guide_, kConnectTimeout, cache_);
  watch_.reset();
  end_turn();
  EXPECT_EQ(connector_.attempts(), 0U);
}

}  // namespace
}  // namespace trackly::store
