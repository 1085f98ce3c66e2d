// Which of several targets a call goes to, and what becomes of it when one of them leaves.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "gateway/proxy/balancer.h"
#include "gateway/proxy/retry_budget.h"
#include "tests/support/fake_connector.h"
#include "tests/support/manual_loop.h"
#include "tests/unit/proxy/caller.h"

namespace trackly::proxy {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Pair;

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// Endpoints "a", "b" and "c"; calls that have nobody to serve them wait for a second.
class UpstreamTargetsTest : public testing::Test {
 protected:
  explicit UpstreamTargetsTest(UpstreamSettings settings = three_endpoints())
      : settings_(std::move(settings)) {
    for (const EndpointSettings& endpoint : settings_.endpoints) {
      targets_.push_back(std::make_shared<Target>(endpoint, net::Address{endpoint.host, 80, {}}));
    }
  }

  static UpstreamSettings three_endpoints() {
    UpstreamSettings settings;
    settings.name = "default";
    for (const std::string host : {"a", "b", "c"}) {
      EndpointSettings& endpoint = settings.endpoints.emplace_back();
      endpoint.host = host;
      endpoint.text = "http://" + host;
    }
    settings.ejection = EjectionSettings{.consecutive_failures = 2, .eject_for = 10s};
    return settings;
  }

  Target& target(std::string_view host) {
    return **std::find_if(targets_.begin(), targets_.end(),
                          [host](const auto& one) { return one->settings().host == host; });
  }
  /// Where the latest connection goes.
  std::string connecting_to() { return connector_.peer().address().host; }

  /// The host that a new call goes to. It is answered.
  std::string serve() {
    const std::size_t before = connector_.attempts();
    Caller caller(upstream_);
    const std::string host = caller.host();
    if (connector_.attempts() > before) connector_.peer().accept();
    loop_.run_posted();
    for (test::FakePeer* peer : connector_.peers(host)) peer->send(kAnswer);
    loop_.run_posted();
    EXPECT_EQ(caller.state(), "answered");
    return host;
  }
  std::map<std::string, int> serve(int times) {
    std::map<std::string, int> served;
    for (int i = 0; i < times; ++i) ++served[serve()];
    return served;
  }
  void refuse() {
    connector_.peer().fail(net::TransportError::refused);
    loop_.run_posted();
  }
  void run_out_of_descriptors() {
    connector_.peer().fail(net::TransportError::no_local_resources);
    loop_.run_posted();
  }

