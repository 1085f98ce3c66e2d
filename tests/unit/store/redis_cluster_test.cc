// Commands to a cluster: to the node of their slot, and after it when it moves.

#include "gateway/store/redis_cluster.h"

#include <gmock/gmock.h>
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
using testing::ElementsAre;

constexpr auto kCommandTimeout = 50ms;
// More than the pause before a cluster that nobody could be asked about is looked at again.
constexpr auto kLook = 60ms;

// Two keys, on different halves of the slots.
constexpr std::string_view kLow = "bar";   // 5061
constexpr std::string_view kHigh = "foo";  // 12182

const std::string kSlots = wire({"CLUSTER", "SLOTS"});
const std::string kHalves = array({slot_range(0, 8191, "a"), slot_range(8192, 16383, "b")});

std::string moved(std::string_view key, std::string_view place) {
  return "-MOVED " + std::to_string(redis_slot(key)) + " " + std::string(place) + "\r\n";
}
std::string ask(std::string_view key, std::string_view place) {
  return "-ASK " + std::to_string(redis_slot(key)) + " " + std::string(place) + "\r\n";
}

class RedisClusterTest : public testing::Test {
 protected:
  RedisClusterTest() {
    settings_.cluster = {{"a", 7000}, {"b", 7000}};
    settings_.command_timeout = kCommandTimeout;
    settings_.connect_timeout = 500ms;
    begin();
  }
  ~RedisClusterTest() override { pending_.clear(); }

  void begin() {
    cluster_ = std::make_unique<RedisCluster>(loop_, connector_, RedisAccess{settings_, nullptr});
  }
  void end_turn() { loop_.run_posted(); }
  test::FakePeer& node(std::string_view host) { return connector_.peer(host); }
  std::size_t connections(std::string_view host) const { return connector_.attempts(host); }
  std::string sent(std::string_view host) { return sent_to(node(host)); }
  void reply(std::string_view host, std::string_view replies) {
    node(host).send(replies);
    end_turn();
  }
  void greet(std::string_view host) {
    node(host).accept();
    end_turn();
    EXPECT_EQ(sent(host), wire("PING"));
    reply(host, "+PONG\r\n");
  }
  /// The node that has been asked for the map since the last call.
  std::string asked_for_map() {
    std::string who;
    for (const char* host : {"a", "b", "c"}) {
      if (connections(host) > 0 && sent(host).find(kSlots) != std::string::npos) who += host;
    }
    return who.empty() ? "nobody" : who;
  }
  /// The nodes are there, and have said which slots are whose.
  void settle(const std::string& map = kHalves) {
    greet("a");
    greet("b");
    loop_.advance(kLook);
    reply(asked_for_map(), map);
    // From now on the map may be asked for again.
    loop_.advance(RedisCluster::kRefreshInterval);
  }
  /// It is answered by that map.
  void refresh(const std::string& map) {
    const std::string who = asked_for_map();
    ASSERT_NE(who, "nobody");
    reply(who, map);
  }

  /// What comes of it is answers_[word].
  void send(std::string_view word, std::string_view key) {
    const std::array words{word, key};
    pending_[std::string(word)] = cluster_->send(
        key, words, cluster_->deadline(),
        [this, word = std::string(word)](const RedisAnswer& answer) {
          EXPECT_FALSE(answers_.contains(word)) << word << " was answered twice";
          answers_[word] = answer ? answer->text : std::string(to_string(answer.error()));
        });
    EXPECT_FALSE(answers_.contains(std::string(word))) << "answered inside the call";
    end_turn();
  }
  void cancel(const std::string& word) { pending_.erase(word); }
  /// Empty: not answered yet.
  std::string answer(const std::string& word) const {
    const auto found = answers_.find(word);
    return found == answers_.end() ? std::string() : found->second;
  }

  test::ManualLoop loop_;
  test::FakeConnector connector_;
  RedisSettings settings_;
  std::unique_ptr<RedisCluster> cluster_;
  std::map<std::string, std::string> answers_;
  std::map<std::string, PendingPtr> pending_;
};

// ------------------------------------------------------------------------------------ who is asked

TEST_F(RedisClusterTest, ConnectsAtOnceToTheNodesOfTheSettings) {
  EXPECT_EQ(connections("a"), 1U);
  EXPECT_EQ(connections("b"), 1U);
}

