#include "gateway/proxy/upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_connector.h"
#include "tests/support/manual_loop.h"

namespace trackly::proxy {
namespace {

using namespace std::chrono_literals;

/// A stream's part in a call: it lets go of the call as soon as it has failed.
class Caller final : public UpstreamCallEvents {
 public:
  explicit Caller(Upstream& upstream) {
    Head head;
    head.method = "GET";
    head.authority = "service";
    head.target = "/";
    call_ = upstream.call(std::move(head), true, *this);
    call_->begin();
  }

  /// "waiting", "started", "answered", or why it failed.
  const std::string& state() const { return state_; }
  std::size_t body_bytes() const { return body_bytes_; }
  /// The client has taken that much of the answer.
  void take(std::size_t bytes) { call_->credit(bytes); }
  bool delivered() const { return call_->delivered(); }

 private:
  void on_call_started() override { state_ = "started"; }
  void on_call_room() override {}
  void on_response_informational(Head) override {}
  void on_response_head(Head, bool) override {}
  void on_response_body(std::string_view bytes) override { body_bytes_ += bytes.size(); }
  void on_response_end(std::optional<FieldList>) override { state_ = "answered"; }
  void on_call_failed(CallFailure failure) override {
    EXPECT_FALSE(failure.delivered);
    state_ = failure.reason == UpstreamFailure::queue_timeout     ? "queue_timeout"
             : failure.reason == UpstreamFailure::connect_timeout ? "connect_timeout"
                                                                  : "another failure";
    call_.reset();
  }

  std::unique_ptr<UpstreamCall> call_;
  std::string state_ = "waiting";
  std::size_t body_bytes_ = 0;
};

/// One connection at a time; connecting and waiting for a connection may take a second each.
class UpstreamTest : public testing::Test {
 protected:
  static UpstreamSettings settings() {
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
  const UpstreamSettings settings_ = settings();
  Upstream upstream_{loop_, connector_, settings_, http::CodecLimits()};
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
  EXPECT_EQ(caller.state(), "another failure") << "and see on_call_failed()";
}

}  // namespace
}  // namespace trackly::proxy