  test::ManualLoop loop_;
  test::FakeConnector connector_;
  const UpstreamSettings settings_;
  Targets targets_;
  Upstream upstream_{loop_, connector_, std::make_shared<SharedUpstream>(settings_)};
};

TEST_F(UpstreamTargetsTest, IdleOnesAreServedInTurn) {
  upstream_.set_targets(targets_);
  EXPECT_THAT(serve(9), ElementsAre(Pair("a", 3), Pair("b", 3), Pair("c", 3)));
}

TEST_F(UpstreamTargetsTest, TheOneWithTheFewestRequestsIsNext) {
  upstream_.set_targets(targets_);
  const Caller first(upstream_);
  const Caller second(upstream_);
  const Caller third(upstream_);
  EXPECT_NE(first.host(), second.host());
  EXPECT_NE(first.host(), third.host());
  EXPECT_NE(second.host(), third.host());
  std::optional<Caller> fourth(std::in_place, upstream_);
  const std::string host = fourth->host();
  fourth.reset();
  const Caller fifth(upstream_);
  EXPECT_NE(fifth.host(), "");
  const Caller sixth(upstream_);
  EXPECT_NE(sixth.host(), fifth.host());
}

TEST_F(UpstreamTargetsTest, ACallGoesOnWhereATargetRefusesIt) {
  upstream_.set_targets(targets_);
  const Caller caller(upstream_);
  const std::string first = connecting_to();
  refuse();
  const std::string second = connecting_to();
  EXPECT_NE(second, first);
  refuse();
  EXPECT_EQ(caller.state(), "waiting");
  refuse();
  EXPECT_EQ(caller.state(), "connection_refused");
  EXPECT_EQ(connector_.attempts(), 3U);
}

TEST_F(UpstreamTargetsTest, CallsWaitUntilTargetsAreKnown) {
  const Caller caller(upstream_);
  loop_.advance(500ms);
  EXPECT_EQ(caller.state(), "waiting");
  upstream_.set_targets(targets_);
  connector_.peer().accept();
  loop_.run_posted();
  EXPECT_EQ(caller.state(), "started");
}

TEST_F(UpstreamTargetsTest, CallsFailAtOnceWhereThereIsNoTarget) {
  const Caller early(upstream_);
  upstream_.set_targets({});
  EXPECT_EQ(early.state(), "unresolved");
  const Caller late(upstream_);
  EXPECT_EQ(late.state(), "unresolved");
}

TEST_F(UpstreamTargetsTest, OnesThatFailTheirChecksAreLeftAlone) {
  target("b").set_passes_checks(false);
  upstream_.set_targets(targets_);
  EXPECT_THAT(serve(6), ElementsAre(Pair("a", 3), Pair("c", 3)));
}

TEST_F(UpstreamTargetsTest, CallsFailAtOnceWhereAllFailTheirChecks) {
  for (const auto& one : targets_) one->set_passes_checks(false);
  upstream_.set_targets(targets_);
  const Caller caller(upstream_);
  EXPECT_EQ(caller.state(), "no_healthy_endpoint");
}

TEST_F(UpstreamTargetsTest, IdleConnectionsToOneThatFailsItsChecksAreClosed) {
  upstream_.set_targets(targets_);
  serve(3);
  target("b").set_passes_checks(false);
  upstream_.set_targets(targets_);
  loop_.run_posted();
  EXPECT_TRUE(connector_.peers("b").front()->closed());
  EXPECT_FALSE(connector_.peers("a").front()->closed());
}

TEST_F(UpstreamTargetsTest, ARequestThatIsUnderWayWhenItsTargetLeavesIsFinished) {
  upstream_.set_targets({targets_[0]});
  const Caller caller(upstream_);
  connector_.peer().accept();
  loop_.run_posted();
  upstream_.set_targets({targets_[1]});
  loop_.run_posted();
  EXPECT_FALSE(connector_.peers("a").front()->closed());
  connector_.peers("a").front()->send(kAnswer);
  loop_.run_posted();
  EXPECT_EQ(caller.state(), "answered");
  EXPECT_TRUE(connector_.peers("a").front()->closed());
  EXPECT_EQ(serve(), "b");
}

TEST_F(UpstreamTargetsTest, ACallWhoseTargetLeavesWhileItConnectsGoesOnElsewhere) {
  upstream_.set_targets({targets_[0]});
  const Caller caller(upstream_);
  upstream_.set_targets({targets_[1]});
  connector_.peers("a").front()->fail(net::TransportError::refused);
  loop_.run_posted();
  EXPECT_EQ(connecting_to(), "b");
  EXPECT_EQ(caller.state(), "waiting");
}

TEST_F(UpstreamTargetsTest, ConnectionsSurviveNewsOfOthers) {
  upstream_.set_targets({targets_[0]});
  EXPECT_EQ(serve(), "a");
  upstream_.set_targets({targets_[0], targets_[1]});
  EXPECT_THAT(serve(4), ElementsAre(Pair("a", 2), Pair("b", 2)));
  EXPECT_EQ(connector_.peers("a").size(), 1U);
}

TEST_F(UpstreamTargetsTest, OneThatFailsTooOftenIsEjectedForATime) {
  upstream_.set_targets({targets_[0], targets_[1]});
  upstream_.note_failure(target("a"));
  upstream_.note_success(target("a"));
  upstream_.note_failure(target("a"));
  EXPECT_FALSE(target("a").is_ejected(loop_.now())) << "not two in a row";
  upstream_.note_failure(target("a"));
  EXPECT_THAT(serve(4), ElementsAre(Pair("b", 4)));
  loop_.advance(10s);
  EXPECT_THAT(serve(4), ElementsAre(Pair("a", 2), Pair("b", 2)));
}

TEST_F(UpstreamTargetsTest, TheLastOneServesAlthoughItIsEjected) {
  target("b").set_passes_checks(false);
  upstream_.set_targets({targets_[0], targets_[1]});
  for (int i = 0; i < 2; ++i) upstream_.note_failure(target("a"));
  ASSERT_TRUE(target("a").is_ejected(loop_.now()));
  EXPECT_EQ(serve(), "a");
}

TEST_F(UpstreamTargetsTest, ARepeatedCallAvoidsTheOneThatRefusedIt) {
  upstream_.set_targets({targets_[0], targets_[1]});
  for (int i = 0; i < 4; ++i) {
    const Caller caller(upstream_, {}, targets_[0].get());
    EXPECT_EQ(caller.host(), "b");
  }
  upstream_.set_targets({targets_[0]});
  const Caller caller(upstream_, {}, targets_[0].get());
  EXPECT_EQ(caller.host(), "a") << "there is no other";
}

TEST_F(UpstreamTargetsTest, OneThatFailsOnWhileItIsEjectedIsNotEjectedAnew) {
  int ejections = 0;
  for (int i = 0; i < 20; ++i) {
    ejections += target("a").failed(loop_.now(), *settings_.ejection) ? 1 : 0;
  }
  EXPECT_EQ(ejections, 1);
  loop_.advance(10s);
  for (int i = 0; i < 2; ++i) {
    ejections += target("a").failed(loop_.now(), *settings_.ejection) ? 1 : 0;
  }
  EXPECT_EQ(ejections, 2);
}

TEST_F(UpstreamTargetsTest, OneThatRefusesConnectionsIsEjectedToo) {
  upstream_.set_targets(targets_);
  for (int i = 0; i < 6; ++i) {
    const Caller caller(upstream_);
    while (connecting_to() == "a") refuse();
  }
  EXPECT_TRUE(target("a").is_ejected(loop_.now()));
}

TEST_F(UpstreamTargetsTest, NoneIsEjectedBecauseWeHaveNoDescriptorsLeft) {
  upstream_.set_targets(targets_);
  for (int i = 0; i < 6; ++i) {
    const Caller caller(upstream_);
    for (int tries = 0; tries < 3; ++tries) run_out_of_descriptors();
    EXPECT_EQ(caller.state(), "no_local_resources");
    EXPECT_FALSE(caller.delivered());
  }
  for (const auto& target : targets_) EXPECT_FALSE(target->is_ejected(loop_.now()));
}

/// Each target has one connection, and nobody waits for long.
class CrowdedUpstreamTest : public UpstreamTargetsTest {
 protected:
  CrowdedUpstreamTest() : UpstreamTargetsTest(crowded()) {}
  static UpstreamSettings crowded() {
    UpstreamSettings settings = three_endpoints();
    settings.max_connections = 1;
    settings.max_waiting = 1;
    settings.ejection.reset();
    return settings;
  }
};

TEST_F(CrowdedUpstreamTest, ACallThatWaitsForAnotherTargetHoldsNobodyUp) {
  upstream_.set_targets({targets_[0], targets_[1]});
  const Caller busy(upstream_);
  connector_.peer().accept();
  loop_.run_posted();
  const Caller unlucky(upstream_);
  const std::string refused = connecting_to();
  refuse();
  EXPECT_EQ(unlucky.state(), "waiting") << "for the busy one";
  const Caller next(upstream_);
  EXPECT_EQ(connecting_to(), refused);
  EXPECT_EQ(next.host(), refused);
}

TEST_F(CrowdedUpstreamTest, WhatWentWrongBeforeAQueueWasFullIsTheReason) {
  upstream_.set_targets({targets_[0], targets_[1]});
  const Caller busy(upstream_);
  connector_.peer().accept();
  loop_.run_posted();
  const Caller first(upstream_);
  refuse();
  const Caller second(upstream_);
  refuse();
  EXPECT_EQ(first.state(), "waiting");
  EXPECT_EQ(second.state(), "connection_refused") << "the queue is full";
  loop_.advance(settings_.queue_timeout);
  EXPECT_EQ(first.state(), "connection_refused");
}

class WarmUpstreamTest : public UpstreamTargetsTest {
 protected:
  WarmUpstreamTest() : UpstreamTargetsTest(warm()) {}
  static UpstreamSettings warm() {
    UpstreamSettings settings = three_endpoints();
    settings.warm_connections = 2;
    return settings;
  }
};

TEST_F(WarmUpstreamTest, ConnectionsAreMadeBeforeTheFirstCallAndAgainWhenTheyAreLost) {
  upstream_.set_targets({targets_[0], targets_[1]});
  EXPECT_EQ(connector_.peers("a").size(), 2U);
  EXPECT_EQ(connector_.peers("b").size(), 2U);
  connector_.peers("a").front()->accept();
  loop_.run_posted();
  connector_.peers("a").front()->close();
  loop_.run_posted();
  EXPECT_EQ(connector_.peers("a").size(), 2U);
  loop_.advance(1s);
  EXPECT_EQ(connector_.peers("a").size(), 3U);
}

TEST_F(WarmUpstreamTest, TheyAreMadeAnewWhenTheyHaveLainIdleForTooLong) {
  upstream_.set_targets({targets_[0]});
  for (test::FakePeer* peer : connector_.peers("a")) peer->accept();
  loop_.advance(settings_.idle_timeout);
  loop_.advance(1s);
  EXPECT_TRUE(connector_.peers("a").front()->closed());
  EXPECT_EQ(connector_.attempts(), 4U);
}

// ---------------------------------------------------------------------------------- balancing

class BalancerTest : public testing::Test {
 protected:
  /// How often each of the loads is chosen; the requests end at once.
  std::vector<int> choose(UpstreamSettings::Balance balance, int times) {
    std::vector<Load*> candidates;
    for (Load& load : loads_) candidates.push_back(&load);
    std::vector<int> chosen(loads_.size());
    for (int i = 0; i < times; ++i) ++chosen[proxy::choose(balance, candidates)];
    return chosen;
  }
  std::vector<Load> loads_;
};

TEST_F(BalancerTest, TurnsAreAsLongAsTheWeight) {
  loads_ = {{.weight = 5}, {.weight = 1}, {.weight = 2}};
  EXPECT_THAT(choose(UpstreamSettings::Balance::round_robin, 80), ElementsAre(50, 10, 20));
  EXPECT_THAT(choose(UpstreamSettings::Balance::least_requests, 80), ElementsAre(50, 10, 20));
}

TEST_F(BalancerTest, TurnsOfAHeavyOneAreSpread) {
  loads_ = {{.weight = 3}, {.weight = 1}};
  std::vector<int> first = choose(UpstreamSettings::Balance::round_robin, 2);
  std::vector<int> second = choose(UpstreamSettings::Balance::round_robin, 2);
  EXPECT_THAT(first, ElementsAre(2, 0));
  EXPECT_THAT(second, ElementsAre(1, 1));
}

TEST_F(BalancerTest, AHeavyOneMayHaveMoreRequests) {
  loads_ = {{.weight = 3, .requests = 2}, {.weight = 1, .requests = 1}};
  EXPECT_THAT(choose(UpstreamSettings::Balance::least_requests, 4), ElementsAre(4, 0));
  loads_ = {{.weight = 3, .requests = 4}, {.weight = 1, .requests = 1}};
  EXPECT_THAT(choose(UpstreamSettings::Balance::least_requests, 4), ElementsAre(0, 4));
}

TEST_F(BalancerTest, RoundRobinDoesNotLookAtRequests) {
  loads_ = {{.weight = 1, .requests = 100}, {.weight = 1}};
  EXPECT_THAT(choose(UpstreamSettings::Balance::round_robin, 10), ElementsAre(5, 5));
}

// ---------------------------------------------------------------------------------- the budget

TEST(RetryBudgetTest, AFewRepeatsASecondAreFree) {
  const RetrySettings settings{.limit = 2, .budget_percent = 0};
  RetryBudget budget(settings);
  test::ManualLoop loop;
  int repeats = 0;
  while (budget.spend(loop.now())) ++repeats;
  EXPECT_EQ(repeats, 10);
  loop.advance(500ms);
  while (budget.spend(loop.now())) ++repeats;
  EXPECT_EQ(repeats, 15);
}

TEST(RetryBudgetTest, BeyondThemAShareOfTheRequestsIsRepeated) {
  const RetrySettings settings{.limit = 2, .budget_percent = 20};
  RetryBudget budget(settings);
  test::ManualLoop loop;
  while (budget.spend(loop.now())) {
  }
  for (int i = 0; i < 51; ++i) budget.earn();
  int repeats = 0;
  while (budget.spend(loop.now())) ++repeats;
  EXPECT_EQ(repeats, 10);
}

}  // namespace
}  // namespace trackly::proxy
