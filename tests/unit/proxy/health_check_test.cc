#include "gateway/proxy/health_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/http/codec.h"
#include "tests/support/codec_recorder.h"
#include "tests/support/fake_connector.h"
#include "tests/support/manual_loop.h"

namespace trackly::proxy {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Protocol = EndpointSettings::Protocol;

/// A check of GET /healthz within a second.
class HealthCheckTest : public testing::Test {
 protected:
  HealthCheckTest() {
    endpoint_.host = "10.0.0.1";
    endpoint_.port = 9000;
    settings_.timeout = 1s;
  }

  void begin(Protocol protocol = Protocol::http1) {
    endpoint_.protocol = protocol;
    net::Address address{endpoint_.host, endpoint_.port, endpoint_.unix_path};
    if (protocol == Protocol::https) address.tls.emplace();
    const Target target(endpoint_, address);
    check_ = std::make_unique<HealthCheck>(
        loop_, connector_, target, settings_,
        [this](const HealthCheck::Outcome& outcome) { finish(outcome); });
  }

  void accept(std::string_view alpn = {}) {
    peer().accept(alpn);
    loop_.run_posted();
  }

  void refuse(net::TransportError error) {
    peer().fail(error);
    loop_.run_posted();
  }

  void send(std::string_view bytes) {
    peer().send(bytes);
    loop_.run_posted();
  }

  void answer(std::string_view bytes) {
    begin();
    accept();
    send(bytes);
  }

  /// What the service has received since the last call.
  std::string request() {
    std::string bytes;
    for (const std::string& piece : peer().take_writes()) bytes += piece;
    return bytes;
  }

