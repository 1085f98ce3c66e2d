#include "gateway/proxy/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "gateway/proxy/upstream.h"
#include "tests/support/codec_recorder.h"
#include "tests/support/fake_connector.h"
#include "tests/support/manual_loop.h"

namespace trackly::proxy {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

ErrorCatalogue catalogue() {
  const std::pair<const char*, int> rows[] = {{"invalid_input", 400},
                                              {"invalid_input.uri_too_long", 414},
                                              {"invalid_input.head_too_large", 431},
                                              {"invalid_input.timeout", 408},
                                              {"invalid_input.expectation", 417},
                                              {"not_found", 404},
                                              {"provider_error", 503},
                                              {"circuit_open", 503},
                                              {"provider_sync_failed", 502},
                                              {"send_failed", 500}};
  std::vector<ErrorEntry> entries;
  for (const auto& [id, status] : rows) {
    entries.emplace_back();
    entries.back().id = entries.back().code = entries.back().text = id;
    entries.back().status = status;
  }
  return ErrorCatalogue(std::move(entries));
}

/// Waits until a test lets the request pass.
class WaitingFilter final : public Filter {
 public:
  Verdict on_request(Exchange&, Resume resume) const override {
    resume_ = resume;
    return Verdict::wait(std::make_unique<Wait>(resume_));
  }
  bool waits() const { return resume_.has_value(); }
  void pass() const {
    if (resume_) (*resume_)(Verdict::next());
  }

 private:
  class Wait final : public Pending {
   public:
    explicit Wait(std::optional<Resume>& resume) : resume_(resume) {}
    ~Wait() override { resume_.reset(); }

   private:
    std::optional<Resume>& resume_;
  };

  mutable std::optional<Resume> resume_;
};

class HoldingFilter final : public Filter {
 public:
  Verdict on_request(Exchange& exchange, Resume) const override {
    return exchange.body == nullptr ? Verdict::hold_body() : Verdict::next();
  }
};

struct Api : ApiDescription {
  Api() {
    unknown.is_unknown = true;
    operations.emplace_back();
    operations.back().method = "POST";
    operations.back().path = "/waiting";
  }
};

Settings settings() {
  Settings settings;
  settings.forward_unknown_paths = true;
  settings.upstreams.emplace_back();
  settings.upstreams.back().endpoints.emplace_back();
  return settings;
}

/// A client's connection in memory, in front of a service whose connections are in memory too.
/// /waiting has a filter that waits and then one that holds the body; other paths have none.
class ConnectionTest : public testing::Test, private ConnectionOwner, private net::TransportEvents {
 protected:
  ConnectionTest() {
    snapshot_ = std::make_shared<Snapshot>(settings_, api_, errors_, upstreams_,
                                           Records{log_, *labels_, metrics_});
    snapshot_->add({&api_.unknown, {}});
    Endpoint waiting{&api_.operations.back(), {}};
    auto filter = std::make_unique<WaitingFilter>();
    filter_ = filter.get();
    waiting.chain.links.push_back({"waiting", std::move(filter)});
    waiting.chain.links.push_back({"holding", std::make_unique<HoldingFilter>()});
    snapshot_->add(std::move(waiting));
    context_.snapshot = snapshot_;

    auto transport = clients_.connect({}, {}, *this);
    client().accept();
    ++activity_.connections;
    ++activity_.busy;
    connection_ = std::make_unique<Connection>(context_, static_cast<ConnectionOwner&>(*this),
                                               std::move(transport), nullptr);
  }

  test::FakePeer& client() { return clients_.peer(); }
  test::FakePeer& service() { return services_.peer(); }

  void receive(std::string_view bytes) {
    client().send(bytes);
    loop_.run_posted();
  }
  std::string answered() { return joined(client()); }
  std::string forwarded() { return services_.attempts() == 0 ? "" : joined(service()); }

  /// The bytes of a request for "*" that a client of HTTP/2 makes.
  static std::string request_of(http::Codec& client, const std::string& field = "short") {
    Head head;
    head.method = "OPTIONS";
    head.scheme = "http";
    head.authority = "x";
    head.target = "*";
    head.fields.add("x-field", field);
    client.send_head(client.open(), head, true);
    std::string bytes;
    while (client.produce(bytes, 1 << 20)) {
    }
    return bytes;
  }

  static std::string joined(test::FakePeer& peer) {
    std::string all;
    for (const std::string& bytes : peer.take_writes()) all += bytes;
    return all;
  }

  test::ManualLoop loop_;
  Settings settings_ = settings();
  const Api api_;
  const ErrorCatalogue errors_ = catalogue();
  const WaitingFilter* filter_ = nullptr;
  std::shared_ptr<Snapshot> snapshot_;
  Activity activity_;

 private:
  void on_connection_closed(Connection&) override { loop_.defer_delete(std::move(connection_)); }
  void on_data(std::string_view) override {}
  void on_eof() override {}
  void on_writable() override {}
  void on_error(net::TransportError) override {}