TEST_F(RedisClusterTest, AnyNodeThatIsThereIsAskedForTheMap) {
  node("a").fail(net::TransportError::refused);
  greet("b");
  loop_.advance(kLook);
  EXPECT_EQ(asked_for_map(), "b");
}

TEST_F(RedisClusterTest, ACommandGoesToTheNodeOfItsSlot) {
  settle();
  send("low", kLow);
  send("high", kHigh);
  EXPECT_EQ(sent("a"), wire({"low", kLow}));
  EXPECT_EQ(sent("b"), wire({"high", kHigh}));
  reply("b", "+from b\r\n");
  reply("a", "+from a\r\n");
  EXPECT_EQ(answer("low"), "from a");
  EXPECT_EQ(answer("high"), "from b");
}

TEST_F(RedisClusterTest, KeysWithOneTagGoToOneNode) {
  settle();
  for (const char* word : {"1", "2", "3"}) send(word, std::string(word) + "{bar}");
  EXPECT_EQ(sent("b"), "");
}

TEST_F(RedisClusterTest, BeforeTheMapIsKnownAnyNodeThatIsThereIsAsked) {
  greet("b");
  send("low", kLow);
  EXPECT_EQ(sent("b"), wire({"low", kLow}));
}

TEST_F(RedisClusterTest, ANodeThatOnlyTheMapKnowsIsConnectedTo) {
  settle(array({slot_range(0, 16383, "c", 7005)}));
  EXPECT_EQ(connections("c"), 1U);
  EXPECT_EQ(node("c").address().port, 7005);
  send("low", kLow);
  greet("c");
  EXPECT_EQ(sent("c"), wire({"low", kLow}));
}

TEST_F(RedisClusterTest, ANodeThatDoesNotKnowItsHostIsAtTheOneThatWasAsked) {
  settle(array({slot_range(0, 16383, "", 7005)}));
  const std::string host = connections("a") == 2 ? "a" : "b";
  EXPECT_EQ(node(host).address().port, 7005);
}

TEST_F(RedisClusterTest, SlotsThatNobodyServesAreAskedOfAnyNodeInTurn) {
  settle(array({slot_range(0, 100, "a"), slot_range(101, 200, "b")}));
  send("1", kLow);
  send("2", kLow);
  EXPECT_NE(sent("a"), "");
  EXPECT_NE(sent("b"), "");
}

TEST_F(RedisClusterTest, ARangeThatEndsBeforeItBeginsIsEmpty) {
  settle(array({slot_range(8191, 0, "c"), slot_range(0, 16383, "a")}));
  send("low", kLow);
  EXPECT_EQ(sent("a"), wire({"low", kLow}));
}

// ------------------------------------------------------------------------------------------- MOVED

TEST_F(RedisClusterTest, AMovedCommandIsSentToItsNewNodeAndThoseThatFollowGoThereAtOnce) {
  settle();
  send("1", kLow);
  sent("a");
  reply("a", moved(kLow, "b:7000"));
  EXPECT_EQ(answer("1"), "");
  EXPECT_EQ(sent("b"), wire({"1", kLow}));
  reply("b", "+OK\r\n");
  EXPECT_EQ(answer("1"), "OK");
  send("2", kLow);
  EXPECT_EQ(sent("a"), "");
  EXPECT_EQ(sent("b"), wire({"2", kLow}));
}

TEST_F(RedisClusterTest, AMovedCommandWaitsForTheConnectionToANewNode) {
  settle();
  send("1", kLow);
  reply("a", moved(kLow, "c:7000"));
  ASSERT_EQ(connections("c"), 1U);
  greet("c");
  EXPECT_EQ(sent("c"), wire({"1", kLow}));
  reply("c", "+OK\r\n");
  EXPECT_EQ(answer("1"), "OK");
}

TEST_F(RedisClusterTest, WhereNoHostIsNamedItIsTheOneThatWasAsked) {
  settle();
  send("1", kHigh);
  reply("b", moved(kHigh, ":7009"));
  EXPECT_EQ(connections("b"), 2U);
  EXPECT_EQ(node("b").address().port, 7009);
}

TEST_F(RedisClusterTest, ACommandThatNobodyWaitsForIsRedirectedToo) {
  settle();
  cluster_->send(kLow, std::array<std::string_view, 2>{"1", kLow});
  end_turn();
  sent("b");
  reply("a", moved(kLow, "b:7000"));
  EXPECT_EQ(sent("b"), wire({"1", kLow}));
}

