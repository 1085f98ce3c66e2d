#include "gateway/store/redis_client.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/fake_connector.h"
#include "tests/support/manual_loop.h"

namespace trackly::store {
namespace {

using namespace std::chrono_literals;

std::string wire(std::string_view word) {
  const std::array words{word};
  return format_redis_command(words);
}

class RedisClientTest : public testing::Test {
 protected:
  RedisClientTest() {
    settings_.command_timeout = 50ms;
    settings_.connect_timeout = 500ms;
    settings_.max_in_flight = 4;
    client_ = std::make_unique<RedisClient>(loop_, connector_, settings_);
  }
  ~RedisClientTest() override { pending_.clear(); }

  test::FakePeer& redis() { return connector_.peer(); }

  /// A connection that Redis has greeted us on.
  void get_ready() {
    redis().accept();
    end_turn();
    EXPECT_EQ(sent(), wire("PING"));
    redis().send("+PONG\r\n");
    end_turn();
  }
  void get_ready_and_stand() {
    get_ready();
    loop_.advance(2s);
  }
  void end_turn() { loop_.run_posted(); }

  /// What comes of it is answers_[word].
  void send(std::string_view word) {
    const std::array words{word};
    pending_[std::string(word)] = client_->send(
        "", words, client_->deadline(),
        [this, word = std::string(word)](const RedisAnswer& answer) {
          EXPECT_FALSE(answers_.contains(word)) << word << " was answered twice";
          answers_[word] = answer ? answer->text : std::string(to_string(answer.error()));
        });
    EXPECT_FALSE(answers_.contains(std::string(word))) << "answered inside the call";
  }
  /// Empty: not answered yet.
  std::string answer(const std::string& word) const {
    const auto found = answers_.find(word);
    return found == answers_.end() ? std::string() : found->second;
  }
  void cancel(const std::string& word) { pending_.erase(word); }

  std::string sent() {
    std::string bytes;
    for (const std::string& write : redis().take_writes()) bytes += write;
    return bytes;
  }

