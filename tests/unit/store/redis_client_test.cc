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
#include "tests/unit/store/resp.h"

namespace trackly::store {
namespace {

using namespace std::chrono_literals;

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

  std::string sent() { return sent_to(redis()); }

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

// --------------------------------------------------------------------------------- Redis is gone

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

// --------------------------------------------------------------------------------- the login

class RedisLoginTest : public RedisClientTest {
 protected:
  void log_in_as(const std::string& user, const std::string& password, std::uint32_t database) {
    settings_.user = user;
    settings_.password = password;
    settings_.database = database;
    client_ = std::make_unique<RedisClient>(loop_, connector_, settings_);
    redis().accept();
    end_turn();
  }
};

TEST_F(RedisLoginTest, UserPasswordAndDatabaseComeBeforeThePing) {
  log_in_as("gateway", "hunter2", 3);
  EXPECT_EQ(redis().take_writes(), std::vector{wire({"AUTH", "gateway", "hunter2"}) +
                                               wire({"SELECT", "3"}) + wire("PING")});
  send("a");
  redis().send("+OK\r\n+OK\r\n");
  end_turn();
  EXPECT_EQ(sent(), "");
  redis().send("+PONG\r\n");
  end_turn();
  EXPECT_EQ(sent(), wire("a"));
}

TEST_F(RedisLoginTest, APasswordAloneIsThatOfTheDefaultUser) {
  log_in_as("", "hunter2", 0);
  EXPECT_EQ(sent(), wire({"AUTH", "hunter2"}) + wire("PING"));
}

TEST_F(RedisLoginTest, ARefusedLoginIsAFailedAttempt) {
  log_in_as("", "wrong", 2);
  send("a");
  redis().send("-WRONGPASS invalid username-password pair\r\n-NOAUTH\r\n-NOAUTH\r\n");
  EXPECT_EQ(answer("a"), "down");
  EXPECT_EQ(connector_.attempts(), 2U);
  loop_.advance(RedisClient::kFirstPause);
  EXPECT_EQ(connector_.attempts(), 3U);
}

TEST_F(RedisLoginTest, ADatabaseThatDoesNotExistIsAFailedAttempt) {
  log_in_as("", "", 99);
  send("a");
  redis().send("-ERR DB index is out of range\r\n+PONG\r\n");
  EXPECT_EQ(answer("a"), "down");
}

TEST_F(RedisLoginTest, AUserWhoMayNotPingIsWelcome) {
  log_in_as("gateway", "hunter2", 0);
  send("a");
  sent();
  redis().send("+OK\r\n-NOPERM this user has no permissions to run the 'ping' command\r\n");
  end_turn();
  EXPECT_EQ(sent(), wire("a"));
}

TEST_F(RedisLoginTest, ALoginThatIsNotAnsweredIsGivenUpOnce) {
  log_in_as("gateway", "hunter2", 3);
  const std::size_t attempts = connector_.attempts();
  redis().send("+OK\r\n");
  loop_.advance(500ms);
  EXPECT_TRUE(redis().closed());
  loop_.advance(RedisClient::kFirstPause);
  EXPECT_EQ(connector_.attempts(), attempts + 1);
}

// --------------------------------------------------------------------------------- the breaker

class RedisBreakerTest : public RedisClientTest {
 protected:
  static constexpr auto kProbeInterval = 200ms;

  RedisBreakerTest() {
    settings_.breaker = {.failures = 3, .probe_interval = kProbeInterval};
    client_ =
        std::make_unique<RedisClient>(loop_, connector_, RedisAccess{settings_, nullptr},
                                      net::Address{.host = "redis", .port = 1, .unix_path = {}},
                                      RedisObservers{nullptr, &counts_});
    get_ready_and_stand();
  }

  /// A command that is answered after its deadline.
  void send_and_answer_late(const std::string& word) {
    send(word);
    loop_.advance(50ms);
    EXPECT_EQ(answer(word), "timeout");
    sent();
    redis().send("+late\r\n");
  }
  void open() {
    for (const char* word : {"1", "2", "3"}) send_and_answer_late(word);
  }
  /// Passes the next probe.
  void answer_probe() {
    while (sent() != wire("PING")) loop_.advance(1ms);
    redis().send("+PONG\r\n");
  }
  bool is_sent(const std::string& word) {
    send(word);
    end_turn();
    return sent().find(wire(word)) != std::string::npos;
  }
  /// The reply to one command.
  std::string reply(const std::string& word, std::string_view text) {
    if (!is_sent(word)) return answer(word);
    redis().send(text);
    return answer(word);
  }
  std::uint64_t count(RedisOutcome outcome) { return counts_.of(outcome).value(); }