TEST_F(RedisClusterTest, ARedirectionThatCannotBeReadIsTheAnswer) {
  settle();
  send("1", kLow);
  reply("a", "-MOVED somewhere\r\n");
  EXPECT_EQ(answer("1"), "MOVED somewhere");
}

TEST_F(RedisClusterTest, ACommandThatIsSentToAndFroIsAnsweredAfterSoMany) {
  settle();
  send("1", kLow);
  const std::array<std::string, 2> nodes{"a", "b"};
  for (int i = 0; i < RedisCluster::kMaxRedirections; ++i) {
    reply(nodes[i % 2], moved(kLow, nodes[(i + 1) % 2] + ":7000"));
    ASSERT_EQ(answer("1"), "") << i;
  }
  const std::string last = moved(kLow, "a:7000");
  reply(nodes[RedisCluster::kMaxRedirections % 2], last);
  EXPECT_EQ(answer("1"), last.substr(1, last.size() - 3));
}

// --------------------------------------------------------------------------------------------- ASK

TEST_F(RedisClusterTest, WhereOneSaysAskTheOtherIsToldThatItWasSaid) {
  settle();
  send("1", kLow);
  node("b").take_writes();
  reply("a", ask(kLow, "b:7000"));
  EXPECT_THAT(node("b").take_writes(), ElementsAre(wire("ASKING") + wire({"1", kLow})));
  reply("b", "+OK\r\n+value\r\n");
  EXPECT_EQ(answer("1"), "value");
}

TEST_F(RedisClusterTest, AskIsForOneCommandOnly) {
  settle();
  send("1", kLow);
  reply("a", ask(kLow, "b:7000"));
  sent("a");
  sent("b");
  send("2", kLow);
  EXPECT_EQ(sent("a"), wire({"2", kLow}));
  EXPECT_EQ(sent("b"), "");
  loop_.advance(RedisCluster::kRefreshInterval);
  EXPECT_EQ(asked_for_map(), "nobody") << "the map is right";
}

TEST_F(RedisClusterTest, EachOfTwoThatWaitForANewNodeIsPrecededByItsOwnAsking) {
  settle();
  send("1", kLow);
  send("2", kLow);
  reply("a", ask(kLow, "c:7000") + ask(kLow, "c:7000"));
  greet("c");
  EXPECT_EQ(sent("c"), wire("ASKING") + wire({"1", kLow}) + wire("ASKING") + wire({"2", kLow}));
}

TEST_F(RedisClusterTest, ACommandMayBeMovedWhereItWasToldToAsk) {
  settle();
  send("1", kLow);
  reply("a", ask(kLow, "b:7000"));
  sent("a");
  reply("b", "+OK\r\n" + moved(kLow, "a:7000"));
  EXPECT_EQ(sent("a"), wire({"1", kLow}));
}

// ------------------------------------------------------------------------------ deadlines, cancels

TEST_F(RedisClusterTest, ARedirectedCommandKeepsItsDeadline) {
  settle();
  send("1", kLow);
  loop_.advance(kCommandTimeout - 10ms);
  reply("a", moved(kLow, "b:7000"));
  loop_.advance(10ms - 1us);
  EXPECT_EQ(answer("1"), "");
  loop_.advance(1us);
  EXPECT_EQ(answer("1"), "timeout");
}

TEST_F(RedisClusterTest, ARedirectionThatComesTooLateIsNotFollowed) {
  settle();
  send("1", kLow);
  loop_.advance(kCommandTimeout);
  EXPECT_EQ(answer("1"), "timeout");
  sent("b");
  reply("a", moved(kLow, "b:7000"));
  EXPECT_EQ(sent("b"), "");
}

TEST_F(RedisClusterTest, ARedirectionOfACancelledCommandIsNotFollowed) {
  settle();
  send("1", kLow);
  cancel("1");
  sent("b");
  reply("a", moved(kLow, "b:7000"));
  EXPECT_EQ(sent("b"), "");
}

TEST_F(RedisClusterTest, ACommandCancelledOnItsWayToANewNodeIsNeverSentThere) {
  settle();
  send("1", kLow);
  reply("a", moved(kLow, "c:7000"));
  cancel("1");
  greet("c");
  EXPECT_EQ(sent("c"), "");
}

