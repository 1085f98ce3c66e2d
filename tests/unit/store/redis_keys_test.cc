// What the workers know of the keys in Redis: when it is asked, when it is not, and what is
// believed while it cannot be asked.

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/store/key_cache.h"
#include "gateway/store/redis.h"
#include "gateway/store/redis_key_records.h"
#include "gateway/store/redis_key_store.h"
#include "tests/support/manual_loop.h"

namespace trackly::store {
namespace {

using namespace std::chrono_literals;

/// Commands wait until the test answers them, in order.
class FakeRedis final : public Redis {
 public:
  explicit FakeRedis(const Loop& loop) : loop_(loop) {}

  TimePoint deadline() const override { return loop_.now() + 50ms; }
  PendingPtr send(std::string_view, std::span<const std::string_view> words, TimePoint deadline,
                  Callback callback) override {
    asked.emplace_back(words[0]);
    deadlines.push_back(deadline);
    auto waiting = std::make_shared<Callback>(std::move(callback));
    waiting_.push_back(waiting);
    return std::make_unique<Cancel>(std::move(waiting));
  }
  void send(std::string_view, std::span<const std::string_view>) override {}

  void answer(RedisAnswer answer) {
    ASSERT_FALSE(waiting_.empty()) << "Redis was not asked";
    const auto callback = std::exchange(*waiting_.front(), nullptr);
    waiting_.pop_front();
    if (callback) callback(std::move(answer));
  }

  std::vector<std::string> asked;
  std::vector<TimePoint> deadlines;  // of each

