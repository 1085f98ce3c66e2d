// Clients that cost more than they are worth: each limit ends them, and nobody else notices.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/conformance/h2_client.h"
#include "tests/support/gateway.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::uint32_t kCalm = NGHTTP2_ENHANCE_YOUR_CALM;
constexpr std::uint32_t kCancel = NGHTTP2_CANCEL;
constexpr std::string_view kTooSlow = R"({"error":"Invalid input","code":"invalid_input"})";

const std::string kKeyLine = key_field() + "\r\n";

/// A gateway with such limits before a healthy service, and an honest client of it.
class Exhaustion : public testing::Test {
 protected:
  Gateway& gateway(std::string limits) {
    gateway_ = std::make_unique<Gateway>(
        GatewayConfig{.upstream = service_.url(), .limits = std::move(limits)});
    return *gateway_;
  }
  std::unique_ptr<H2Client> h2_client() {
    auto client = std::make_unique<H2Client>(gateway_->connect());
    client->handshake();
    return client;
  }
  static H2Wire::Fields get_fields() {
    return {{":method", "GET"},
            {":scheme", "http"},
            {":authority", "x"},
            {":path", std::string(kContactsPath)},
            {"x-api-key", std::string(keys::kActive)}};
  }
  static H2Wire::Fields post_fields() {
    H2Wire::Fields fields = get_fields();
    fields[0].second = "POST";
    fields[3].second = kSendPath;
    return fields;
  }
  /// The limit has struck: the line on standard error.
  void expect_told(std::string_view incident) {
    EXPECT_TRUE(
        gateway_->process().wait_for_err("limit " + std::string(incident) + ": client 127.0.0.1"))
        << gateway_->process().err();
  }
  void expect_honest_clients_are_served() {
    for (const Downstream downstream : {Downstream::h1, Downstream::h2}) {
      EXPECT_EQ(gateway_->request(downstream, send_message()).status(), 200);
    }
  }
  /// Frames until the connection breaks; how many of these pieces were sent.
  static int send_until_broken(H2Client& client, std::string_view piece, int most) {
    int sent = 0;
    while (sent < most && client.wire().send(piece)) ++sent;
    return sent;
  }

  /// Sends a byte every now and then until something comes back; what that is.
  static std::string drip(Wire& client, std::string_view byte) {
    const Deadline deadline(kPatience);
    std::string got;
    while (got.empty() && client.ended() == Wire::End::open && !deadline.passed()) {
      client.send(byte);
      got = client.read_some(Milliseconds(25));
    }
    while (!got.ends_with('}') && client.ended() == Wire::End::open) got += client.read_some();
    return got;
  }

  Service service_{Upstream::h1};
  std::unique_ptr<Gateway> gateway_;
};

// ------------------------------------------------------------------------------- slow, on HTTP/1.1

TEST_F(Exhaustion, OfAHeadThatComesByteByByte) {
  gateway("header_timeout: 400ms");
  const auto client = gateway_->connect();
  // As slow as its last byte, however lively it is.
  const std::string got = drip(*client, "G");
  EXPECT_THAT(got, StartsWith("HTTP/1.1 408 "));
  expect_told("slow_head");
}