TEST_F(RedisClusterTest, TheReplyToACommandCancelledAfterItWasRedirectedIsDropped) {
  settle();
  send("1", kLow);
  reply("a", moved(kLow, "b:7000"));
  cancel("1");
  send("2", kHigh);
  reply("b", "+1\r\n+2\r\n");
  EXPECT_EQ(answer("1"), "");
  EXPECT_EQ(answer("2"), "2");
}

TEST_F(RedisClusterTest, ACallbackMayCancelItsOwnCommandAndSendTheNext) {
  settle();
  pending_["first"] = cluster_->send(kLow, std::array<std::string_view, 2>{"first", kLow},
                                     cluster_->deadline(), [this](const RedisAnswer&) {
                                       cancel("first");
                                       send("second", kLow);
                                     });
  end_turn();
  sent("a");
  reply("a", "+OK\r\n");
  EXPECT_EQ(sent("a"), wire({"second", kLow}));
}

TEST_F(RedisClusterTest, NothingIsCalledOrLeakedWhenItIsDestroyedWithCommandsUnderWay) {
  settle();
  send("sent", kLow);
  send("redirected", kHigh);
  reply("b", ask(kHigh, "c:7000"));
  cluster_->send(kLow, std::array<std::string_view, 2>{"nobody waits", kLow});
  cluster_.reset();
  end_turn();
  for (const char* host : {"a", "b", "c"}) EXPECT_TRUE(node(host).closed()) << host;
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(loop_.armed_timers(), 0U);
}

// ----------------------------------------------------------------------------------- the map again

TEST_F(RedisClusterTest, AfterARedirectionTheMapIsAskedForAgain) {
  settle();
  send("1", kLow);
  reply("a", moved(kLow, "b:7000"));
  loop_.advance(0s);
  refresh(array({slot_range(0, 16383, "b")}));
  for (const char* host : {"a", "b"}) sent(host);
  send("2", kLow);
  EXPECT_EQ(sent("b"), wire({"2", kLow}));
}

TEST_F(RedisClusterTest, TheMapIsAskedForOnceASecondAtMostHoweverManyAreRedirected) {
  settle();
  const auto be_redirected = [this](const std::string& round) {
    for (const std::string key : {"bar", "hello", "user1000"}) {  // all of them were a's
      send(round + key, key);
      reply("a", moved(key, "b:7000"));
      reply("b", "+OK\r\n");
      EXPECT_EQ(answer(round + key), "OK");
    }
    loop_.advance(1ms);
  };
  be_redirected("1");
  refresh(kHalves);
  be_redirected("2");
  loop_.advance(RedisCluster::kRefreshInterval - 10ms);
  EXPECT_EQ(asked_for_map(), "nobody");
  loop_.advance(10ms);
  EXPECT_NE(asked_for_map(), "nobody");
}

TEST_F(RedisClusterTest, WhereANodeIsLostAnotherIsAskedForTheMap) {
  settle();
  send("1", kLow);
  node("a").close();
  end_turn();
  EXPECT_EQ(answer("1"), "connection lost");
  node("a").fail(net::TransportError::refused);
  loop_.advance(kLook);
  EXPECT_EQ(asked_for_map(), "b");
  reply("b", array({slot_range(0, 16383, "b")}));
  send("2", kLow);
  EXPECT_EQ(sent("b"), wire({"2", kLow}));
}

TEST_F(RedisClusterTest, ANodeThatIsLostTakesOnlyItsOwnSlotsAlong) {
  settle();
  node("a").close();
  node("a").fail(net::TransportError::refused);
  send("low", kLow);
  send("high", kHigh);
  EXPECT_EQ(answer("low"), "down");
  EXPECT_EQ(sent("b"), wire({"high", kHigh}));
}

TEST_F(RedisClusterTest, WhereANodeDoesNotAnswerInTimeAnotherIsAskedForTheMap) {
  settle();
  send("1", kLow);
  loop_.advance(kCommandTimeout);
  EXPECT_EQ(answer("1"), "timeout");
  loop_.advance(kLook);
  EXPECT_EQ(asked_for_map(), "b");
}

TEST_F(RedisClusterTest, WhereTheClusterIsDownItIsTheAnswerAndTheMapIsAskedFor) {
  settle();
  send("1", kLow);
  reply("a", "-CLUSTERDOWN Hash slot not served\r\n");
  EXPECT_EQ(answer("1"), "CLUSTERDOWN Hash slot not served");
  loop_.advance(0s);
  EXPECT_NE(asked_for_map(), "nobody");
}

