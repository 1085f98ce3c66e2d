#include "gateway/proxy/upstream_monitor.h"

#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "gateway/net/tls_client_context.h"
#include "tests/support/fake_connector.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/manual_loop.h"

namespace trackly::proxy {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Protocol = EndpointSettings::Protocol;
using Texts = std::vector<std::string>;

constexpr std::string_view kPass = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kFail = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

/// What the program says of itself while this lives.
class CapturedLog {
 public:
  CapturedLog() {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)));
    spdlog::set_pattern("%v");
  }
  ~CapturedLog() { spdlog::set_default_logger(before_); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::string take() {
    std::string text = text_.str();
    text_.str("");
    return text;
  }

 private:
  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream text_;
};

/// Names are asked for again after 5 s at the earliest.
class UpstreamMonitorTest : public testing::Test {
 protected:
  UpstreamMonitorTest() {
    settings_.name = "default";
    resolving_.min_ttl = 5s;
  }

  EndpointSettings& add_endpoint(const std::string& host, Protocol protocol = Protocol::http1) {
    EndpointSettings& endpoint = settings_.endpoints.emplace_back();
    endpoint.protocol = protocol;
    endpoint.host = host;
    endpoint.port = 9000;
    endpoint.text = (protocol == Protocol::https ? "https://" : "http://") + host + ":9000";
    return endpoint;
  }

  void make_monitor(std::shared_ptr<const net::TlsClientContext> tls = nullptr) {
    auto shared = std::make_shared<SharedUpstream>(settings_, http::CodecLimits(), std::move(tls));
    monitor_ = std::make_unique<UpstreamMonitor>(loop_, connector_, resolver_, std::move(shared),
                                                 resolving_,
                                                 [this](std::shared_ptr<const Targets> targets) {
                                                   published_ = std::move(targets);
                                                   ++publications_;
                                                 });
  }
  void start() {
    make_monitor();
    monitor_->start();
    EXPECT_EQ(publications_, 0);
  }
  /// With one endpoint, whose name is "api".
  void start_with_name() {
    add_endpoint("api");
    start();
  }

  void answer(const std::string& name, const Texts& addresses, Duration ttl = 60s) {
    resolver_.answer(name, addresses, ttl);
    loop_.advance(0s);
  }
  void fail(const std::string& name) {
    resolver_.fail(name, "no such name");
    loop_.advance(0s);
  }

  /// The hosts of what was published last, or what it is instead.
  Texts published() const { return published_ == nullptr ? Texts{"nothing"} : hosts(*published_); }
  /// As a worker sees it that begins now.
  Texts known() const {
    const auto targets = monitor_->targets();
    return targets == nullptr ? Texts{"not yet"} : hosts(*targets);
  }
  /// What the log has got since the last call.
  std::string take_log() { return log_.take(); }

  CapturedLog log_;
  test::ManualLoop loop_;
  test::FakeConnector connector_;
  test::FakeResolver resolver_;
  UpstreamSettings settings_;
  ResolverSettings resolving_;
  std::shared_ptr<const Targets> published_;
  int publications_ = 0;
  std::unique_ptr<UpstreamMonitor> monitor_;

 private:
  static Texts hosts(const Targets& targets) {
    Texts texts;
    for (const auto& target : targets) texts.push_back(target->address().host);
    return texts;
  }
};

// ------------------------------------------------------------------------------------- addresses

TEST_F(UpstreamMonitorTest, KnowsAddressesFromTheBeginning) {
  add_endpoint("10.0.0.1");
  add_endpoint("::1");
  make_monitor();
  EXPECT_THAT(known(), ElementsAre("10.0.0.1", "::1"));
  EXPECT_EQ(monitor_->targets()->front()->text(), "http://10.0.0.1:9000");
  monitor_->start();
  loop_.advance(1h);
  EXPECT_EQ(publications_, 0) << "nothing has changed";
  EXPECT_EQ(connector_.attempts(), 0U) << "no health check is configured";
}