TEST_F(Exhaustion, OfABodyThatIsNeverSilentButTooSlow) {
  gateway("body_timeout: 500ms, body_rate: 1KiB");
  const auto client = gateway_->connect();
  client->send(http1_request("POST", kSendPath,
                             kKeyLine + "X-Request-Id: drip\r\nContent-Length: 100000\r\n"));
  const std::string got = drip(*client, "x");
  EXPECT_THAT(got, StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(got, EndsWith(kTooSlow));
  expect_told("slow_body");
  const auto line = gateway_->log_of("drip");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/flags/0"], "slow_body");
  EXPECT_EQ(service_.requests().size(), 0U);
}

TEST_F(Exhaustion, OfAnAnswerThatIsTakenTooSlowly) {
  constexpr std::size_t kMuch = 32 << 20;
  Service service(Upstream::h1, always({.body = std::string(kMuch, 'x')}));
  gateway_ = std::make_unique<Gateway>(GatewayConfig{
      .upstream = service.url(), .limits = "write_timeout: 700ms, write_rate: 100MiB"});
  const auto client = gateway_->connect();
  client->send(http1_request("GET", kContactsPath, kKeyLine + "X-Request-Id: sip\r\n"));
  // Always some bytes, so that silence is not what ends it.
  std::size_t taken = 0;
  while (client->ended() == Wire::End::open && taken < kMuch) {
    const std::string some = client->read_exactly(16 << 10);
    if (some.empty()) break;
    taken += some.size();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_LT(taken, kMuch);
  expect_told("slow_reader");
  const auto line = gateway_->log_of("sip");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/flags/0"], "slow_reader");
  EXPECT_EQ((*line)["/flags/1"], "cut");
}

TEST_F(Exhaustion, OfAHandshakeThatStalls) {
  gateway("header_timeout: 300ms");
  const auto client = Wire(connect_to_port(gateway_->port(Downstream::tls_h1))).ended();
  const auto stalling = std::make_unique<Wire>(connect_to_port(gateway_->port(Downstream::tls_h1)));
  stalling->send("\x16\x03\x01");
  stalling->read_to_end();
  EXPECT_NE(stalling->ended(), Wire::End::open);
  EXPECT_EQ(client, Wire::End::open);
  expect_told("slow_handshake");
}

// ---------------------------------------------------------------------------------------- too many

TEST_F(Exhaustion, OfConnectionsInAll) {
  gateway("connections: 4");
  std::vector<std::unique_ptr<Wire>> held;
  for (int i = 0; i < 4; ++i) {
    held.push_back(gateway_->connect());
    held.back()->send(http1_request("GET", kContactsPath, kKeyLine));
    EXPECT_EQ(held.back()->read_message().status(), 200);
  }
  const auto one_more = gateway_->connect();
  EXPECT_EQ(one_more->read_to_end(), "");
  EXPECT_NE(one_more->ended(), Wire::End::open);
  expect_told("connections");
  held.pop_back();
  // Its place is free as soon as its end was seen.
  const Deadline deadline(kPatience);
  while (gateway_->request(Downstream::h1, send_message()).status() != 200) {
    ASSERT_FALSE(deadline.passed());
  }
}

TEST_F(Exhaustion, OfConnectionsFromOneAddress) {
  gateway("connections_per_address: 2");
  const auto first = gateway_->connect();
  const auto second = gateway_->connect();
  second->send(http1_request("GET", kContactsPath, kKeyLine));
  EXPECT_EQ(second->read_message().status(), 200);
  const auto third = gateway_->connect();
  third->read_to_end();
  EXPECT_NE(third->ended(), Wire::End::open);
  expect_told("connections_per_address");
}

TEST_F(Exhaustion, OfStreamsOnOneConnection) {
  Service service(Upstream::h1, always({.kind = Reaction::Kind::hang}));
  gateway_ = std::make_unique<Gateway>(
      GatewayConfig{.upstream = service.url(), .limits = "streams_per_connection: 3"});
  const auto client = h2_client();
  for (int id = 1; id <= 5; id += 2) client->send(client->frames.headers(id, get_fields(), true));
  client->send(client->frames.headers(7, get_fields(), true));
  EXPECT_TRUE(client->breaks_stream(7, {NGHTTP2_REFUSED_STREAM, NGHTTP2_PROTOCOL_ERROR}));
}

// UBSan looks at the type of an object by means of a pipe, for which it needs descriptors.
#ifndef __SANITIZE_ADDRESS__
TEST_F(Exhaustion, OfDescriptorsIsNotTheServicesFault) {
  gateway_ = std::make_unique<Gateway>(GatewayConfig{
      .upstream = service_.url(),
      .upstream_options = "health_check: {interval: 50ms, failures: 1}, ejection: "
                          "{consecutive_failures: 1}, circuit_breaker: {consecutive_failures: 1}"});
  const auto client = gateway_->connect();
  client->send(http1_request("GET", kContactsPath, ""));  // without a key: the service is not asked
  EXPECT_EQ(client->read_message().status(), 401);
  const pid_t pid = gateway_->process().pid();
  rlimit before{};
  ASSERT_EQ(prlimit(pid, RLIMIT_NOFILE, nullptr, &before), 0);
  const rlimit no_more{0, before.rlim_max};
  ASSERT_EQ(prlimit(pid, RLIMIT_NOFILE, &no_more, nullptr), 0);
  ASSERT_TRUE(gateway_->process().wait_for_err("cannot be checked"));
  for (int i = 0; i < 3; ++i) {
    const std::string id = "none-left-" + std::to_string(i);
    client->send(http1_request("GET", kContactsPath, kKeyLine + "X-Request-Id: " + id + "\r\n"));
    const HttpMessage answer = client->read_message();
    EXPECT_EQ(answer.status(), 503);
    EXPECT_THAT(answer.field("proxy-status"), HasSubstr("error=proxy_internal_error"));
    const auto line = gateway_->log_of(id);
    ASSERT_TRUE(line);
    EXPECT_EQ((*line)["/upstream_error"], "no_local_resources");
    EXPECT_EQ((*line)["/delivered"], "false");
  }
  ASSERT_EQ(prlimit(pid, RLIMIT_NOFILE, &before, nullptr), 0);
  expect_honest_clients_are_served();
  EXPECT_THAT(gateway_->process().err(), Not(HasSubstr("fails its health check")));
  EXPECT_THAT(gateway_->process().err(), Not(HasSubstr("is ejected")));
}
#endif

// ------------------------------------------------------------------------------------ floods on h2

TEST_F(Exhaustion, OfRequestsThatAreCancelledAtOnce) {
  gateway("reset_burst: 100, reset_rate: 1");
  const auto client = h2_client();
  for (int id = 1; id < 2000; id += 2) {
    client->send({client->frames.headers(id, get_fields(), true), H2Wire::rst_stream(id, kCancel)});
  }
  EXPECT_TRUE(client->breaks_connection({kCalm}));
  expect_told("resets");
  EXPECT_LT(service_.requests().size(), 300U);
  expect_honest_clients_are_served();
}

TEST_F(Exhaustion, OfRequestsThatTheClientMakesUsReset) {
  gateway("reset_burst: 100, reset_rate: 1");
  const auto client = h2_client();
  for (int id = 1; id < 2000; id += 2) {
    client->send(
        {client->frames.headers(id, post_fields(), false), H2Wire::window_update(id, 0x7fffffff)});
    if (client->wait_for("RST_STREAM").empty()) break;
  }
  EXPECT_NE(client->wire().ended(), Wire::End::open);
  expect_told("resets");
  expect_honest_clients_are_served();
}

TEST_F(Exhaustion, IsNotWhatAClientCausesThatCancelsSomeRequests) {
  gateway("reset_burst: 100, reset_rate: 1");
  const auto client = h2_client();
  for (int id = 1; id < 180; id += 2) {
    client->send({client->frames.headers(id, get_fields(), true), H2Wire::rst_stream(id, kCancel)});
  }
  client->send(client->frames.headers(201, get_fields(), true));
  EXPECT_EQ(client->status_of(201), 200);
}

struct Flood {
  const char* name;
  std::string frame;
  bool on_open_stream = false;

  friend void PrintTo(const Flood& flood, std::ostream* out) { *out << flood.name; }
};

class FrameFlood : public Exhaustion, public testing::WithParamInterface<Flood> {};

TEST_P(FrameFlood, EndsTheConnection) {
  gateway("overhead_burst: 16KiB, overhead_rate: 1KiB");
  const auto client = h2_client();
  if (GetParam().on_open_stream) client->send(client->frames.headers(1, post_fields(), false));
  std::string many;
  for (int i = 0; i < 100; ++i) many += GetParam().frame;
  send_until_broken(*client, many, 200);
  EXPECT_TRUE(client->breaks_connection({kCalm}));
  expect_told("overhead");
  expect_honest_clients_are_served();
}

INSTANTIATE_TEST_SUITE_P(
    , FrameFlood,
    testing::Values(Flood{"Ping", H2Wire::ping()}, Flood{"Settings", H2Wire::settings()},
                    Flood{"WindowUpdate", H2Wire::window_update(0, 1)},
                    Flood{"EmptyData", H2Wire::data(1, "", false), true},
                    Flood{"PaddingOnlyData", H2Wire::padded_data(1, "", 200, false), true},
                    Flood{"Priority", H2Wire::frame(NGHTTP2_PRIORITY, 0, 1, std::string(5, '\0'))},
                    Flood{"UnknownFrame", H2Wire::frame(200, 0, 0, "x")}),
    [](const auto& test) { return test.param.name; });

TEST_F(Exhaustion, OfAHeadInEndlessContinuations) {
  gateway("header_timeout: 10s");
  const auto client = h2_client();
  client->send(client->frames.unfinished_headers(1, get_fields()));
  std::string many;
  for (int i = 0; i < 100; ++i) many += H2Client::continuation(1, "", false);
  send_until_broken(*client, many, 200);
  EXPECT_TRUE(client->closes_connection());
  expect_honest_clients_are_served();
}

TEST_F(Exhaustion, OfAHeadThatGrowsWhenItIsUnpacked) {
  gateway("header_bytes: 8KiB");
  const auto client = h2_client();
  // One field of 4,000 bytes goes into the table; each further mention takes one byte.
  H2Wire::Fields fields = get_fields();
  for (int i = 0; i < 2000; ++i) fields.emplace_back("x-bomb", std::string(3000, 'x'));
  client->send(client->frames.headers(1, fields, true));
  EXPECT_EQ(client->status_of(1), 431);
  expect_honest_clients_are_served();
}

// ------------------------------------------------------------------------------------------ memory

TEST_F(Exhaustion, OfTheMemoryForBodiesIsWaitedFor) {
  gateway("body_memory: 64KiB, body_wait: 20s");
  const auto holder = gateway_->connect();
  holder->send(http1_request("POST", kSendPath, kKeyLine + "Content-Length: 60000\r\n"));
  const std::string body = message_of_size(40000);
  std::thread waiting([this, &body] {
    EXPECT_EQ(gateway_->request(Downstream::h2, send_message(body)).status(), 200);
  });
  const std::string rest = message_of_size(60000);
  holder->send(rest);
  EXPECT_EQ(holder->read_message().status(), 200);
  waiting.join();
}

TEST_F(Exhaustion, OfTheMemoryForBodiesIsA503AfterAWhile) {
  gateway("body_memory: 64KiB, body_wait: 300ms");
  const auto holder = gateway_->connect();
  holder->send(http1_request("POST", kSendPath, kKeyLine + "Content-Length: 60000\r\n") + "{");
  // The server has it when it answers a later request of the same kind.
  const Deadline deadline(kPatience);
  CurlAnswer answer;
  do {
    CurlRequest request = send_message(message_of_size(40000));
    request.fields.emplace_back("X-Request-Id: no-room");
    answer = gateway_->request(Downstream::h2, request);
  } while (answer.status() == 200 && !deadline.passed());
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.body, R"({"error":"Provider unavailable","code":"provider_error"})");
  EXPECT_EQ(answer.field("retry-after"), "1");
  EXPECT_THAT(answer.field("proxy-status"), HasSubstr("body_memory"));
  expect_told("body_memory");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/// The memory of a process that RLIMIT_DATA is about, in bytes.
rlim_t data_of(pid_t pid) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  rlim_t pages = 0;
  for (int field = 0; field < 6; ++field) statm >> pages;  // the sixth is data and stack
  return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

TEST_F(Exhaustion, OfTheSystemsMemoryEndsOneRequestAndNotTheGateway) {
  gateway("body_timeout: 10s");
  EXPECT_EQ(gateway_->request(Downstream::h1, send_message()).status(), 200);
  const pid_t pid = gateway_->process().pid();
  // Enough for the body, and not for the many values in it.
  const rlimit tight{data_of(pid) + (16 << 20), RLIM_INFINITY};
  ASSERT_EQ(prlimit(pid, RLIMIT_DATA, &tight, nullptr), 0);
  std::string body = R"({"messages":[0)";
  while (body.size() < (5 << 20) - 4) body += ",0";
  CurlRequest request = post(kBulkPath, body + "]}");
  request.fields.emplace_back("X-Request-Id: greedy");
  const CurlAnswer answer = gateway_->request(Downstream::h1, request);
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.body, R"({"error":"Send failed","code":"send_failed"})");
  EXPECT_TRUE(gateway_->process().wait_for_err("request greedy ended by a fault of the gateway"));
  EXPECT_EQ(gateway_->request(Downstream::h1, send_message()).status(), 200);
}
#endif

}  // namespace
}  // namespace trackly::test