  json::Parser parser_;
  BodyBudget budget_{1 << 20};
  observe::AccessLogCounts log_counts_;
  observe::AccessLog log_{nullptr, loop_, log_counts_};
  observe::Incidents incidents_;
  const UpstreamSettings upstream_settings_ = [] {
    UpstreamSettings settings;
    settings.endpoints.emplace_back();
    settings.circuit_breaker = CircuitBreakerSettings{.consecutive_failures = 1};
    return settings;
  }();

 protected:
  test::FakeConnector clients_;
  test::FakeConnector services_;
  const std::shared_ptr<SharedUpstream> shared_ =
      std::make_shared<SharedUpstream>(upstream_settings_);
  const std::vector<std::shared_ptr<Upstream>> upstreams_ = [this] {
    auto upstream = std::make_shared<Upstream>(loop_, services_, shared_);
    upstream->set_targets(
        {std::make_shared<Target>(shared_->settings.endpoints.front(), net::Address())});
    return std::vector{upstream};
  }();
  const std::shared_ptr<const observe::RequestLabels> labels_ =
      std::make_shared<const observe::RequestLabels>(settings_, api_, errors_);
  observe::RequestMetrics metrics_{labels_};
  Context context_{loop_, parser_, budget_, incidents_, activity_, nullptr};
  std::unique_ptr<Connection> connection_;
};

TEST_F(ConnectionTest, GivesEachHeadItsOwnTime) {
  const std::string request = "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n";
  receive(request.substr(0, 10));
  for (int i = 0; i < 4; ++i) {
    loop_.advance(settings_.limits.header_timeout * 2 / 3);
    receive(request.substr(10) + request.substr(0, 10));
    EXPECT_THAT(answered(), StartsWith("HTTP/1.1 404")) << i;
  }
  loop_.advance(settings_.limits.header_timeout);
  EXPECT_THAT(answered(), StartsWith("HTTP/1.1 408"));
}

TEST_F(ConnectionTest, TakesAnHttp2HeadThatComesInPieces) {
  test::CodecRecorder events;
  const auto codec = http::make_h2_codec(http::Side::client, "http", {}, events);
  for (int i = 0; i < 3; ++i) {
    const std::string bytes = request_of(*codec, std::string(1000, 'x'));
    receive(bytes.substr(0, bytes.size() - 1));
    receive(bytes.substr(bytes.size() - 1));
    ASSERT_TRUE(codec->receive(answered()));
    EXPECT_THAT(events.take(), ::testing::Contains(StartsWith("head")));
  }
}

TEST_F(ConnectionTest, LetsGoOfAnHttp1ClientThatAsksNothingMore) {
  receive("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answered(), StartsWith("HTTP/1.1 404"));
  loop_.advance(settings_.limits.idle_timeout - std::chrono::milliseconds(1));
  loop_.advance(settings_.limits.linger_timeout);  // for the client to end its side too
  EXPECT_NE(connection_, nullptr) << "it was not idle for long enough when this began";
  loop_.advance(settings_.limits.linger_timeout);
  EXPECT_EQ(connection_, nullptr);
}

TEST_F(ConnectionTest, TellsAnHttp2ClientThatAsksNothingMoreToGo) {
  test::CodecRecorder events;
  const auto codec = http::make_h2_codec(http::Side::client, "http", {}, events);
  receive(request_of(*codec));
  ASSERT_TRUE(codec->receive(answered()));
  loop_.advance(settings_.limits.idle_timeout - std::chrono::milliseconds(1));
  EXPECT_EQ(answered(), "");
  loop_.advance(std::chrono::milliseconds(1));
  events.take();
  ASSERT_TRUE(codec->receive(answered()));
  EXPECT_THAT(events.take(), ::testing::Contains("closing")) << "GOAWAY";
}

TEST_F(ConnectionTest, AnswersAnHttp1RequestThatCrossesTheBeginningOfADrain) {
  receive("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  answered();
  connection_->drain();
  receive("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answered(), AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("Connection: close\r\n")));
  EXPECT_EQ(activity_.busy, 0);
}

TEST_F(ConnectionTest, EndsAnIdleHttp1ConnectionSoonAfterADrainHasBegun) {
  receive("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  answered();
  connection_->drain();
  loop_.run_posted();
  EXPECT_EQ(activity_.busy, 1);
  loop_.advance(100ms);
  EXPECT_EQ(activity_.busy, 0);
  EXPECT_EQ(answered(), "");
}

TEST_F(ConnectionTest, ForwardsNothingThatCrossesItsEnd) {
  receive("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  answered();
  connection_->drain();
  loop_.advance(100ms);
  receive("POST /unknown HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok");
  loop_.run_posted();
  EXPECT_EQ(services_.attempts(), 0U);
  EXPECT_EQ(answered(), "");
}

TEST_F(ConnectionTest, HasNotEndedInADrainBeforeItsClientHasAllOfTheAnswer) {
  receive("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  client().set_has_all(false);
  connection_->drain();
  loop_.advance(settings_.limits.linger_timeout * 2);
  EXPECT_NE(connection_, nullptr);
  EXPECT_EQ(activity_.busy, 1);
  EXPECT_EQ(activity_.undelivered, 1);
  client().set_has_all(true);
  loop_.advance(20ms);
  EXPECT_EQ(activity_.busy, 0);
  EXPECT_EQ(activity_.undelivered, 0);
}

TEST_F(ConnectionTest, CountsAnAnswerThatItCouldNotWriteInADrain) {
  client().set_room(10);
  receive("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  connection_->drain();
  loop_.advance(100ms);
  EXPECT_EQ(activity_.requests, 0);
  EXPECT_EQ(activity_.undelivered, 1);
  connection_->close_now();
  loop_.run_posted();
  EXPECT_EQ(activity_.undelivered, 0);
}

TEST_F(ConnectionTest, AnswersPipelinedRequestsThatHadComeBeforeADrain) {
  const std::string request = "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n";
  client().set_room(0);
  receive(request + request + request);
  connection_->drain();
  client().set_room(SIZE_MAX);
  loop_.run_posted();
  const std::string answers = answered();
  EXPECT_EQ(answers.find("Connection: close"), answers.rfind("Connection: close"));
  std::size_t count = 0;
  for (std::size_t at = 0; (at = answers.find("HTTP/1.1 404", at)) != answers.npos; ++at) ++count;
  EXPECT_EQ(count, 3U);
}

TEST_F(ConnectionTest, WaitsForTheFirstWordOfOneThatWasAcceptedLastBeforeADrain) {
  connection_->drain();
  loop_.advance(999ms);
  receive("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answered(), HasSubstr("Connection: close\r\n"));
}

TEST_F(ConnectionTest, ClosesOneInADrainThatSaysNothing) {
  connection_->drain();
  loop_.advance(1s);
  EXPECT_EQ(connection_, nullptr);
}

TEST_F(ConnectionTest, ServesOneThatWasAcceptedLastBeforeADrain) {
  connection_->drain();
  test::CodecRecorder events;
  const auto codec = http::make_h2_codec(http::Side::client, "http", {}, events);
  receive(request_of(*codec));
  ASSERT_TRUE(codec->receive(answered()));
  EXPECT_THAT(events.take(), ::testing::Contains(StartsWith("head 1 404")));
  loop_.advance(100ms);
  EXPECT_EQ(activity_.busy, 0);
}

TEST_F(ConnectionTest, DoesNotForwardARequestThatItHasRefusedWhileAFilterWaited) {
  receive("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  answered();
  client().set_room(0);
  receive("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  receive("POST /waiting HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(filter_->waits());
  receive("no chunk\r\n");
  filter_->pass();
  loop_.run_posted();
  EXPECT_EQ(services_.attempts(), 0U);

  client().set_room(SIZE_MAX);
  loop_.run_posted();
  EXPECT_THAT(answered(), HasSubstr("HTTP/1.1 400"));
}

TEST_F(ConnectionTest, DoesNotWaitForeverForABodyThatAFilterHoldsAfterAnotherHasWaited) {
  receive("POST /waiting HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello");
  filter_->pass();
  loop_.advance(settings_.limits.body_timeout);
  EXPECT_THAT(answered(), StartsWith("HTTP/1.1 408"));
}

TEST_F(ConnectionTest, LetsAnotherRequestTryTheServiceWhereATrialIsRefused) {
  client().set_room(0);  // it may take its time with its answers
  receive("GET /unknown HTTP/1.1\r\nHost: x\r\n\r\n");
  service().fail(net::TransportError::refused);
  loop_.run_posted();
  ASSERT_TRUE(shared_->breaker->is_open());
  loop_.advance(CircuitBreakerSettings().open_for);

  receive("POST /unknown HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  service().accept();
  loop_.run_posted();
  EXPECT_FALSE(shared_->breaker->ask(loop_.now()).permit);
  receive("no chunk\r\n");
  EXPECT_TRUE(shared_->breaker->ask(loop_.now()).permit);
}

TEST_F(ConnectionTest, DoesNotOpenTheBreakerBecauseWeHaveNoDescriptorsLeft) {
  receive("GET /unknown HTTP/1.1\r\nHost: x\r\n\r\n");
  service().fail(net::TransportError::no_local_resources);
  loop_.run_posted();
  EXPECT_THAT(answered(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("proxy_internal_error")));
  EXPECT_FALSE(shared_->breaker->is_open());
}

TEST_F(ConnectionTest, PassesOnSoManyInterimAnswersAndNoMore) {
  receive("GET /unknown HTTP/1.1\r\nHost: x\r\n\r\n");
  service().accept();
  loop_.run_posted();
  client().set_room(0);
  std::string flood;
  for (int i = 0; i < 10'000; ++i) flood += "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  service().send(flood);
  service().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  loop_.run_posted();
  client().set_room(SIZE_MAX);
  loop_.run_posted();
  const std::string answer = answered();
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200 OK"));
  EXPECT_LT(answer.size(), flood.size() / 10);
}

}  // namespace
}  // namespace trackly::proxy