TEST_F(UpstreamMonitorTest, KnowsUnixSocketsFromTheBeginning) {
  add_endpoint("").unix_path = "/run/service.sock";
  start();
  ASSERT_THAT(*monitor_->targets(), SizeIs(1));
  EXPECT_EQ(monitor_->targets()->front()->address().unix_path, "/run/service.sock");
}

TEST_F(UpstreamMonitorTest, SpeaksTlsToHttpsEndpointsUnderTheirNames) {
  add_endpoint("10.0.0.1");
  add_endpoint("10.0.0.2", Protocol::https);
  settings_.handshake_timeout = 3s;
  const std::shared_ptr<const net::TlsClientContext> context =
      net::TlsClientContext::create({}, {}).value();
  make_monitor(context);
  const Targets& targets = *monitor_->targets();
  EXPECT_FALSE(targets[0]->address().tls);
  ASSERT_TRUE(targets[1]->address().tls);
  EXPECT_EQ(targets[1]->address().tls->context, context);
  EXPECT_EQ(targets[1]->address().tls->server_name, "10.0.0.2");
  EXPECT_EQ(targets[1]->address().tls->handshake_timeout, 3s);
}

TEST_F(UpstreamMonitorTest, AsksHttpsEndpointsForTheNameOfItsSettings) {
  settings_.tls.server_name = "api.internal";
  add_endpoint("api", Protocol::https);
  start();
  answer("api", {"10.0.0.1"});
  EXPECT_EQ(published_->front()->address().tls->server_name, "api.internal");
}

// ----------------------------------------------------------------------------------------- names

TEST_F(UpstreamMonitorTest, FindsTheAddressesOfAName) {
  start_with_name();
  EXPECT_THAT(known(), ElementsAre("not yet"));
  answer("api", {"10.0.0.2", "10.0.0.1"});
  EXPECT_THAT(published(), ElementsAre("10.0.0.2", "10.0.0.1"));
  EXPECT_EQ(monitor_->targets(), published_);
  EXPECT_EQ(published_->front()->text(), "http://api:9000 (10.0.0.2)");
  EXPECT_EQ(published_->front()->address().port, 9000);
  EXPECT_EQ(publications_, 1);
}