 private:
  struct Cancel final : Pending {
    explicit Cancel(std::shared_ptr<Callback> callback) : callback_(std::move(callback)) {}
    ~Cancel() override { *callback_ = nullptr; }
    std::shared_ptr<Callback> callback_;
  };
  const Loop& loop_;
  std::deque<std::shared_ptr<Callback>> waiting_;
};

RedisReply text(std::string_view value) {
  RedisReply reply;
  reply.kind = RedisReply::Kind::string;
  reply.text = value;
  return reply;
}

RedisReply array(std::vector<RedisReply> items) {
  RedisReply reply;
  reply.kind = RedisReply::Kind::array;
  reply.items = std::move(items);
  return reply;
}

KeyDigest key(std::uint64_t number) {
  KeyDigest digest{};
  for (std::size_t i = 0; i < 8; ++i) digest[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return digest;
}

class RedisKeysTest : public testing::Test {
 protected:
  RedisKeysTest() {
    cache_.watch_began(loop_.now());
    store_ = keys_.open({.ttl = 60s, .max_stale = 5min});
  }

  static std::string said(const KeyAnswer& answer) {
    if (answer.status == KeyAnswer::Status::unknown) return "unknown";
    if (answer.status == KeyAnswer::Status::unavailable) return "unavailable";
    return answer.record->name + " of " + answer.record->account->id;
  }
  /// "waits" where Redis has to be asked; what comes then is in came_.
  std::string ask(const KeyDigest& digest = key(1)) {
    auto found =
        store_->find(digest, [this](const KeyAnswer& answer) { came_.push_back(said(answer)); });
    if (const auto* answer = std::get_if<KeyAnswer>(&found)) return said(*answer);
    pending_.push_back(std::get<PendingPtr>(std::move(found)));
    return "waits";
  }
  /// The last that came.
  std::string came() const { return came_.empty() ? "nothing" : came_.back(); }

  void redis_knows_the_key(std::optional<std::string_view> expires = {}) {
    redis_.answer(array({text("acct"), text("web"), expires ? text(*expires) : RedisReply{}}));
  }
  void redis_knows_no_such_key() { redis_.answer(array({{}, {}, {}})); }
  void redis_knows_the_account(std::string_view status = "active") {
    redis_.answer(array({text("status"), text(status)}));
  }
  void redis_is_away() { redis_.answer(RedisFailure::down); }
  /// Key and account are in the cache.
  void know() {
    ASSERT_EQ(ask(), "waits");
    redis_knows_the_key();
    redis_knows_the_account();
    ASSERT_EQ(came(), "web of acct");
    redis_.asked.clear();
    came_.clear();
  }

  test::ManualLoop loop_;
  FakeRedis redis_{loop_};
  KeyCache cache_{HashKey{1, 2}};
  RedisKeys keys_{loop_, redis_, cache_};
  std::unique_ptr<KeyStore> store_;
  std::vector<PendingPtr> pending_;
  std::vector<std::string> came_;
};

TEST_F(RedisKeysTest, AKeyIsAskedForWithItsAccountOnceAndThenKnown) {
  know();
  EXPECT_EQ(ask(), "web of acct");
  EXPECT_TRUE(redis_.asked.empty());
}

TEST_F(RedisKeysTest, AnotherKeyOfAKnownAccountIsOneCall) {
  know();
  EXPECT_EQ(ask(key(2)), "waits");
  redis_knows_the_key();
  EXPECT_EQ(came(), "web of acct");
  EXPECT_EQ(redis_.asked.size(), 1U);
}

TEST_F(RedisKeysTest, WhoAsksForTheSameKeyWaitsForTheSameAnswer) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(), "waits");
  pending_.erase(pending_.begin());  // that client has gone away
  redis_knows_the_key();
  redis_knows_the_account();
  EXPECT_EQ(came_.size(), 2U);
  EXPECT_EQ(redis_.asked.size(), 2U);
}

TEST_F(RedisKeysTest, WhereAllWhoAskedHaveGoneAwayTheAnswerIsKeptAllTheSame) {
  EXPECT_EQ(ask(), "waits");
  pending_.clear();
  redis_knows_the_key();
  redis_knows_the_account();
  EXPECT_EQ(came(), "nothing");
  EXPECT_EQ(ask(), "web of acct");
}

TEST_F(RedisKeysTest, WhoIsAnsweredMayCancelWhoWaitsForTheSameAnswer) {
  PendingPtr second;
  const auto first = store_->find(key(1), [&second](const KeyAnswer&) { second.reset(); });
  second = std::get<PendingPtr>(store_->find(key(1), [](const KeyAnswer&) { FAIL(); }));
  redis_knows_no_such_key();
}

TEST_F(RedisKeysTest, WhoIsAnsweredMayAskAgain) {
  const auto first = store_->find(key(1), [this](const KeyAnswer&) { came_.push_back(ask()); });
  redis_is_away();
  EXPECT_EQ(came(), "waits");
  redis_knows_the_key();
  redis_knows_the_account();
  EXPECT_EQ(came(), "web of acct");
}

TEST_F(RedisKeysTest, AKeyAndItsAccountHaveOneDeadline) {
  EXPECT_EQ(ask(), "waits");
  const TimePoint end = loop_.now() + 50ms;
  loop_.advance(30ms);
  redis_knows_the_key();
  EXPECT_EQ(redis_.deadlines, (std::vector{end, end}));
}

TEST_F(RedisKeysTest, AnAnswerIsUsedForItsTimeToLive) {
  know();
  loop_.advance(59s);
  EXPECT_EQ(ask(), "web of acct");
  loop_.advance(2s);
  EXPECT_EQ(ask(), "waits");
}

TEST_F(RedisKeysTest, EachFilterHasItsOwnTimeToLive) {
  know();
  loop_.advance(11s);
  EXPECT_EQ(ask(), "web of acct");
  store_ = keys_.open({.ttl = 10s, .max_stale = 5min});
  EXPECT_EQ(ask(), "waits");
}

TEST_F(RedisKeysTest, ThatAKeyIsUnknownIsForgottenSooner) {
  EXPECT_EQ(ask(), "waits");
  redis_knows_no_such_key();
  loop_.advance(KeyCache::kUnknownTtl - 1us);
  EXPECT_EQ(ask(), "unknown");
  loop_.advance(1us);
  EXPECT_EQ(ask(), "waits");
}

TEST_F(RedisKeysTest, AKeyThatHasChangedIsAskedForAgain) {
  know();
  cache_.key_changed(key(1));
  EXPECT_EQ(ask(), "waits");
  redis_knows_no_such_key();
  EXPECT_EQ(came(), "unknown");
}

TEST_F(RedisKeysTest, AnAccountThatHasChangedIsAskedForAgain) {
  know();
  cache_.account_changed("acct");
  EXPECT_EQ(ask(), "waits");
}

TEST_F(RedisKeysTest, WhatIsLearnedOfAnAccountHoldsForAllItsKeys) {
  know();
  cache_.account_changed("acct");
  EXPECT_EQ(ask(key(2)), "waits");
  redis_knows_the_key();
  redis_knows_the_account("suspended");
  const auto found = store_->find(key(1), [](const KeyAnswer&) { FAIL(); });
  ASSERT_TRUE(std::holds_alternative<KeyAnswer>(found)) << "Redis was asked";
  EXPECT_EQ(std::get<KeyAnswer>(found).record->account->status, AccountStatus::suspended);
}

TEST_F(RedisKeysTest, AChangeDuringTheQuestionIsNotOverwrittenByItsAnswer) {
  EXPECT_EQ(ask(), "waits");
  cache_.key_changed(key(1));
  redis_knows_the_key();
  redis_knows_the_account();
  EXPECT_EQ(ask(), "waits") << "the answer may be older than the change";
}

TEST_F(RedisKeysTest, AChangeOfTheAccountDuringTheQuestionIsNotOverwrittenByItsAnswer) {
  EXPECT_EQ(ask(), "waits");
  redis_knows_the_key();
  cache_.account_changed("acct");
  redis_knows_the_account();
  EXPECT_EQ(ask(), "waits");
}

TEST_F(RedisKeysTest, AKeyThatIsAddedDuringTheQuestionIsNotRememberedAsUnknown) {
  EXPECT_EQ(ask(), "waits");
  cache_.key_changed(key(1));
  redis_knows_no_such_key();
  EXPECT_EQ(ask(), "waits");
}

TEST_F(RedisKeysTest, WhoAsksAfterARevocationDoesNotWaitForAnAnswerFromBefore) {
  EXPECT_EQ(ask(), "waits");
  cache_.key_changed(key(1));
  EXPECT_EQ(ask(), "waits");
  redis_knows_the_key();
  redis_knows_no_such_key();
  EXPECT_EQ(came(), "unknown");
  redis_knows_the_account();
  EXPECT_EQ(came(), "web of acct") << "for the first, who asked before";
  EXPECT_EQ(came_.size(), 2U);
  EXPECT_NE(ask(), "web of acct");
}

TEST_F(RedisKeysTest, WhoAsksAfterASuspensionDoesNotWaitForAnAnswerFromBefore) {
  EXPECT_EQ(ask(), "waits");
  redis_knows_the_key();
  cache_.account_changed("acct");
  EXPECT_EQ(ask(), "waits");
  redis_knows_the_account();
  EXPECT_EQ(came_.size(), 1U) << "the first, who asked before";
  redis_knows_the_key();
  redis_knows_the_account("suspended");
  EXPECT_EQ(came_.size(), 2U);
}

TEST_F(RedisKeysTest, WhoAsksAfterTheWatchStandsAgainDoesNotWaitForAnAnswerFromBefore) {
  EXPECT_EQ(ask(), "waits");
  cache_.watch_lost();
  cache_.watch_began(loop_.now());
  EXPECT_EQ(ask(), "waits");
  EXPECT_EQ(redis_.asked.size(), 2U);
}

TEST_F(RedisKeysTest, WhoAskSinceTheChangeWaitForTheSameAnswer) {
  EXPECT_EQ(ask(), "waits");
  cache_.key_changed(key(1));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(), "waits");
  EXPECT_EQ(redis_.asked.size(), 2U);
  redis_knows_no_such_key();
  EXPECT_EQ(came_.size(), 1U);
  redis_knows_no_such_key();
  EXPECT_EQ(came_.size(), 4U);
}

