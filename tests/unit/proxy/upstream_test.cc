#include "gateway/proxy/upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/codec_recorder.h"
#include "tests/support/fake_connector.h"
#include "tests/support/manual_loop.h"
#include "tests/unit/proxy/caller.h"

namespace trackly::proxy {
namespace {

using namespace std::chrono_literals;

/// One connection at a time; connecting and waiting for a connection may take a second each.
class UpstreamTest : public testing::Test {
 protected:
  explicit UpstreamTest(UpstreamSettings settings = one_connection())
      : settings_(std::move(settings)) {
    for (const EndpointSettings& endpoint : settings_.endpoints) {
      targets_.push_back(std::make_shared<Target>(endpoint, net::Address{endpoint.host, 80, {}}));
    }
    upstream_.set_targets(targets_);
  }

  static UpstreamSettings one_connection() {
    UpstreamSettings settings;
    settings.endpoints.emplace_back();
    settings.endpoints.back().text = "http://service";
    settings.max_connections = 1;
    return settings;
  }

  void refuse_connecting() {
    connector_.peer().fail(net::TransportError::connect_timeout);
    loop_.run_posted();
  }

  test::ManualLoop loop_;
  test::FakeConnector connector_;
  const UpstreamSettings settings_;
  Targets targets_;
  Upstream upstream_{loop_, connector_, std::make_shared<SharedUpstream>(settings_)};
};

TEST_F(UpstreamTest, ACallThatFindsNoConnectionFailsWhenItHasWaitedLongEnough) {
  const Caller first(upstream_);
  const Caller second(upstream_);
  loop_.advance(999ms);
  EXPECT_EQ(second.state(), "waiting");
  loop_.advance(1ms);
  EXPECT_EQ(second.state(), "queue_timeout");
  EXPECT_EQ(first.state(), "waiting");
}

TEST_F(UpstreamTest, ACallThatHasWaitedHasTheWholeTimeToConnect) {
  const Caller first(upstream_);
  const Caller second(upstream_);
  loop_.advance(900ms);
  refuse_connecting();
  EXPECT_EQ(first.state(), "connect_timeout");
  EXPECT_EQ(connector_.attempts(), 2U);

  loop_.advance(500ms);
  EXPECT_EQ(second.state(), "waiting");
  connector_.peer().accept();
  loop_.run_posted();
  EXPECT_EQ(second.state(), "started");
}

TEST_F(UpstreamTest, ACallThatHasWaitedFailsOnceWhereItCannotConnect) {
  const Caller first(upstream_);
  const Caller second(upstream_);
  loop_.advance(900ms);
  refuse_connecting();
  loop_.advance(500ms);
  refuse_connecting();
  EXPECT_EQ(second.state(), "connect_timeout");
}

TEST_F(UpstreamTest, AnAnswerIsWholeWhereTheServiceClosesBeforeASlowClientHasTakenIt) {
  constexpr std::size_t kSize = 100'000;
  Caller caller(upstream_);
  connector_.peer().accept();
  loop_.run_posted();
  connector_.peer().send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " +
                         std::to_string(kSize) + "\r\n\r\n" + std::string(kSize, 'x'));
  connector_.peer().close();
  loop_.run_posted();
  ASSERT_LT(caller.body_bytes(), kSize);
  EXPECT_EQ(caller.state(), "started");

  caller.take(caller.body_bytes());
  loop_.run_posted();
  EXPECT_EQ(caller.body_bytes(), kSize);
  EXPECT_EQ(caller.state(), "answered");
  EXPECT_TRUE(connector_.peer().closed());
}

TEST_F(UpstreamTest, AnAnswerIsWholeWhereTheServiceResetsBeforeASlowClientHasTakenIt) {
  constexpr std::size_t kSize = 100'000;
  Caller caller(upstream_);
  connector_.peer().accept();
  loop_.run_posted();
  connector_.peer().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) +
                         "\r\n\r\n" + std::string(kSize, 'x'));
  connector_.peer().fail(net::TransportError::reset);
  loop_.run_posted();
  ASSERT_LT(caller.body_bytes(), kSize);
  EXPECT_EQ(caller.state(), "started");

  caller.take(caller.body_bytes());
  loop_.run_posted();
  EXPECT_EQ(caller.body_bytes(), kSize);
  EXPECT_EQ(caller.state(), "answered");
  EXPECT_TRUE(connector_.peer().closed());
}

TEST_F(UpstreamTest, AnAnswerThatAResetDelimitsIsNotWhole) {
  constexpr std::size_t kSize = 100'000;
  Caller caller(upstream_);
  connector_.peer().accept();
  loop_.run_posted();
  connector_.peer().send("HTTP/1.1 200 OK\r\n\r\n" + std::string(kSize, 'x'));
  connector_.peer().fail(net::TransportError::reset);
  loop_.run_posted();
  caller.take(caller.body_bytes());
  loop_.run_posted();
  EXPECT_EQ(caller.state(), "another failure");
  EXPECT_TRUE(connector_.peer().closed());
}