TEST_F(RedisClusterTest, OtherErrorsSayNothingAboutTheMap) {
  settle();
  send("1", kLow);
  reply("a", "-NOSCRIPT No matching script\r\n");
  EXPECT_EQ(answer("1"), "NOSCRIPT No matching script");
  loop_.advance(RedisCluster::kRefreshInterval);
  EXPECT_EQ(asked_for_map(), "nobody");
}

TEST_F(RedisClusterTest, AMapThatCannotBeReadLeavesTheOneBeforeAndIsAskedForAgain) {
  settle();
  for (const std::string& no_map :
       {array({}), array({slot_range(0, 16383, "c"), slot_range(0, 16384, "c")}),
        std::string("-LOADING\r\n")}) {
    send("x" + no_map, kLow);
    reply("a", moved(kLow, "a:7000"));
    loop_.advance(0s);
    refresh(no_map);
    loop_.advance(RedisCluster::kRefreshInterval - 1us);
    EXPECT_EQ(asked_for_map(), "nobody") << no_map;
    loop_.advance(1us);
    refresh(kHalves);
    loop_.advance(RedisCluster::kRefreshInterval);
  }
  EXPECT_EQ(connections("c"), 0U);
}

TEST_F(RedisClusterTest, AQuestionForTheMapThatIsNotAnsweredIsAskedOfAnother) {
  greet("a");
  greet("b");
  loop_.advance(kLook);
  const std::string silent = asked_for_map();
  loop_.advance(RedisCluster::kRefreshInterval + kLook);
  EXPECT_EQ(asked_for_map(), silent == "a" ? "b" : "a");
}

TEST_F(RedisClusterTest, WhereNobodyIsLeftTheNodesOfTheSettingsAreTriedAgain) {
  settle(array({slot_range(0, 16383, "c")}));
  greet("c");
  loop_.advance(RedisCluster::kRefreshInterval);
  ASSERT_TRUE(node("a").closed()) << "it has no slots";
  ASSERT_TRUE(node("b").closed());
  node("c").fail(net::TransportError::reset);
  send("1", kLow);
  loop_.advance(kLook);
  EXPECT_EQ(connections("a"), 2U);
  greet("b");
  loop_.advance(kLook);
  EXPECT_EQ(asked_for_map(), "b");
}

// -------------------------------------------------------------------------------- nodes that leave

TEST_F(RedisClusterTest, ANodeWithoutSlotsIsLeftOnceItOwesNothing) {
  settle();
  send("cancelled", kLow);
  cancel("cancelled");
  send("1", kHigh);
  reply("b", moved(kHigh, "b:7000") + "+OK\r\n");
  loop_.advance(0s);
  refresh(array({slot_range(0, 16383, "b")}));
  loop_.advance(1s);
  EXPECT_FALSE(node("a").closed()) << "it owes an answer";
  reply("a", "+OK\r\n");
  loop_.advance(1s);
  EXPECT_TRUE(node("a").closed());
  EXPECT_FALSE(node("b").closed());
}

TEST_F(RedisClusterTest, WhoServedSlotsThatAMapLeavesOutIsForgotten) {
  settle();
  send("1", kHigh);
  reply("b", moved(kHigh, "b:7000") + "+OK\r\n");
  loop_.advance(0s);
  refresh(array({slot_range(8192, 16383, "b")}));
  loop_.advance(1s);
  EXPECT_TRUE(node("a").closed());
  sent("b");
  send("2", kLow);
  EXPECT_EQ(sent("b"), wire({"2", kLow})) << "who is asked for want of a better one";
}

TEST_F(RedisClusterTest, NothingIsArmedWhileNothingIsUnderWay) {
  settle();
  EXPECT_EQ(loop_.armed_timers(), 0U);
}

TEST_F(RedisClusterTest, ANodeThatARedirectionLeadsToIsKeptAlthoughTheMapHasMissedIt) {
  const std::string all_are_of_a = array({slot_range(0, 16383, "a")});
  settle(all_are_of_a);
  send("1", kLow);
  reply("a", moved(kLow, "c:7000"));
  greet("c");
  reply("c", "+OK\r\n");
  loop_.advance(0s);
  refresh(all_are_of_a);
  send("2", kLow);
  reply("a", moved(kLow, "c:7000"));
  reply("c", "+OK\r\n");
  loop_.advance(1s);
  EXPECT_EQ(answer("2"), "OK");
  EXPECT_FALSE(node("c").closed());
}

}  // namespace
}  // namespace trackly::store