  /// Plays the HTTP/2 service: reads what was sent, and sends what its codec makes of it.
  void exchange(http::Codec& service) {
    for (std::string bytes = request(); !bytes.empty(); bytes = request()) {
      EXPECT_TRUE(service.receive(bytes).ok());
      std::string out;
      while (service.produce(out, 10'000)) {
      }
      send(out);
    }
  }

  test::FakePeer& peer() { return connector_.peer(); }
  /// "under way", "passed", "unknown: " with a reason, or why it failed.
  const std::string& state() const { return state_; }

  test::ManualLoop loop_;
  test::FakeConnector connector_;
  EndpointSettings endpoint_;
  HealthCheckSettings settings_;
  std::unique_ptr<HealthCheck> check_;
  bool done_destroys_it_ = false;

 private:
  void finish(const HealthCheck::Outcome& outcome) {
    EXPECT_EQ(state_, "under way") << "the outcome came twice";
    switch (outcome.kind) {
      case HealthCheck::Outcome::Kind::passed:
        state_ = "passed";
        break;
      case HealthCheck::Outcome::Kind::failed:
        state_ = outcome.why;
        break;
      case HealthCheck::Outcome::Kind::unknown:
        state_ = "unknown: " + outcome.why;
        break;
    }
    if (done_destroys_it_) check_.reset();
  }

  std::string state_ = "under way";
};

// ---------------------------------------------------------------------------------------- asking

TEST_F(HealthCheckTest, AsksForThePathOnAConnectionThatItCloses) {
  begin();
  EXPECT_EQ(connector_.timeout(), 1s);
  accept();
  EXPECT_EQ(request(),
            "GET /healthz HTTP/1.1\r\nHost: 10.0.0.1:9000\r\n"
            "User-Agent: trackly-gateway health check\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(state(), "under way");
  EXPECT_FALSE(peer().closed());
  send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(state(), "passed");
  EXPECT_TRUE(peer().closed());
  loop_.advance(10s);
}

TEST_F(HealthCheckTest, NamesTheHostOfItsSettings) {
  settings_.host = "api.internal";
  begin();
  accept();
  EXPECT_THAT(request(), HasSubstr("\r\nHost: api.internal\r\n"));
}

TEST_F(HealthCheckTest, NamesAnIpv6AddressInBrackets) {
  endpoint_.host = "::1";
  begin();
  accept();
  EXPECT_THAT(request(), HasSubstr("\r\nHost: [::1]:9000\r\n"));
}

TEST_F(HealthCheckTest, NamesLocalhostOnAUnixSocket) {
  endpoint_.host.clear();
  endpoint_.unix_path = "/run/service.sock";
  begin();
  EXPECT_EQ(peer().address().unix_path, "/run/service.sock");
  accept();
  EXPECT_THAT(request(), HasSubstr("\r\nHost: localhost\r\n"));
}

// --------------------------------------------------------------------------------------- answers

TEST_F(HealthCheckTest, PassesWithAnyOfThe2xx) {
  answer("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(state(), "passed");
}

TEST_F(HealthCheckTest, WaitsForTheFinalResponse) {
  answer("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(state(), "under way");
  send("HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(state(), "passed");
}

TEST_F(HealthCheckTest, ReadsAHeadThatComesInPieces) {
  answer("HTTP/1.1 20");
  EXPECT_EQ(state(), "under way");
  send("0 OK\r\n\r");
  EXPECT_EQ(state(), "under way");
  send("\n");
  EXPECT_EQ(state(), "passed");
}

TEST_F(HealthCheckTest, CaresForNoBody) {
  answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk at all");
  EXPECT_EQ(state(), "passed");
}

TEST_F(HealthCheckTest, FailsWithAnotherStatus) {
  answer("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(state(), "answered 503");
  EXPECT_TRUE(peer().closed());
}

TEST_F(HealthCheckTest, FollowsNoRedirect) {
  answer("HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(state(), "answered 302");
}

TEST_F(HealthCheckTest, FailsWithWhatIsNotHttp) {
  answer("SSH-2.0-OpenSSH_9.2p1\r\n\r\n");
  EXPECT_EQ(state(), "malformed answer");
  EXPECT_TRUE(peer().closed());
}

TEST_F(HealthCheckTest, FailsWhereTheServiceSpeaksUnasked) {
  begin();
  peer().accept();
  peer().send("HTTP/1.1 200 OK\r\n\r\n");
  loop_.run_posted();
  EXPECT_EQ(state(), "malformed answer");
}

TEST_F(HealthCheckTest, FailsWithAHeadWithoutEnd) {
  answer("HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < 100 && state() == "under way"; ++i) {
    send("Filler: " + std::string(1000, 'x') + "\r\n");
  }
  EXPECT_EQ(state(), "malformed answer");
}

TEST_F(HealthCheckTest, FailsWhereTheServiceClosesWithoutAnAnswer) {
  begin();
  accept();
  peer().close();
  loop_.run_posted();
  EXPECT_EQ(state(), "connection closed without an answer");
  EXPECT_TRUE(peer().closed());
}

TEST_F(HealthCheckTest, FailsWhereTheConnectionIsResetWithinTheHead) {
  answer("HTTP/1.1 200 OK\r\n");
  refuse(net::TransportError::reset);
  EXPECT_EQ(state(), "connection closed without an answer");
}

// ------------------------------------------------------------------------------------ connecting

TEST_F(HealthCheckTest, FailsWhereNobodyListens) {
  begin();
  refuse(net::TransportError::refused);
  EXPECT_EQ(state(), "connection refused");
  EXPECT_TRUE(peer().closed());
}

TEST_F(HealthCheckTest, KnowsNothingWhereWeHaveNoDescriptorsLeft) {
  begin();
  refuse(net::TransportError::no_local_resources);
  EXPECT_EQ(state(), "unknown: no descriptor or local port left");
  EXPECT_TRUE(peer().closed());
}

TEST_F(HealthCheckTest, FailsWhereTheCertificateIsNotTheServices) {
  begin(Protocol::https);
  refuse(net::TransportError::certificate);
  EXPECT_EQ(state(), "certificate does not verify");
}

TEST_F(HealthCheckTest, FailsWhereThereIsNoTls) {
  begin(Protocol::https);
  refuse(net::TransportError::handshake);
  EXPECT_EQ(state(), "TLS handshake failed");
}

// ------------------------------------------------------------------------------------------ time

TEST_F(HealthCheckTest, FailsWhereConnectingTakesTooLong) {
  begin();
  loop_.advance(999ms);
  EXPECT_EQ(state(), "under way");
  loop_.advance(1ms);
  EXPECT_EQ(state(), "no connection in time");
  EXPECT_TRUE(peer().closed());
}

TEST_F(HealthCheckTest, HasOneTimeForConnectingAndTheAnswer) {
  begin();
  loop_.advance(900ms);
  accept();
  loop_.advance(99ms);
  send("HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(state(), "under way");
  loop_.advance(1ms);
  EXPECT_EQ(state(), "no answer in time");
  EXPECT_TRUE(peer().closed());
}

TEST_F(HealthCheckTest, HasThatTimeWhereTheServiceTakesNothing) {
  begin();
  peer().set_room(3);
  accept();
  EXPECT_EQ(request(), "GET");
  loop_.advance(1s);
  EXPECT_EQ(state(), "no answer in time");
}

// ------------------------------------------------------------------------------------- protocols

/// Answers each request with a status, as an HTTP/2 service.
struct H2Service {
  explicit H2Service(int status) {
    events.when_head = [this, status](http::StreamId id) {
      Head head;
      head.status = status;
      codec->send_head(id, head, /*end=*/false);
    };
  }

  test::CodecRecorder events;
  std::unique_ptr<http::Codec> codec =
      http::make_h2_codec(http::Side::server, "http", http::CodecLimits(), events);
};

TEST_F(HealthCheckTest, AsksOverHttp2WithPriorKnowledge) {
  begin(Protocol::h2c);
  accept();
  H2Service service(200);
  exchange(*service.codec);
  EXPECT_EQ(state(), "passed");
  const Head& head = service.events.head(1);
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/healthz");
  EXPECT_EQ(head.authority, "10.0.0.1:9000");
  EXPECT_EQ(head.fields.find("user-agent"), "trackly-gateway health check");
  EXPECT_TRUE(peer().closed());
}

TEST_F(HealthCheckTest, FailsWithAnotherStatusOverHttp2) {
  begin(Protocol::h2c);
  accept();
  H2Service service(503);
  exchange(*service.codec);
  EXPECT_EQ(state(), "answered 503");
}

TEST_F(HealthCheckTest, FailsWhereAnHttp2ServiceSpeaksHttp1) {
  begin(Protocol::h2c);
  accept();
  send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(state(), "malformed answer");
  EXPECT_TRUE(peer().closed());
}

TEST_F(HealthCheckTest, FailsWhereAnHttp2ServiceResetsTheRequest) {
  begin(Protocol::h2c);
  accept();
  H2Service service(200);
  service.events.when_head = [&](http::StreamId id) {
    service.codec->reset(id, http::ResetReason::internal_error);
  };
  exchange(*service.codec);
  EXPECT_EQ(state(), "connection closed without an answer");
}

TEST_F(HealthCheckTest, SpeaksHttp2WhereTlsAgreedOnIt) {
  begin(Protocol::https);
  EXPECT_TRUE(peer().address().tls);
  accept("h2");
  EXPECT_THAT(request(), StartsWith(http::kH2Preface));
}

TEST_F(HealthCheckTest, SpeaksHttp1WhereTlsAgreedOnNothing) {
  begin(Protocol::https);
  accept();
  EXPECT_THAT(request(), StartsWith("GET /healthz HTTP/1.1\r\n"));
}

// ------------------------------------------------------------------------------------ destroying

TEST_F(HealthCheckTest, MayBeDestroyedWhileItConnects) {
  begin();
  check_.reset();
  accept();
  EXPECT_TRUE(peer().closed());
  loop_.advance(10s);
  EXPECT_EQ(state(), "under way");
}

TEST_F(HealthCheckTest, MayBeDestroyedWithAWriteToCome) {
  begin();
  peer().accept();
  check_.reset();
  loop_.run_posted();
  EXPECT_TRUE(peer().closed());
  EXPECT_EQ(state(), "under way");
}

TEST_F(HealthCheckTest, MayBeDestroyedWhileItWaits) {
  begin();
  accept();
  check_.reset();
  send("HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(state(), "under way");
}

TEST_F(HealthCheckTest, MayBeDestroyedByItsOutcome) {
  done_destroys_it_ = true;
  answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(state(), "passed");
  EXPECT_TRUE(peer().closed());
}

TEST_F(HealthCheckTest, MayBeDestroyedByItsTimeout) {
  done_destroys_it_ = true;
  begin();
  accept();
  loop_.advance(1s);
  EXPECT_EQ(state(), "no answer in time");
}

TEST_F(HealthCheckTest, MayOutliveTheTurnsOfItsLoop) {
  begin();
  accept();
  peer().send("HTTP/1.1 200 OK\r\n\r\n");
  check_.reset();
}

}  // namespace
}  // namespace trackly::proxy