TEST_F(UpstreamTest, WhatTheKernelHasNotTakenYetMayStillBeDelivered) {
  const Caller caller(upstream_);
  connector_.peer().set_room(0);
  connector_.peer().accept();
  EXPECT_FALSE(caller.delivered());
  loop_.run_posted();
  EXPECT_TRUE(caller.delivered());
}

TEST_F(UpstreamTest, WhatTheKernelHadNotTakenWhenTheConnectionBrokeWasNotDelivered) {
  const Caller caller(upstream_);
  connector_.peer().set_room(0);
  connector_.peer().accept();
  loop_.run_posted();
  connector_.peer().fail(net::TransportError::reset);
  loop_.run_posted();
  EXPECT_EQ(caller.state(), "another failure");
  EXPECT_FALSE(caller.delivered());
}

// ------------------------------------------------------------------------------------------ HTTP/2

/// The service's end of one HTTP/2 connection. Its windows hold a few bytes and never open.
class H2Peer {
 public:
  explicit H2Peer(test::FakePeer& peer)
      : peer_(peer), codec_(http::make_h2_codec(http::Side::server, "http", limits(), events)) {}

  /// Reads what has come and sends what there is to say.
  void turn() {
    for (const std::string& bytes : peer_.take_writes()) {
      EXPECT_TRUE(codec_->receive(bytes).ok());
    }
    std::string out;
    while (codec_->produce(out, 1 << 20)) {
    }
    if (!out.empty()) peer_.send(out);
  }
  void answer(http::StreamId id) {
    Head head;
    head.status = 200;
    codec_->send_head(id, head, true);
    turn();
  }
  std::size_t streams() const { return codec_->active_streams(); }

  test::CodecRecorder events;

 private:
  static http::CodecLimits limits() {
    http::CodecLimits limits;
    limits.initial_window = 10;
    limits.open_window = 10;
    return limits;
  }

  test::FakePeer& peer_;
  const std::unique_ptr<http::Codec> codec_;
};

class H2UpstreamTest : public UpstreamTest {
 protected:
  H2UpstreamTest() : UpstreamTest(h2c()) {}

  static UpstreamSettings h2c() {
    UpstreamSettings settings = one_connection();
    settings.endpoints.back().protocol = EndpointSettings::Protocol::h2c;
    settings.max_connections = 2;
    return settings;
  }
  /// Connects for the calls that wait, and lets both sides know each other.
  std::unique_ptr<H2Peer> accept() {
    connector_.peer().accept();
    auto peer = std::make_unique<H2Peer>(connector_.peer());
    turn(*peer);
    return peer;
  }
  void turn(H2Peer& peer) {
    for (int i = 0; i < 3; ++i) {
      loop_.run_posted();
      peer.turn();
    }
    loop_.run_posted();
  }
};

TEST_F(H2UpstreamTest, WhatWaitsBehindTheBytesOfOtherCallsIsNotDelivered) {
  const Caller first(upstream_);
  connector_.peer().set_room(10);
  connector_.peer().accept();
  loop_.run_posted();
  EXPECT_TRUE(first.delivered());

  const Caller second(upstream_);
  EXPECT_EQ(second.state(), "started");
  EXPECT_FALSE(second.delivered());
  loop_.run_posted();
  EXPECT_FALSE(second.delivered());
  connector_.peer().set_room(1);
  connector_.peer().fail(net::TransportError::reset);
  loop_.run_posted();
  EXPECT_FALSE(second.delivered());
  EXPECT_TRUE(first.delivered());
}

TEST_F(H2UpstreamTest, AConnectionOnWhichNothingComesTakesNoFurtherCalls) {
  Caller first(upstream_);
  const auto service = accept();
  first.give_up();
  loop_.run_posted();

  const Caller second(upstream_);
  EXPECT_EQ(connector_.attempts(), 1U) << "the service has spoken since the first request";
  loop_.run_posted();
  Caller third(upstream_);
  loop_.run_posted();
  third.give_up();
  loop_.run_posted();

  const Caller fourth(upstream_);
  EXPECT_EQ(connector_.attempts(), 2U);
  EXPECT_EQ(second.state(), "started") << "its answer may come yet";
}

TEST_F(H2UpstreamTest, ARequestThatWasAnsweredBeforeItsEndIsDroppedWithItsOwner) {
  const Caller first(upstream_);
  const auto service = accept();
  service->answer(1);
  Caller caller(upstream_, std::string(100, 'x'));
  turn(*service);
  service->answer(3);
  turn(*service);
  EXPECT_EQ(caller.state(), "answered");
  EXPECT_EQ(service->streams(), 1U);

  caller.leave();
  turn(*service);
  EXPECT_EQ(service->streams(), 0U);
}

}  // namespace
}  // namespace trackly::proxy
