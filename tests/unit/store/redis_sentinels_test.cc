// The way to a primary that sentinels name, and back to one that knows it.

#include "gateway/store/redis_sentinels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
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
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kConnectTimeout = 500ms;
const std::string kNobody = "*-1\r\n";

std::string question() {
  return wire({"SENTINEL", "get-master-addr-by-name", "shared"}) +
         wire({"SENTINEL", "sentinels", "shared"}) + wire({"SUBSCRIBE", "+switch-master"});
}
std::string primary_is(std::string_view host) { return bulks({host, "6379"}); }
std::string sentinel_at(std::string_view host) {
  return bulks({"name", "5f", "ip", host, "port", "26379", "flags", "sentinel"});
}
const std::string kNoOthers = array({});
const std::string kSubscribed = array({bulk("subscribe"), bulk("+switch-master"), number(1)});
const std::string kPong = bulks({"pong", ""});
std::string news(std::string_view text) { return bulks({"message", "+switch-master", text}); }

RedisSettings with_sentinels(std::vector<std::string> hosts) {
  RedisSettings settings;
  settings.command_timeout = 50ms;
  settings.connect_timeout = kConnectTimeout;
  settings.sentinels.emplace();
  settings.sentinels->primary = "shared";
  for (std::string& host : hosts) settings.sentinels->nodes.push_back({std::move(host), 26379});
  return settings;
}

class RedisSentinelsTest : public testing::Test {
 protected:
  void ask(std::vector<std::string> hosts) { ask_with(with_sentinels(std::move(hosts))); }
  void ask_with(const RedisSettings& settings) {
    sentinels_ = std::make_unique<RedisSentinels>(
        loop_, connector_, RedisAccess{settings, nullptr}, &health_,
        [this](const net::Address& address) { found_.push_back(name_of(address)); });
  }

  /// The sentinel that is asked.
  test::FakePeer& sentinel() { return connector_.peer(); }
  const std::string& asked() { return sentinel().address().host; }
  std::string sent() { return sent_to(sentinel()); }
  void end_turn() { loop_.run_posted(); }
  void accept() {
    sentinel().accept();
    end_turn();
  }
  void answer(std::string_view replies) {
    sentinel().send(replies);
    end_turn();
  }
  void refuse() { sentinel().fail(net::TransportError::refused); }
  /// It names the primary, no other sentinels, and takes the subscription.
  void settle() {
    accept();
    answer(primary_is("a") + kNoOthers + kSubscribed);
    ASSERT_THAT(found_, ElementsAre("a:6379"));
    found_.clear();
    sent();
  }
  void settle_and_stand() {
    settle();
    loop_.advance(1s);
  }
  bool is_well() const { return health_.servers().front().up; }

  test::ManualLoop loop_;
  test::FakeConnector connector_;
  RedisHealth health_;
  std::unique_ptr<RedisSentinels> sentinels_;
  std::vector<std::string> found_;
};

TEST_F(RedisSentinelsTest, TheFirstIsAskedAtOnceAndSubscribedToInTheSameWrite) {
  ask({"s1", "s2"});
  EXPECT_EQ(connector_.attempts(), 1U);
  EXPECT_EQ(asked(), "s1");
  EXPECT_EQ(sentinel().address().port, 26379);
  EXPECT_EQ(connector_.timeout(), kConnectTimeout);
  accept();
  EXPECT_THAT(sentinel().take_writes(), ElementsAre(question()));
}

TEST_F(RedisSentinelsTest, ThePrimaryIsKnownAsSoonAsItIsNamed) {
  ask({"s1"});
  accept();
  EXPECT_THAT(found_, IsEmpty());
  answer(primary_is("a"));
  EXPECT_THAT(found_, ElementsAre("a:6379"));
  answer(kNoOthers + kSubscribed);
  EXPECT_THAT(found_, ElementsAre("a:6379"));
}

TEST_F(RedisSentinelsTest, APrimaryThatMovesIsFollowed) {
  ask({"s1"});
  settle();
  answer(news("shared a 6379 b 6380"));
  answer(news("shared b 6380 fd00::c 6379"));
  EXPECT_THAT(found_, ElementsAre("b:6380", "[fd00::c]:6379"));
  EXPECT_EQ(connector_.attempts(), 1U);
}