TEST_F(RedisKeysTest, AKeyThatIsAddedWorksAlthoughItWasUnknown) {
  EXPECT_EQ(ask(), "waits");
  redis_knows_no_such_key();
  EXPECT_EQ(ask(), "unknown");
  cache_.key_changed(key(1));
  EXPECT_EQ(ask(), "waits");
}

TEST_F(RedisKeysTest, AKeyOfNobodyIsUnknown) {
  EXPECT_EQ(ask(), "waits");
  redis_knows_the_key();
  redis_.answer(array({}));
  EXPECT_EQ(came(), "unknown");
}

TEST_F(RedisKeysTest, AKeyEndsAtItsTimeWithoutAnybodySayingSo) {
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.wall_now().time_since_epoch());
  EXPECT_EQ(ask(), "waits");
  redis_knows_the_key(std::to_string(now.count() + 10'000));
  redis_knows_the_account();
  EXPECT_EQ(ask(), "web of acct");
  loop_.advance(10s);
  EXPECT_EQ(ask(), "unknown");
}

TEST_F(RedisKeysTest, AKeyThatHadEndedBeforeItWasAskedForIsUnknown) {
  EXPECT_EQ(ask(), "waits");
  redis_knows_the_key("1");
  redis_knows_the_account();
  EXPECT_EQ(came(), "unknown");
}

TEST_F(RedisKeysTest, AKeyThatHasEndedIsNotBelievedWithoutRedis) {
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.wall_now().time_since_epoch());
  EXPECT_EQ(ask(), "waits");
  redis_knows_the_key(std::to_string(now.count() + 70'000));
  redis_knows_the_account();
  loop_.advance(65s);
  EXPECT_EQ(ask(), "waits");
  redis_is_away();
  EXPECT_EQ(came(), "web of acct");
  loop_.advance(5s);
  EXPECT_EQ(ask(), "waits");
  redis_is_away();
  EXPECT_EQ(came(), "unavailable");
}

TEST_F(RedisKeysTest, WhereRedisTellsTheKeyButNotItsAccountTheCacheIsBelieved) {
  know();
  loop_.advance(61s);
  EXPECT_EQ(ask(), "waits");
  redis_knows_the_key();
  redis_is_away();
  EXPECT_EQ(came(), "web of acct");
  EXPECT_EQ(cache_.counts().stale, 1U);

  EXPECT_EQ(ask(key(2)), "waits");
  redis_knows_the_key();
  redis_is_away();
  EXPECT_EQ(came(), "unavailable") << "another key, of which nothing is known";
  EXPECT_EQ(cache_.counts().unavailable, 1U);
}

TEST_F(RedisKeysTest, AKeyThatHasChangedIsNotBelievedWithoutRedis) {
  know();
  cache_.key_changed(key(1));
  EXPECT_EQ(ask(), "waits");
  redis_is_away();
  EXPECT_EQ(came(), "unavailable");
}

TEST_F(RedisKeysTest, WithoutRedisAKnownKeyIsBelievedUntilItIsTooOld) {
  know();
  cache_.watch_lost();
  loop_.advance(4min);
  EXPECT_EQ(ask(), "waits");
  redis_is_away();
  EXPECT_EQ(came(), "web of acct");
  loop_.advance(2min);
  EXPECT_EQ(ask(), "waits");
  redis_is_away();
  EXPECT_EQ(came(), "unavailable");
}

TEST_F(RedisKeysTest, WithoutRedisNobodyCanSayThatAKeyIsUnknown) {
  EXPECT_EQ(ask(), "waits");
  redis_is_away();
  EXPECT_EQ(came(), "unavailable");
}

TEST_F(RedisKeysTest, ARecordThatCannotBeReadIsNoAnswer) {
  EXPECT_EQ(ask(), "waits");
  redis_knows_the_key("soon");
  EXPECT_EQ(came(), "unavailable");
  EXPECT_EQ(ask(), "waits");
  redis_knows_the_key();
  redis_knows_the_account("sleepy");
  EXPECT_EQ(came(), "unavailable");
}

TEST_F(RedisKeysTest, WhatWasKnownBeforeTheWatchStoodAgainIsAskedForAgain) {
  know();
  cache_.watch_lost();
  cache_.watch_began(loop_.now());
  loop_.advance(KeyCache::kUnwatchedTtl);
  EXPECT_EQ(ask(), "waits") << "nobody knows what was missed";
}

TEST_F(RedisKeysTest, GuessingFillsOnlyTheRoomForGuesses) {
  know();
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    ASSERT_EQ(ask(key(1'000 + i)), "waits");
    redis_knows_no_such_key();
    pending_.clear();
  }
  EXPECT_EQ(redis_.asked.size(), 10'000U);
  for (std::uint64_t i = 0; i < 10'000; ++i) ASSERT_EQ(ask(key(1'000 + i)), "unknown");
  EXPECT_EQ(redis_.asked.size(), 10'000U) << "Redis is asked once for each";
  EXPECT_EQ(ask(), "web of acct");
  EXPECT_EQ(cache_.counts().keys, 1U);
  EXPECT_EQ(cache_.counts().unknown_keys, 10'000U);

  const KeyCache::Stamp stamp = cache_.find(key(2), {}, loop_.now(), loop_.wall_now()).stamp;
  for (std::uint64_t i = 0; i < 2 * KeyCache::kMaxUnknown; ++i) {
    cache_.put_unknown(key(100'000 + i), stamp);
  }
  EXPECT_LE(cache_.counts().unknown_keys, KeyCache::kMaxUnknown);
  EXPECT_EQ(ask(), "web of acct");
}

TEST_F(RedisKeysTest, GuessingLeavesRoomForOtherCommands) {
  for (std::uint64_t i = 0; i < RedisKeys::kMaxLookups; ++i) ASSERT_EQ(ask(key(i)), "waits");
  EXPECT_EQ(ask(key(99'999)), "unavailable");
  EXPECT_EQ(redis_.asked.size(), RedisKeys::kMaxLookups);
}

TEST_F(RedisKeysTest, WhatEndsWithItsWorkerIsNotAnswered) {
  RedisKeys own(loop_, redis_, cache_);
  auto found = own.open({})->find(key(3), [](const KeyAnswer&) { FAIL(); });
  EXPECT_TRUE(std::holds_alternative<PendingPtr>(found));
}

}  // namespace
}  // namespace trackly::store