  RedisCounts counts_;
};

TEST_F(RedisBreakerTest, OpensAfterSoManyCommandsInARowWithoutAnAnswerInTime) {
  send_and_answer_late("1");
  send_and_answer_late("2");
  EXPECT_TRUE(is_sent("3"));
  loop_.advance(50ms);
  redis().send("+late\r\n");
  EXPECT_FALSE(is_sent("4"));
  EXPECT_EQ(answer("4"), "down");
  EXPECT_EQ(counts_.breaker_openings.value(), 1U);
  EXPECT_EQ(count(RedisOutcome::timeout), 3U);
  EXPECT_EQ(count(RedisOutcome::down), 1U);
}

TEST_F(RedisBreakerTest, AnAnswerInTimeBetweenThemKeepsItClosed) {
  send_and_answer_late("1");
  send_and_answer_late("2");
  EXPECT_EQ(reply("3", "+OK\r\n"), "OK");
  send_and_answer_late("4");
  send_and_answer_late("5");
  EXPECT_TRUE(is_sent("6"));
}

TEST_F(RedisBreakerTest, ClosesWhenAProbeIsAnsweredInTime) {
  open();
  loop_.advance(kProbeInterval);
  EXPECT_EQ(sent(), wire("PING"));
  EXPECT_FALSE(is_sent("a"));
  redis().send("+PONG\r\n");
  EXPECT_TRUE(is_sent("b"));
}

TEST_F(RedisBreakerTest, AProbeThatIsAnsweredLateKeepsItOpen) {
  open();
  for (int i = 0; i < 5; ++i) {
    loop_.advance(kProbeInterval / 2);
    while (sent() != wire("PING")) loop_.advance(1ms);
    loop_.advance(60ms);
    redis().send("+PONG\r\n");
    EXPECT_FALSE(is_sent(std::to_string(10 + i)));
  }
}

TEST_F(RedisBreakerTest, OnceClosedOneFailureOpensItAgain) {
  open();
  loop_.advance(kProbeInterval);
  redis().send("+PONG\r\n");
  send_and_answer_late("a");
  EXPECT_FALSE(is_sent("b"));
}

TEST_F(RedisBreakerTest, EachTimeItOpensAgainSoonItNeedsTwiceAsManyProbes) {
  open();
  answer_probe();
  for (const int probes : {2, 4, 8}) {
    send_and_answer_late("a" + std::to_string(probes));
    for (int i = 0; i < probes; ++i) {
      EXPECT_FALSE(is_sent(std::to_string(probes) + "-" + std::to_string(i)));
      answer_probe();
    }
    EXPECT_EQ(reply("b" + std::to_string(probes), "+OK\r\n"), "OK");
    for (const char* word : {"x", "y"}) send_and_answer_late(word + std::to_string(probes));
  }
}

TEST_F(RedisBreakerTest, AMissedProbeBeginsTheRowAnew) {
  open();
  answer_probe();
  send_and_answer_late("a");
  answer_probe();
  while (sent() != wire("PING")) loop_.advance(1ms);
  loop_.advance(60ms);
  redis().send("+PONG\r\n");
  answer_probe();
  EXPECT_FALSE(is_sent("b"));
  answer_probe();
  EXPECT_TRUE(is_sent("c"));
}

TEST_F(RedisBreakerTest, OneProbeIsEnoughWhereItOpensLongAfterItClosed) {
  open();
  answer_probe();
  send_and_answer_late("a");
  answer_probe();
  answer_probe();
  EXPECT_EQ(reply("b", "+OK\r\n"), "OK");
  loop_.advance(RedisClient::kSoon);
  for (const char* word : {"4", "5", "6"}) send_and_answer_late(word);
  EXPECT_FALSE(is_sent("c"));
  answer_probe();
  EXPECT_TRUE(is_sent("d"));
}

TEST_F(RedisBreakerTest, OnceProvenItTakesAllFailuresAgain) {
  open();
  loop_.advance(kProbeInterval);
  sent();
  redis().send("+PONG\r\n");
  EXPECT_EQ(reply("a", "+OK\r\n"), "OK");
  send_and_answer_late("b");
  EXPECT_TRUE(is_sent("c"));
}

TEST_F(RedisBreakerTest, WhatWaitsForAConnectionThatDoesNotComeFailsWhenItOpens) {
  redis().close();
  for (const char* word : {"1", "2", "3", "4"}) {
    send(word);
    loop_.advance(10ms);
  }
  loop_.advance(30ms);
  EXPECT_EQ(answer("3"), "timeout");
  EXPECT_EQ(answer("4"), "down");
}

TEST_F(RedisBreakerTest, ANewConnectionIsProbedWhileItIsOpen) {
  open();
  redis().close();
  redis().accept();
  end_turn();
  redis().send("+PONG\r\n");
  EXPECT_FALSE(is_sent("a"));
  redis().send("+PONG\r\n");
  EXPECT_TRUE(is_sent("b"));
}

TEST_F(RedisBreakerTest, ACommandThatRedisRefusesIsNoLongerSent) {
  for (const char* word : {"W", "W2", "W3"}) {
    pending_.clear();
    answers_.clear();
    EXPECT_EQ(reply("W", "-OOM command not allowed\r\n"), "OOM command not allowed") << word;
  }
  answers_.clear();
  EXPECT_FALSE(is_sent("W"));
  EXPECT_EQ(answer("W"), "down");
  EXPECT_TRUE(is_sent("R")) << "reading goes on";
  EXPECT_EQ(count(RedisOutcome::refused), 3U);
}

TEST_F(RedisBreakerTest, OneOfARefusedKindTriesInEachInterval) {
  for (int i = 0; i < 3; ++i) {
    answers_.clear();
    reply("W", "-OOM command not allowed\r\n");
  }
  loop_.advance(kProbeInterval);
  answers_.clear();
  EXPECT_TRUE(is_sent("W"));
  answers_.clear();
  EXPECT_FALSE(is_sent("W"));
  redis().send("-OOM command not allowed\r\n");
  answers_.clear();
  EXPECT_FALSE(is_sent("W"));
  loop_.advance(kProbeInterval);
  answers_.clear();
  EXPECT_EQ(reply("W", "+OK\r\n"), "OK");
  answers_.clear();
  EXPECT_TRUE(is_sent("W"));
}

TEST_F(RedisBreakerTest, AnOrdinaryErrorIsAnAnswer) {
  for (int i = 0; i < 5; ++i) {
    answers_.clear();
    EXPECT_EQ(reply("E", "-NOSCRIPT No matching script\r\n"), "NOSCRIPT No matching script");
  }
}

TEST_F(RedisBreakerTest, ACommandForAPrimaryIsSentAgainWhereTheNameHasMovedOn) {
  EXPECT_TRUE(is_sent("W"));
  EXPECT_TRUE(is_sent("R"));
  redis().send("-READONLY You can't write against a read only replica.\r\n");
  send("next");
  EXPECT_EQ(connector_.attempts(), 2U) << "what is under way comes to its end first";
  redis().send("+read\r\n");
  EXPECT_EQ(answer("R"), "read");
  EXPECT_EQ(connector_.attempts(), 3U);
  get_ready();
  EXPECT_EQ(sent(), wire("W") + wire("next"));
  redis().send("+written\r\n");
  EXPECT_EQ(answer("W"), "written");
}

TEST_F(RedisBreakerTest, ACommandIsSentAgainOnlyOnce) {
  EXPECT_TRUE(is_sent("W"));
  redis().send("-READONLY replica\r\n");
  get_ready();
  sent();
  redis().send("-READONLY replica\r\n");
  EXPECT_EQ(answer("W"), "READONLY replica");
}

TEST(RedisRefusalCode, IsFoundInAnErrorOfAScriptToo) {
  const auto code = [](std::string text) {
    RedisReply reply;
    reply.kind = RedisReply::Kind::error;
    reply.text = std::move(text);
    return std::string(refusal_code(reply));
  };
  EXPECT_EQ(code("OOM command not allowed. script: 5f"), "OOM");
  EXPECT_EQ(code("ERR Error running script (call to f_5f): @user_script:61: -OOM command not"),
            "OOM");
  EXPECT_EQ(code("ERR unknown command"), "");
  EXPECT_EQ(code("NOSCRIPT No matching script."), "");
}

}  // namespace
}  // namespace trackly::store