TEST_F(RedisSentinelsTest, NewsOfAnotherPrimaryAreNotOurs) {
  ask({"s1"});
  settle();
  answer(news("other a 6379 b 6380"));
  EXPECT_THAT(found_, IsEmpty());
}

TEST_F(RedisSentinelsTest, NewsThatCannotBeReadAreNoNews) {
  ask({"s1"});
  settle();
  answer(news("") + news("shared a 6379") + news("shared a 6379 b 65536") +
         news("shared a 6379 b 0") + news("shared a 6379 b 6380 c") + news("shared a 6379 b 63x") +
         bulks({"message", "+switch-master"}) + "+OK\r\n");
  EXPECT_THAT(found_, IsEmpty());
  EXPECT_EQ(connector_.attempts(), 1U);
}

TEST_F(RedisSentinelsTest, TheirLoginComesBeforeTheQuestion) {
  RedisSettings settings = with_sentinels({"s1"});
  settings.password = "of the primary";
  settings.database = 3;
  settings.sentinels->user = "gateway";
  settings.sentinels->password = "hunter2";
  ask_with(settings);
  accept();
  EXPECT_THAT(sentinel().take_writes(),
              ElementsAre(wire({"AUTH", "gateway", "hunter2"}) + question()));
  answer("+OK\r\n" + primary_is("a") + kNoOthers + kSubscribed);
  EXPECT_THAT(found_, ElementsAre("a:6379"));
}

TEST_F(RedisSentinelsTest, TheNextIsAskedWhereOneRefusesTheLogin) {
  RedisSettings settings = with_sentinels({"s1", "s2"});
  settings.sentinels->password = "hunter2";
  ask_with(settings);
  accept();
  answer("-WRONGPASS invalid username-password pair\r\n" + primary_is("a") + kNoOthers +
         kSubscribed);
  EXPECT_EQ(asked(), "s2");
  EXPECT_THAT(found_, IsEmpty());
}

// ------------------------------------------------------------------------------------ another one

TEST_F(RedisSentinelsTest, TheNextIsAskedAtOnceWhereOneCannotBeReached) {
  ask({"s1", "s2"});
  refuse();
  EXPECT_EQ(asked(), "s2");
  settle();
  EXPECT_TRUE(is_well());
}

TEST_F(RedisSentinelsTest, TheNextIsAskedWhereOneDoesNotKnowThePrimary) {
  ask({"s1", "s2"});
  accept();
  answer(kNobody + "-ERR No such master with that name\r\n" + kSubscribed);
  EXPECT_EQ(asked(), "s2");
  EXPECT_THAT(found_, IsEmpty());
}

TEST_F(RedisSentinelsTest, TheNextIsAskedWhereWhatOneSaysIsNoAddress) {
  for (const std::string& answer_of_one :
       {bulks({"a"}), bulks({"", "6379"}), bulks({"a", "0"}), bulks({"a", "65536"}),
        bulks({"a", "6379x"}), bulks({"a", ""}), bulks({"a", "6379", "b"}), bulk("a:6379"),
        std::string("+OK\r\n")}) {
    ask({"s1", "s2"});
    accept();
    answer(answer_of_one);
    EXPECT_EQ(asked(), "s2") << answer_of_one;
    EXPECT_THAT(found_, IsEmpty()) << answer_of_one;
  }
}

TEST_F(RedisSentinelsTest, TheNextIsAskedWhereOneIsNoSentinel) {
  ask({"s1", "s2"});
  accept();
  answer("-ERR unknown command 'SENTINEL'\r\n");
  EXPECT_EQ(asked(), "s2");
}