TEST_F(UpstreamMonitorTest, PublishesOnceATurn) {
  add_endpoint("a");
  add_endpoint("b");
  start();
  resolver_.answer("b", {"10.0.0.2"});
  resolver_.answer("a", {"10.0.0.1"});
  EXPECT_EQ(publications_, 0);
  loop_.advance(0s);
  EXPECT_THAT(published(), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_EQ(publications_, 1);
}

TEST_F(UpstreamMonitorTest, AsksAgainWhenTheTimeToLiveIsOver) {
  start_with_name();
  answer("api", {"10.0.0.1"}, 30s);
  loop_.advance(29'999ms);
  EXPECT_EQ(resolver_.questions("api"), 1U);
  loop_.advance(1ms);
  EXPECT_EQ(resolver_.questions("api"), 2U);
  EXPECT_THAT(known(), ElementsAre("10.0.0.1"));
}

TEST_F(UpstreamMonitorTest, AsksNoSoonerThanItMay) {
  start_with_name();
  answer("api", {"10.0.0.1"}, 0s);
  loop_.advance(4'999ms);
  EXPECT_EQ(resolver_.questions("api"), 1U);
  loop_.advance(1ms);
  EXPECT_EQ(resolver_.questions("api"), 2U);
}

TEST_F(UpstreamMonitorTest, AsksOneQuestionAtATime) {
  start_with_name();
  loop_.advance(1h);
  EXPECT_EQ(resolver_.questions("api"), 1U);
}

TEST_F(UpstreamMonitorTest, AddsNewAddressesAndDropsThoseThatAreGone) {
  start_with_name();
  answer("api", {"10.0.0.1", "10.0.0.2", "10.0.0.3"}, 10s);
  const std::shared_ptr<Target> third = published_->at(2);
  loop_.advance(10s);
  answer("api", {"10.0.0.4", "10.0.0.3", "10.0.0.1"}, 10s);
  EXPECT_THAT(published(), ElementsAre("10.0.0.1", "10.0.0.3", "10.0.0.4"));
  EXPECT_EQ(published_->at(1), third) << "what is known about it is kept";
}

TEST_F(UpstreamMonitorTest, AnEjectedAddressThatIsLeftOutOfOneAnswerStaysEjected) {
  start_with_name();
  answer("api", {"10.0.0.1", "10.0.0.2"}, 5s);
  const EjectionSettings ejection{.consecutive_failures = 1, .eject_for = 1min};
  ASSERT_TRUE(published_->front()->failed(loop_.now(), ejection));
  loop_.advance(5s);
  answer("api", {"10.0.0.2"}, 5s);
  loop_.advance(5s);
  answer("api", {"10.0.0.2", "10.0.0.1"}, 5s);
  EXPECT_THAT(published(), ElementsAre("10.0.0.2", "10.0.0.1"));
  EXPECT_TRUE(published_->back()->is_ejected(loop_.now()));
}

TEST_F(UpstreamMonitorTest, RemembersNoMoreThan64AddressesThatAreGone) {
  start_with_name();
  answer("api", {"10.0.0.1"}, 5s);
  const std::weak_ptr<Target> first = published_->front();
  for (int i = 1; i <= 65; ++i) {
    loop_.advance(5s);
    answer("api", {"10.0.1." + std::to_string(i)}, 5s);
    EXPECT_EQ(first.expired(), i == 65) << i;
  }
}

TEST_F(UpstreamMonitorTest, TellsNothingWhereNothingIsNew) {
  start_with_name();
  answer("api", {"10.0.0.1", "10.0.0.2"}, 10s);
  loop_.advance(10s);
  answer("api", {"10.0.0.2", "10.0.0.1"}, 10s);
  EXPECT_THAT(known(), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_EQ(publications_, 1);
}

TEST_F(UpstreamMonitorTest, CountsAnAddressOnce) {
  start_with_name();
  answer("api", {"10.0.0.1", "10.0.0.2", "10.0.0.1", "::ffff:10.0.0.2"});
  EXPECT_THAT(published(), ElementsAre("10.0.0.1", "10.0.0.2"));
}

TEST_F(UpstreamMonitorTest, UsesNoMoreThan64AddressesOfAName) {
  Texts addresses;
  for (int i = 1; i <= 70; ++i) addresses.push_back("10.0.0." + std::to_string(i));
  start_with_name();
  answer("api", addresses, 10s);
  EXPECT_THAT(*published_, SizeIs(64));
  EXPECT_EQ(take_log(),
            "upstream default: http://api:9000 stands for 70 addresses, of which 64 are used\n");

  // In another order, as servers like to answer.
  std::reverse(addresses.begin(), addresses.end());
  loop_.advance(10s);
  answer("api", addresses, 10s);
  EXPECT_EQ(publications_, 1);
  EXPECT_EQ(take_log(), "");

  addresses.resize(69);  // "10.0.0.1" is gone
  loop_.advance(10s);
  answer("api", addresses, 10s);
  EXPECT_THAT(*published_, SizeIs(64));
  EXPECT_EQ(published_->back()->address().host, "10.0.0.70");
}

// -------------------------------------------------------------------------------------- failures

TEST_F(UpstreamMonitorTest, HasNoTargetsWhereANameHasNoAddress) {
  start_with_name();
  fail("api");
  EXPECT_THAT(published(), IsEmpty());
  EXPECT_EQ(publications_, 1);
  EXPECT_EQ(take_log(), "upstream default: http://api:9000 does not resolve: no such name\n");
}

TEST_F(UpstreamMonitorTest, TriesAgainAfterAFailure) {
  start_with_name();
  fail("api");
  loop_.advance(4'999ms);
  EXPECT_EQ(resolver_.questions("api"), 1U);
  loop_.advance(1ms);
  fail("api");
  EXPECT_EQ(publications_, 1) << "still none";
  take_log();
  loop_.advance(5s);
  answer("api", {"10.0.0.1"});
  EXPECT_THAT(published(), ElementsAre("10.0.0.1"));
  EXPECT_EQ(take_log(), "upstream default: http://api:9000 resolves again\n");
}

TEST_F(UpstreamMonitorTest, KeepsTheAddressesThatANameHad) {
  start_with_name();
  answer("api", {"10.0.0.1"}, 60s);
  loop_.advance(60s);
  fail("api");
  EXPECT_THAT(known(), ElementsAre("10.0.0.1"));
  EXPECT_EQ(publications_, 1);
  loop_.advance(5s);
  fail("api");
  EXPECT_THAT(known(), ElementsAre("10.0.0.1"));
  EXPECT_EQ(take_log(), "upstream default: http://api:9000 does not resolve: no such name\n")
      << "told once";
  loop_.advance(5s);
  EXPECT_EQ(resolver_.questions("api"), 4U);
}

TEST_F(UpstreamMonitorTest, KeepsTheAddressesOfAFamilyThatNobodyAnswersFor) {
  start_with_name();
  answer("api", {"2001:db8::1", "10.0.0.1", "10.0.0.2"}, 60s);
  loop_.advance(60s);
  resolver_.answer_half("api", {"2001:db8::2"}, AF_INET, "server failure");
  loop_.advance(0s);
  EXPECT_THAT(published(), ElementsAre("10.0.0.1", "10.0.0.2", "2001:db8::2"));
  EXPECT_EQ(take_log(),
            "upstream default: http://api:9000 does not resolve for IPv4: server failure\n");

  loop_.advance(5s);  // as after any failure
  resolver_.answer_half("api", {"2001:db8::2"}, AF_INET, "no answer in time");
  loop_.advance(0s);
  EXPECT_EQ(publications_, 2);
  EXPECT_EQ(take_log(), "") << "told once";

  loop_.advance(5s);
  answer("api", {"2001:db8::2", "10.0.0.2"}, 60s);
  EXPECT_THAT(published(), ElementsAre("10.0.0.2", "2001:db8::2"));
  EXPECT_EQ(take_log(), "upstream default: http://api:9000 resolves again\n");
}

TEST_F(UpstreamMonitorTest, DropsTheAddressesOfAFamilyThatTheNameHasNoMore) {
  start_with_name();
  answer("api", {"2001:db8::1", "10.0.0.1"}, 60s);
  loop_.advance(60s);
  answer("api", {"2001:db8::1"}, 60s);
  EXPECT_THAT(published(), ElementsAre("2001:db8::1"));
}

TEST_F(UpstreamMonitorTest, UsesOneFamilyUntilTheOtherComes) {
  start_with_name();
  resolver_.answer_first_half("api", {"10.0.0.1"}, AF_INET6);
  loop_.advance(0s);
  EXPECT_THAT(published(), ElementsAre("10.0.0.1"));
  loop_.advance(1min);
  EXPECT_EQ(resolver_.questions("api"), 1U) << "one question at a time";
  answer("api", {"2001:db8::1", "10.0.0.1"});
  EXPECT_THAT(published(), ElementsAre("10.0.0.1", "2001:db8::1"));
  EXPECT_EQ(take_log(), "");
}

TEST_F(UpstreamMonitorTest, KeepsOneFamilyUntilItsAnswerComes) {
  start_with_name();
  answer("api", {"2001:db8::1", "10.0.0.1"}, 60s);
  loop_.advance(60s);
  resolver_.answer_first_half("api", {"10.0.0.1"}, AF_INET6);
  loop_.advance(0s);
  EXPECT_THAT(known(), ElementsAre("2001:db8::1", "10.0.0.1"));
  EXPECT_EQ(publications_, 1);
}

TEST_F(UpstreamMonitorTest, WaitsForTheOtherNamesWhereOneHasNoAddress) {
  add_endpoint("a");
  add_endpoint("b");
  start();
  fail("a");
  EXPECT_THAT(known(), ElementsAre("not yet"));
  EXPECT_EQ(publications_, 0);
  answer("b", {"10.0.0.2"});
  EXPECT_THAT(published(), ElementsAre("10.0.0.2"));
}

TEST_F(UpstreamMonitorTest, UsesAnAddressWhileANameIsNotKnown) {
  add_endpoint("api");
  add_endpoint("10.0.0.9");
  start();
  EXPECT_THAT(known(), ElementsAre("10.0.0.9"));
  fail("api");
  EXPECT_EQ(publications_, 0) << "nothing has changed";
  loop_.advance(5s);
  answer("api", {"10.0.0.1"});
  EXPECT_THAT(published(), ElementsAre("10.0.0.1", "10.0.0.9"));
}

TEST_F(UpstreamMonitorTest, MayBeDestroyedWhileItAsks) {
  start_with_name();
  monitor_.reset();
  EXPECT_FALSE(resolver_.is_asked("api"));
  loop_.advance(1h);
}

TEST_F(UpstreamMonitorTest, MayBeDestroyedWithNewsToTell) {
  start_with_name();
  resolver_.answer("api", {"10.0.0.1"});
  monitor_.reset();
  loop_.advance(1h);
  EXPECT_EQ(publications_, 0);
}

// ---------------------------------------------------------------------------------------- health

/// A check every 10 s, each within 2 s; three failures take out of use, two passes bring back.
class UpstreamHealthTest : public UpstreamMonitorTest {
 protected:
  UpstreamHealthTest() {
    HealthCheckSettings& settings = settings_.health_check.emplace();
    settings.interval = 10s;
    settings.timeout = 2s;
    settings.failures = 3;
    settings.passes = 2;
  }

  /// With one endpoint, whose first check is under way.
  void start_with_address() {
    add_endpoint("10.0.0.1");
    start();
    ASSERT_EQ(connector_.attempts(), 1U);
  }

  /// The latest check of that target ends.
  void end_check(const std::string& host, std::string_view response) {
    connector_.peer(host).accept();
    loop_.run_posted();
    connector_.peer(host).send(response);
    loop_.advance(0s);
  }
  void refuse_check() {
    connector_.peer().fail(net::TransportError::refused);
    loop_.advance(0s);
  }
  /// Waits for the next check, which ends so.
  void next_check(std::string_view response) {
    await_check();
    end_check("10.0.0.1", response);
  }
  void await_check() {
    const std::size_t before = connector_.attempts();
    for (Duration waited{}; connector_.attempts() == before; waited += 1ms) {
      ASSERT_LE(waited, 11s);
      loop_.advance(1ms);
    }
  }

  bool is_in_use(std::size_t target = 0) const {
    return monitor_->targets()->at(target)->passes_checks();
  }
};

TEST_F(UpstreamHealthTest, ChecksAtOnceAndThenAtEveryInterval) {
  start_with_address();
  EXPECT_EQ(connector_.peer().address().host, "10.0.0.1");
  EXPECT_EQ(connector_.timeout(), 2s);
  end_check("10.0.0.1", kPass);
  loop_.advance(9'999ms);
  EXPECT_EQ(connector_.attempts(), 1U);
  loop_.advance(1'001ms);  // at most a tenth later
  EXPECT_EQ(connector_.attempts(), 2U);
}

TEST_F(UpstreamHealthTest, ChecksAreNotInStep) {
  for (const char* host : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) add_endpoint(host);
  start();
  EXPECT_EQ(connector_.attempts(), 3U);
  for (const char* host : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) end_check(host, kPass);
  std::vector<int> ticks;  // at which a check began
  for (int i = 0; i < 1'100; ++i) {
    const std::size_t before = connector_.attempts();
    loop_.advance(10ms);
    if (connector_.attempts() > before) ticks.push_back(i);
  }
  EXPECT_THAT(ticks, SizeIs(3));
}

TEST_F(UpstreamHealthTest, ATargetIsInUseUntilItsFirstCheckEnds) {
  start_with_address();
  EXPECT_TRUE(is_in_use());
  refuse_check();
  EXPECT_FALSE(is_in_use()) << "the first outcome counts at once";
  EXPECT_EQ(published_, monitor_->targets());
  EXPECT_EQ(publications_, 1);
  EXPECT_EQ(take_log(),
            "upstream default: http://10.0.0.1:9000 fails its health check: connection refused\n");
}

TEST_F(UpstreamHealthTest, AFirstPassIsNoNews) {
  start_with_address();
  end_check("10.0.0.1", kPass);
  EXPECT_TRUE(is_in_use());
  EXPECT_EQ(publications_, 0);
  EXPECT_EQ(take_log(), "");
}

TEST_F(UpstreamHealthTest, SeveralFailuresInARowTakeATargetOutOfUse) {
  start_with_address();
  end_check("10.0.0.1", kPass);
  next_check(kFail);
  next_check(kFail);
  EXPECT_TRUE(is_in_use());
  EXPECT_EQ(publications_, 0);
  next_check(kFail);
  EXPECT_FALSE(is_in_use());
  EXPECT_EQ(publications_, 1);
  EXPECT_EQ(take_log(),
            "upstream default: http://10.0.0.1:9000 fails its health check: answered 503\n");
  next_check(kFail);
  EXPECT_EQ(publications_, 1);
  EXPECT_EQ(take_log(), "") << "told once";
}

TEST_F(UpstreamHealthTest, APassBetweenFailuresForgivesThem) {
  start_with_address();
  end_check("10.0.0.1", kPass);
  for (int i = 0; i < 3; ++i) {
    next_check(kFail);
    next_check(kFail);
    next_check(kPass);
  }
  EXPECT_TRUE(is_in_use());
}

TEST_F(UpstreamHealthTest, TheFirstPassOfAServiceThatStartsLateCountsAtOnce) {
  start_with_address();
  end_check("10.0.0.1", kFail);
  next_check(kFail);
  EXPECT_FALSE(is_in_use());
  next_check(kPass);
  EXPECT_TRUE(is_in_use());
}

TEST_F(UpstreamHealthTest, SeveralPassesInARowBringATargetBack) {
  start_with_address();
  end_check("10.0.0.1", kPass);
  for (int i = 0; i < 3; ++i) next_check(kFail);
  take_log();
  next_check(kPass);
  next_check(kFail);
  next_check(kPass);
  EXPECT_FALSE(is_in_use());
  EXPECT_EQ(publications_, 1);
  next_check(kPass);
  EXPECT_TRUE(is_in_use());
  EXPECT_EQ(publications_, 2);
  EXPECT_EQ(take_log(), "upstream default: http://10.0.0.1:9000 passes its health check again\n");
}

TEST_F(UpstreamHealthTest, ACheckThatTakesTooLongFails) {
  start_with_address();
  connector_.peer().accept();
  loop_.advance(2s);
  EXPECT_FALSE(is_in_use());
  EXPECT_THAT(take_log(), HasSubstr("fails its health check: no answer in time"));
}

TEST_F(UpstreamHealthTest, ACheckThatCannotBeMadeForWantOfDescriptorsSaysNothing) {
  start_with_address();
  for (int i = 0; i < 5; ++i) {
    connector_.peer().fail(net::TransportError::no_local_resources);
    loop_.advance(0s);
    EXPECT_TRUE(is_in_use());
    await_check();
  }
  EXPECT_EQ(publications_, 0);
  EXPECT_EQ(take_log(),
            "upstream default: http://10.0.0.1:9000 cannot be checked: no descriptor or local port "
            "left\n")
      << "told once";
  refuse_check();
  EXPECT_FALSE(is_in_use()) << "this is the first outcome";
}

TEST_F(UpstreamHealthTest, ChecksOfATargetDoNotOverlap) {
  settings_.health_check->interval = 1s;
  settings_.health_check->timeout = 5s;
  start_with_address();
  connector_.peer().accept();
  loop_.advance(4'999ms);
  EXPECT_EQ(connector_.attempts(), 1U);
  loop_.advance(1ms);
  EXPECT_EQ(connector_.attempts(), 2U) << "the next one was due long ago";
}

TEST_F(UpstreamHealthTest, TargetsAreCheckedEachByItself) {
  add_endpoint("10.0.0.1");
  add_endpoint("10.0.0.2");
  start();
  end_check("10.0.0.2", kFail);
  end_check("10.0.0.1", kPass);
  EXPECT_TRUE(is_in_use(0));
  EXPECT_FALSE(is_in_use(1));
}

TEST_F(UpstreamHealthTest, NewAddressesOfANameAreCheckedAtOnce) {
  start_with_name();
  answer("api", {"10.0.0.1"}, 5s);
  EXPECT_EQ(connector_.attempts("10.0.0.1"), 1U);
  end_check("10.0.0.1", kFail);
  EXPECT_EQ(take_log(),
            "upstream default: http://api:9000 (10.0.0.1) fails its health check: answered 503\n");
  loop_.advance(5s);
  answer("api", {"10.0.0.1", "10.0.0.2"}, 5s);
  EXPECT_EQ(connector_.attempts("10.0.0.2"), 1U);
  EXPECT_EQ(connector_.attempts("10.0.0.1"), 1U) << "it goes on in its own time";
  EXPECT_FALSE(is_in_use(0));
  EXPECT_TRUE(is_in_use(1));
}

TEST_F(UpstreamHealthTest, ATargetThatLeavesDuringItsCheckIsLeftAlone) {
  settings_.health_check->timeout = 8s;
  start_with_name();
  answer("api", {"10.0.0.1", "10.0.0.2"}, 5s);
  const std::shared_ptr<Target> gone = published_->front();
  connector_.peer("10.0.0.1").accept();
  loop_.advance(5s);
  EXPECT_FALSE(connector_.peer("10.0.0.1").closed());
  answer("api", {"10.0.0.2"}, 1h);
  EXPECT_TRUE(connector_.peer("10.0.0.1").closed());
  loop_.advance(30s);
  EXPECT_EQ(connector_.attempts("10.0.0.1"), 1U);
  EXPECT_TRUE(gone->passes_checks()) << "whoever holds it may still use it";
}

TEST_F(UpstreamHealthTest, AnAddressThatComesBackSoonIsInUseAgainWhenItPasses) {
  start_with_name();
  answer("api", {"10.0.0.1", "10.0.0.2"}, 5s);
  end_check("10.0.0.1", kFail);
  loop_.advance(5s);
  answer("api", {"10.0.0.2"}, 5s);
  loop_.advance(5s);
  answer("api", {"10.0.0.1", "10.0.0.2"}, 5s);
  EXPECT_THAT(published(), ElementsAre("10.0.0.2", "10.0.0.1"));
  EXPECT_FALSE(is_in_use(1));
  EXPECT_EQ(connector_.attempts("10.0.0.1"), 2U) << "it is asked at once";
  end_check("10.0.0.1", kPass);
  EXPECT_TRUE(is_in_use(1));
}

TEST_F(UpstreamHealthTest, AnAddressThatComesBackAfterALongTimeBeginsAnew) {
  start_with_name();
  answer("api", {"10.0.0.1", "10.0.0.2"}, 5s);
  end_check("10.0.0.1", kFail);
  loop_.advance(5s);
  answer("api", {"10.0.0.2"}, 10min);
  loop_.advance(10min);
  answer("api", {"10.0.0.1", "10.0.0.2"}, 5s);
  EXPECT_TRUE(is_in_use(1));
}

TEST_F(UpstreamHealthTest, MayBeDestroyedDuringACheck) {
  start_with_address();
  connector_.peer().accept();
  monitor_.reset();
  loop_.run_posted();
  EXPECT_TRUE(connector_.peer().closed());
  loop_.advance(1h);
  EXPECT_EQ(connector_.attempts(), 1U);
}

TEST_F(UpstreamHealthTest, MayBeDestroyedInTheTurnInWhichACheckEnds) {
  start_with_address();
  connector_.peer().accept();
  loop_.run_posted();
  connector_.peer().send(kFail);
  monitor_.reset();
  loop_.advance(1h);
  EXPECT_EQ(publications_, 0);
}

}  // namespace
}  // namespace trackly::proxy