  test::ManualLoop loop_;
  test::FakeConnector connector_;
  RedisSettings settings_;
  std::unique_ptr<RedisClient> client_;
  std::map<std::string, std::string> answers_;
  std::map<std::string, PendingPtr> pending_;
};

// --------------------------------------------------------------------------------------- commands

TEST_F(RedisClientTest, ConnectsAtOnceToWhatIsConfigured) {
  EXPECT_EQ(connector_.attempts(), 1U);
  EXPECT_EQ(redis().address().host, "127.0.0.1");
  EXPECT_EQ(redis().address().port, 6379);
  EXPECT_EQ(connector_.timeout(), 500ms);
}

TEST_F(RedisClientTest, TheCommandsOfATurnLeaveInOneWrite) {
  get_ready();
  send("a");
  send("b");
  client_->send("", std::array<std::string_view, 1>{"c"});
  EXPECT_TRUE(redis().take_writes().empty());
  end_turn();
  EXPECT_EQ(redis().take_writes(), std::vector{wire("a") + wire("b") + wire("c")});
}

TEST_F(RedisClientTest, RepliesAreMatchedInOrder) {
  get_ready();
  send("a");
  client_->send("", std::array<std::string_view, 1>{"nobody waits"});
  send("b");
  end_turn();
  redis().send("+1\r\n+2\r\n");
  EXPECT_EQ(answer("a"), "1");
  EXPECT_EQ(answer("b"), "");
  redis().send("-OOM command not allowed\r\n");
  EXPECT_EQ(answer("b"), "OOM command not allowed");
}

TEST_F(RedisClientTest, CommandsWaitForTheFirstConnection) {
  send("a");
  redis().accept();
  end_turn();
  EXPECT_EQ(sent(), wire("PING"));
  send("b");
  redis().send("+PONG\r\n");
  end_turn();
  EXPECT_EQ(redis().take_writes(), std::vector{wire("a") + wire("b")});
  redis().send("+1\r\n+2\r\n");
  EXPECT_EQ(answer("a"), "1");
  EXPECT_EQ(answer("b"), "2");
}

TEST_F(RedisClientTest, ACallbackMaySendTheNextCommand) {
  get_ready();
  const PendingPtr first =
      client_->send("", std::array<std::string_view, 1>{"first"}, client_->deadline(),
                    [this](const RedisAnswer&) { send("second"); });
  end_turn();
  sent();
  redis().send("+OK\r\n");
  end_turn();
  EXPECT_EQ(sent(), wire("second"));
}

TEST_F(RedisClientTest, WhatTheSocketDoesNotTakeIsSentWhenItHasRoom) {
  get_ready();
  redis().set_room(3);
  send("a");
  end_turn();
  send("b");
  end_turn();
  redis().set_room(SIZE_MAX);
  EXPECT_EQ(sent(), wire("a") + wire("b"));
}

TEST_F(RedisClientTest, MoreCommandsThanAllowedAreRefusedNotQueued) {
  get_ready();
  for (const std::string_view word : {"a", "b", "c", "d", "one too many"}) send(word);
  end_turn();
  EXPECT_EQ(answer("one too many"), "too many commands in flight");
  EXPECT_EQ(answer("d"), "");
  redis().send("+1\r\n");
  send("again");
  end_turn();
  EXPECT_EQ(answer("again"), "");
}

TEST_F(RedisClientTest, NothingIsCalledOrLeakedWhenItIsDestroyedWithCommandsUnderWay) {
  get_ready();
  send("a");
  client_.reset();
  end_turn();
  EXPECT_TRUE(redis().closed());
  EXPECT_EQ(answer("a"), "");
}

// ------------------------------------------------------------------------------ deadlines, cancels

TEST_F(RedisClientTest, ACommandIsAnsweredByItsDeadline) {
  get_ready();
  send("a");
  loop_.advance(20ms);
  send("b");
  loop_.advance(30ms - 1us);
  EXPECT_EQ(answer("a"), "");
  loop_.advance(1us);
  EXPECT_EQ(answer("a"), "timeout");
  EXPECT_EQ(answer("b"), "");
  loop_.advance(20ms);
  EXPECT_EQ(answer("b"), "timeout");
}

TEST_F(RedisClientTest, ALateReplyIsDroppedNotTakenForTheNext) {
  get_ready();
  send("late");
  loop_.advance(30ms);
  send("next");
  loop_.advance(20ms);
  redis().send("+late\r\n+next\r\n");
  EXPECT_EQ(answer("late"), "timeout");
  EXPECT_EQ(answer("next"), "next");
}

TEST_F(RedisClientTest, WhileARedisOwesALateReplyCommandsFailAtOnce) {
  get_ready();
  send("late");
  loop_.advance(50ms);
  sent();
  send("a");
  end_turn();
  EXPECT_EQ(answer("a"), "down");
  EXPECT_EQ(sent(), "");
  redis().send("+late\r\n");
  send("b");
  end_turn();
  EXPECT_EQ(sent(), wire("b"));
}

TEST_F(RedisClientTest, ACommandThatTimedOutBeforeItWasSentIsNeverSent) {
  send("a");
  loop_.advance(50ms);
  EXPECT_EQ(answer("a"), "timeout");
  get_ready();
  EXPECT_EQ(sent(), "");
}

TEST_F(RedisClientTest, ACommandCancelledBeforeItWasSentIsNeverSent) {
  send("a");
  cancel("a");
  get_ready();
  EXPECT_EQ(sent(), "");
}

TEST_F(RedisClientTest, TheReplyToACancelledCommandIsDropped) {
  get_ready();
  send("cancelled");
  send("next");
  cancel("cancelled");
  end_turn();
  redis().send("+cancelled\r\n+next\r\n");
  EXPECT_EQ(answer("cancelled"), "");
  EXPECT_EQ(answer("next"), "next");
}

TEST_F(RedisClientTest, ACancelledRefusalIsNotHeardOf) {
  redis().fail(net::TransportError::refused);
  send("a");
  cancel("a");
  end_turn();
  EXPECT_EQ(answer("a"), "");
}

// ------------------------------------------------------------------------------------ Redis is
// gone

TEST_F(RedisClientTest, ARefusedConnectionFailsWhatWaitsAndWhatFollows) {
  send("waiting");
  redis().fail(net::TransportError::refused);
  EXPECT_EQ(answer("waiting"), "down");
  send("next");
  EXPECT_EQ(answer("next"), "");
  end_turn();
  EXPECT_EQ(answer("next"), "down");
}

TEST_F(RedisClientTest, ItTriesAgainWithGrowingJitteredPauses) {
  Duration longest = RedisClient::kFirstPause;
  for (int attempt = 1; attempt <= 10; ++attempt) {
    redis().fail(net::TransportError::refused);
    loop_.advance(longest / 2 - 1us);
    EXPECT_EQ(connector_.attempts(), attempt) << "earlier than half of the pause";
    loop_.advance(longest / 2 + 1us);
    EXPECT_EQ(connector_.attempts(), attempt + 1) << "later than the pause";
    longest = std::min<Duration>(2 * longest, RedisClient::kLongestPause);
  }
  get_ready();
  send("a");
  end_turn();
  EXPECT_EQ(sent(), wire("a"));
}

TEST_F(RedisClientTest, WhileItTriesAgainCommandsGoOnFailingAtOnce) {
  redis().fail(net::TransportError::refused);
  loop_.advance(RedisClient::kFirstPause);
  ASSERT_EQ(connector_.attempts(), 2U);
  redis().accept();
  send("a");
  end_turn();
  EXPECT_EQ(answer("a"), "down") << "the kernel accepted, Redis has not answered";
}

TEST_F(RedisClientTest, AConnectionThatStoodIsReplacedAtOnceAndCommandsWaitForIt) {
  get_ready_and_stand();
  send("under way");
  end_turn();
  redis().close();
  EXPECT_EQ(answer("under way"), "connection lost");
  EXPECT_EQ(connector_.attempts(), 2U);
  send("a");
  get_ready();
  EXPECT_EQ(sent(), wire("a"));
}

TEST_F(RedisClientTest, AConnectionThatDidNotStandIsReplacedAfterAPause) {
  get_ready();
  redis().fail(net::TransportError::reset);
  send("a");
  end_turn();
  EXPECT_EQ(answer("a"), "down");
  EXPECT_EQ(connector_.attempts(), 1U);
  loop_.advance(RedisClient::kFirstPause);
  EXPECT_EQ(connector_.attempts(), 2U);
}

TEST_F(RedisClientTest, ARedisThatIsStillLoadingIsAskedAgainLater) {
  send("a");
  redis().accept();
  end_turn();
  redis().send("-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_EQ(answer("a"), "down");
  loop_.advance(RedisClient::kFirstPause);
  EXPECT_EQ(connector_.attempts(), 2U);
  get_ready();
}

TEST_F(RedisClientTest, ARedisThatDoesNotGreetIsGivenUpAfterTheConnectTimeout) {
  redis().accept();
  loop_.advance(500ms - 1us);
  EXPECT_FALSE(redis().closed());
  loop_.advance(1us);
  EXPECT_TRUE(redis().closed());
  loop_.advance(RedisClient::kFirstPause);
  EXPECT_EQ(connector_.attempts(), 2U);
}

TEST_F(RedisClientTest, AGreetingThatIsCutOffCountsAsOneFailedAttempt) {
  redis().accept();
  end_turn();
  redis().close();
  loop_.advance(RedisClient::kFirstPause);
  EXPECT_EQ(connector_.attempts(), 2U);
}

TEST_F(RedisClientTest, ARedisThatStopsAnsweringIsGivenUpAfterTheStallLimit) {
  get_ready_and_stand();
  send("late");
  loop_.advance(50ms + RedisClient::kStallLimit - 1us);
  EXPECT_FALSE(redis().closed());
  loop_.advance(1us);
  EXPECT_TRUE(redis().closed());
  send("a");
  end_turn();
  EXPECT_EQ(answer("a"), "down");
  loop_.advance(RedisClient::kFirstPause);
  EXPECT_EQ(connector_.attempts(), 2U);
}

TEST_F(RedisClientTest, WhatIsNotRedisIsLeft) {
  get_ready_and_stand();
  send("a");
  end_turn();
  test::FakePeer& stranger = redis();
  stranger.send("HTTP/1.1 400 Bad Request\r\n");
  end_turn();
  EXPECT_EQ(answer("a"), "connection lost");
  EXPECT_TRUE(stranger.closed());
}

TEST_F(RedisClientTest, AReplyThatNobodyAskedForEndsTheConnection) {
  get_ready_and_stand();
  test::FakePeer& confused = redis();
  confused.send("+OK\r\n+OK\r\n");
  end_turn();
  EXPECT_TRUE(confused.closed());
}

TEST_F(RedisClientTest, NothingIsArmedWhileNothingIsUnderWay) {
  get_ready_and_stand();
  EXPECT_EQ(loop_.armed_timers(), 0U);
}

}  // namespace
}  // namespace trackly::store