TEST_F(RedisSentinelsTest, TheNextIsAskedWhereOneDoesNotSpeakTheProtocol) {
  ask({"s1", "s2"});
  accept();
  answer("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_EQ(asked(), "s2");
}

TEST_F(RedisSentinelsTest, TheNextIsAskedWhereOneDoesNotAnswerInTime) {
  ask({"s1", "s2"});
  accept();
  answer(primary_is("a"));
  loop_.advance(kConnectTimeout - 1us);
  EXPECT_EQ(asked(), "s1");
  loop_.advance(1us);
  EXPECT_EQ(asked(), "s2");
}

TEST_F(RedisSentinelsTest, TheNextIsAskedWhereTheConnectionIsLost) {
  ask({"s1", "s2"});
  settle();
  sentinel().close();
  EXPECT_EQ(asked(), "s2");
  settle();
}

TEST_F(RedisSentinelsTest, AfterTheLastComesTheFirst) {
  ask({"s1", "s2"});
  settle();
  sentinel().close();
  settle_and_stand();
  sentinel().close();
  EXPECT_EQ(asked(), "s1");
}

TEST_F(RedisSentinelsTest, OnceAllHaveFailedTheyAreAskedAgainAfterGrowingJitteredPauses) {
  ask({"s1", "s2"});
  Duration longest = RedisSentinels::kFirstPause;
  for (std::size_t round = 1; round <= 8; ++round) {
    refuse();
    refuse();
    ASSERT_EQ(connector_.attempts(), 2 * round);
    EXPECT_FALSE(is_well());
    loop_.advance(longest / 2 - 1us);
    EXPECT_EQ(connector_.attempts(), 2 * round) << "earlier than half of the pause";
    loop_.advance(longest / 2 + 1us);
    EXPECT_EQ(connector_.attempts(), 2 * round + 1) << "later than the pause";
    longest = std::min<Duration>(2 * longest, RedisSentinels::kLongestPause);
  }
  settle();
  EXPECT_TRUE(is_well());
}

TEST_F(RedisSentinelsTest, AnAnswerMakesThePausesShortAgain) {
  ask({"s1"});
  for (int i = 0; i < 5; ++i) {
    refuse();
    loop_.advance(RedisSentinels::kLongestPause);
  }
  settle_and_stand();
  refuse();
  loop_.advance(RedisSentinels::kFirstPause);
  EXPECT_EQ(connector_.attempts(), 7U);
}

TEST_F(RedisSentinelsTest, ThoseThatAnswerAndCloseAreAskedAgainAfterGrowingPauses) {
  ask({"s1", "s2"});
  Duration longest = RedisSentinels::kFirstPause;
  for (std::size_t round = 1; round <= 4; ++round) {
    for (int i = 0; i < 2; ++i) {
      settle();
      sentinel().close();
    }
    loop_.advance(longest / 2 - 1us);
    EXPECT_EQ(connector_.attempts(), 2 * round);
    loop_.advance(longest / 2 + 1us);
    EXPECT_EQ(connector_.attempts(), 2 * round + 1);
    longest *= 2;
  }
}

TEST_F(RedisSentinelsTest, OneThatStoodOnceDoesNotMakeUpForThoseThatFailAfterIt) {
  ask({"s1", "s2"});
  settle_and_stand();
  sentinel().close();
  refuse();
  EXPECT_EQ(connector_.attempts(), 2U) << "asked again without a pause";
}

TEST_F(RedisSentinelsTest, OneThatWeLeaveHasNotFailed) {
  ask({"s1", "s2"});
  for (std::size_t round = 1; round <= 4; ++round) {
    settle();
    sentinels_->ask_again();
    refuse();
    EXPECT_EQ(connector_.attempts(), 2 * round + 1) << "asked after a pause";
  }
}

TEST_F(RedisSentinelsTest, WhoAnswersButTakesNoSubscriptionCountsAsFailed) {
  ask({"s1", "s2"});
  for (int i = 0; i < 2; ++i) {
    accept();
    answer(primary_is("a") + kNoOthers + "-NOPERM No permissions to access a channel\r\n");
  }
  EXPECT_EQ(connector_.attempts(), 2U) << "asked again without a pause";
  EXPECT_FALSE(is_well());
  EXPECT_THAT(found_, ElementsAre("a:6379", "a:6379"));
}

// --------------------------------------------------------------------------- those that they name

TEST_F(RedisSentinelsTest, ThoseThatOneNamesAreAskedWhereItIsGone) {
  ask({"s1"});
  accept();
  answer(primary_is("a") + array({sentinel_at("s2"), sentinel_at("s3")}) + kSubscribed);
  refuse();
  EXPECT_EQ(asked(), "s2");
  refuse();
  EXPECT_EQ(asked(), "s3");
}

TEST_F(RedisSentinelsTest, OneThatIsKnownAlreadyIsNotAddedAgain) {
  ask({"s1", "s2"});
  for (int i = 0; i < 3; ++i) {
    accept();
    answer(primary_is("a") + array({sentinel_at("s2"), sentinel_at("s2")}) + kSubscribed);
    sentinels_->ask_again();
  }
  EXPECT_EQ(connector_.attempts("s1"), 2U);
  EXPECT_EQ(connector_.attempts("s2"), 2U);
}

TEST_F(RedisSentinelsTest, AnEntryWithoutAnAddressIsPassedOver) {
  ask({"s1"});
  accept();
  answer(primary_is("a") +
         array({bulks({"ip", "s2"}), bulks({"port", "26379"}), bulks({"ip"}), bulk("s2"),
                bulks({"ip", "s2", "port", "0"}), sentinel_at("s3")}) +
         kSubscribed);
  refuse();
  EXPECT_EQ(asked(), "s3");
}

TEST_F(RedisSentinelsTest, NotMoreThanSoManyAreRemembered) {
  ask({"s1"});
  accept();
  std::string many = "*100\r\n";
  for (int i = 0; i < 100; ++i) many += sentinel_at("named-" + std::to_string(i));
  answer(primary_is("a") + many + kSubscribed);
  for (std::size_t i = 0; i < RedisSentinels::kMostSentinels; ++i) refuse();
  EXPECT_EQ(connector_.attempts(), RedisSentinels::kMostSentinels) << "then there is a pause";
  loop_.advance(RedisSentinels::kFirstPause);
  EXPECT_EQ(asked(), "s1");
}

// --------------------------------------------------------------------- a connection that is silent

TEST_F(RedisSentinelsTest, AConnectionThatAnswersPingsIsKept) {
  ask({"s1", "s2"});
  settle();
  for (int i = 0; i < 3; ++i) {
    loop_.advance(RedisSentinels::kPing);
    EXPECT_EQ(sent(), wire("PING"));
    answer(kPong);
  }
  EXPECT_EQ(connector_.attempts(), 1U);
}

TEST_F(RedisSentinelsTest, NewsAreAnAnswerToAPingToo) {
  ask({"s1", "s2"});
  settle();
  loop_.advance(RedisSentinels::kPing);
  answer(news("shared a 6379 b 6379"));
  loop_.advance(RedisSentinels::kPing);
  EXPECT_EQ(asked(), "s1");
}

TEST_F(RedisSentinelsTest, TheNextIsAskedWhereAPingIsNotAnswered) {
  ask({"s1", "s2"});
  settle();
  test::FakePeer& dead = sentinel();
  loop_.advance(2 * RedisSentinels::kPing - 1us);
  EXPECT_EQ(asked(), "s1");
  loop_.advance(1us);
  EXPECT_TRUE(dead.closed());
  EXPECT_EQ(asked(), "s2");
}

// ------------------------------------------------------------------------------------- asked again

TEST_F(RedisSentinelsTest, WhereTheAddressIsOfNoUseTheNextIsAsked) {
  ask({"s1", "s2"});
  settle();
  test::FakePeer& first = sentinel();
  sentinels_->ask_again();
  end_turn();
  EXPECT_TRUE(first.closed());
  EXPECT_EQ(asked(), "s2");
  accept();
  answer(primary_is("b") + kNoOthers + kSubscribed);
  EXPECT_THAT(found_, ElementsAre("b:6379"));
}

TEST_F(RedisSentinelsTest, AnAnswerThatIsOnItsWayIsWaitedFor) {
  ask({"s1", "s2"});
  sentinels_->ask_again();
  accept();
  sentinels_->ask_again();
  EXPECT_EQ(connector_.attempts(), 1U);
  answer(primary_is("a"));
  EXPECT_THAT(found_, ElementsAre("a:6379"));
}

TEST_F(RedisSentinelsTest, AnAnswerThatHasComeIsNotWaitedForAlthoughTheRestIsOnItsWay) {
  ask({"s1", "s2"});
  accept();
  answer(primary_is("a"));
  sentinels_->ask_again();
  EXPECT_EQ(asked(), "s2");
}

TEST_F(RedisSentinelsTest, WhoAsksInAPauseIsAnsweredAfterIt) {
  ask({"s1"});
  refuse();
  sentinels_->ask_again();
  EXPECT_EQ(connector_.attempts(), 1U);
  loop_.advance(RedisSentinels::kFirstPause);
  settle();
}

TEST_F(RedisSentinelsTest, TheNextHasAllItsTimeToAcceptHoweverLongTheOneBeforeWasConnected) {
  for (const bool is_lost : {true, false}) {
    ask({"s1", "s2"});
    const std::size_t attempts = connector_.attempts();
    settle();
    loop_.advance(RedisSentinels::kPing - 1ms);
    is_lost ? sentinel().close() : sentinels_->ask_again();
    loop_.advance(kConnectTimeout - 1ms);
    EXPECT_EQ(connector_.attempts(), attempts + 1) << (is_lost ? "lost" : "asked again");
    settle();
  }
}

TEST_F(RedisSentinelsTest, NoPingIsSentInAPause) {
  ask({"s1"});
  settle();
  loop_.advance(RedisSentinels::kPing - 1ms);
  sentinel().close();
  EXPECT_EQ(loop_.armed_timers(), 1U) << "the end of the pause";
}

TEST_F(RedisSentinelsTest, NothingIsHeardOfTheOneThatWasLeft) {
  ask({"s1", "s2"});
  settle();
  test::FakePeer& first = sentinel();
  sentinels_->ask_again();
  first.send(news("shared a 6379 b 6379"));
  end_turn();
  EXPECT_THAT(found_, IsEmpty());
}

// ----------------------------------------------------------------------------------------- the end

TEST_F(RedisSentinelsTest, NothingHappensAfterItsEndWhereverItWas) {
  const std::vector<std::function<void()>> moments = {
      [] {},
      [this] { sentinel().accept(); },
      [this] {
        accept();
        answer(primary_is("a"));
      },
      [this] { settle(); },
      [this] { refuse(); },
  };
  for (const auto& bring_it_there : moments) {
    ask({"s1"});
    bring_it_there();
    const std::size_t attempts = connector_.attempts();
    sentinels_.reset();
    found_.clear();
    sentinel().send(primary_is("b") + kNoOthers + kSubscribed);
    loop_.advance(1min);
    EXPECT_TRUE(sentinel().closed());
    EXPECT_EQ(connector_.attempts(), attempts);
    EXPECT_THAT(found_, IsEmpty());
    EXPECT_EQ(loop_.armed_timers(), 0U);
  }
}

// ------------------------------------------------------------------------------------- the primary

class RedisPrimaryTest : public testing::Test {
 protected:
  RedisPrimaryTest() {
    primary_ = std::make_unique<RedisPrimary>(loop_, connector_,
                                              RedisAccess{with_sentinels({"s1", "s2"}), nullptr});
  }
  ~RedisPrimaryTest() override { pending_.clear(); }

  void end_turn() { loop_.run_posted(); }
  void sentinel_says(std::string_view host, std::string_view primary) {
    connector_.peer(host).accept();
    end_turn();
    sent_to(connector_.peer(host));
    connector_.peer(host).send(primary_is(primary) + kNoOthers + kSubscribed);
    end_turn();
  }
  void sentinel_announces(std::string_view to) {
    connector_.peer("s1").send(news("shared a 6379 " + std::string(to) + " 6379"));
    end_turn();
  }
  void accept(std::string_view host) {
    connector_.peer(host).accept();
    end_turn();
    EXPECT_EQ(sent(host), wire("ROLE") + wire("PING"));
  }
  void greet(std::string_view host, std::string_view role = "master") {
    accept(host);
    connector_.peer(host).send(array({bulk(role), number(1), array({})}) + "+PONG\r\n");
    end_turn();
  }
  std::string sent(std::string_view host) { return sent_to(connector_.peer(host)); }

  /// What comes of it is answers_[word].
  void send(std::string_view word) {
    const std::array words{word};
    pending_[std::string(word)] =
        primary_->send("", words, primary_->deadline(),
                       [this, word = std::string(word)](const RedisAnswer& answer) {
                         answers_[word] = answer ? answer->text : to_string(answer.error());
                       });
  }

  test::ManualLoop loop_;
  test::FakeConnector connector_;
  std::unique_ptr<RedisPrimary> primary_;
  std::map<std::string, std::string> answers_;
  std::map<std::string, PendingPtr> pending_;
};

TEST_F(RedisPrimaryTest, CommandsWaitUntilSentinelsHaveNamedIt) {
  send("a");
  sentinel_says("s1", "a");
  greet("a");
  EXPECT_EQ(sent("a"), wire("a"));
  connector_.peer("a").send("+OK\r\n");
  EXPECT_EQ(answers_["a"], "OK");
}

TEST_F(RedisPrimaryTest, CommandsEndAtTheirDeadlineWhereNoSentinelAnswers) {
  send("a");
  loop_.advance(50ms);
  EXPECT_EQ(answers_["a"], "timeout");
}

TEST_F(RedisPrimaryTest, AfterAFailoverCommandsGoToTheNewOneAndOwedAnswersAreWaitedFor) {
  sentinel_says("s1", "a");
  greet("a");
  send("for a");
  end_turn();
  sent("a");
  sentinel_announces("b");
  send("for b");
  end_turn();
  EXPECT_EQ(sent("a"), "");
  EXPECT_EQ(connector_.attempts("b"), 0U);
  connector_.peer("a").send("+from a\r\n");
  greet("b");
  EXPECT_EQ(sent("b"), wire("for b"));
  EXPECT_EQ(answers_["for a"], "from a");
}

TEST_F(RedisPrimaryTest, AnnouncedTwiceItIsConnectedToOnce) {
  sentinel_says("s1", "a");
  sentinel_announces("a");
  greet("a");
  sentinel_announces("a");
  EXPECT_EQ(connector_.attempts("a"), 1U);
}

TEST_F(RedisPrimaryTest, AReplicaIsNotTakenForIt) {
  sentinel_says("s1", "a");
  send("a");
  greet("a", "slave");
  EXPECT_EQ(answers_["a"], "down");
  EXPECT_EQ(sent("a"), "");
}

TEST_F(RedisPrimaryTest, WhereItCannotBeConnectedToTheNextSentinelIsAsked) {
  sentinel_says("s1", "a");
  connector_.peer("a").fail(net::TransportError::refused);
  EXPECT_EQ(connector_.attempts("s2"), 0U);
  loop_.advance(RedisClient::kFirstPause);
  ASSERT_EQ(connector_.attempts("s2"), 1U);
  sentinel_says("s2", "b");
  greet("b");
  send("a");
  end_turn();
  EXPECT_EQ(sent("b"), wire("a"));
}

TEST_F(RedisPrimaryTest, WhereTheSameOneIsNamedAgainItIsTriedAgain) {
  sentinel_says("s1", "a");
  connector_.peer("a").fail(net::TransportError::refused);
  loop_.advance(RedisClient::kFirstPause);
  sentinel_says("s2", "a");
  EXPECT_EQ(connector_.attempts("a"), 2U);
  greet("a");
}

TEST_F(RedisPrimaryTest, WhatADemotedOneRefusesIsSentToTheNewOne) {
  sentinel_says("s1", "a");
  greet("a");
  send("write");
  end_turn();
  connector_.peer("a").send("-READONLY You can't write against a read only replica.\r\n");
  ASSERT_EQ(connector_.attempts("s2"), 1U) << "nobody was asked";
  sentinel_says("s2", "b");
  greet("b");
  EXPECT_EQ(sent("b"), wire("write"));
  connector_.peer("b").send("+OK\r\n");
  EXPECT_EQ(answers_["write"], "OK");
}

TEST_F(RedisPrimaryTest, AnAnnouncementEndsThePause) {
  sentinel_says("s1", "a");
  connector_.peer("a").fail(net::TransportError::refused);
  sentinel_announces("b");
  EXPECT_EQ(connector_.attempts("b"), 1U);
}

TEST_F(RedisPrimaryTest, IsFoundAgainWhereItFailsBeforeTheSentinelHasSaidAll) {
  connector_.peer("s1").accept();
  end_turn();
  connector_.peer("s1").send(primary_is("a"));
  connector_.peer("a").fail(net::TransportError::refused);
  loop_.advance(RedisClient::kFirstPause);
  connector_.peer("s1").send(kNoOthers + kSubscribed);
  loop_.advance(RedisClient::kLongestPause);
  ASSERT_EQ(connector_.attempts("s2"), 1U) << "nobody was asked";
  sentinel_says("s2", "b");
  EXPECT_EQ(connector_.attempts("b"), 1U);
}

TEST_F(RedisPrimaryTest, NothingIsCalledOrLeakedWhenItIsDestroyedWithCommandsUnderWay) {
  send("waiting");
  sentinel_says("s1", "a");
  greet("a");
  send("sent");
  end_turn();
  send("unsent");
  primary_.reset();
  end_turn();
  EXPECT_TRUE(connector_.peer("a").closed());
  EXPECT_TRUE(connector_.peer("s1").closed());
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(loop_.armed_timers(), 0U);
}

}  // namespace
}  // namespace trackly::store
