// Start, back-pressure under way, and the end that cuts nothing.

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <future>
#include <iterator>
#include <optional>
#include <string>
#include <thread>

#include "tests/integration/protocol_pairs.h"
#include "tests/support/gateway.h"
#include "tests/support/metrics_page.h"
#include "tests/support/patient_service.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

class Drain : public testing::TestWithParam<Downstream> {};

TEST_P(Drain, FinishesWhatIsInFlightAndExitsWith0) {
  PatientService service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .drain_timeout = "30s"});
  CurlAnswer answer;
  std::thread client([&] { answer = gateway.request(GetParam(), send_message()); });
  ASSERT_TRUE(service.requests().wait_for(0));

  gateway.process().signal(SIGTERM);
  // The listener goes first; what is in flight stays.
  const Deadline deadline(kPatience);
  int fd = 0;
  while ((fd = connect_to_port(gateway.port())) >= 0 && !deadline.passed()) close(fd);
  EXPECT_LT(fd, 0) << "still accepts connections";
  EXPECT_EQ(gateway.process().wait(Milliseconds(0)), std::nullopt);

  service.answer();
  client.join();
  EXPECT_EQ(answer.exit_code, 0) << answer.error;
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, kAccepted);
  EXPECT_EQ(gateway.process().wait(), 0);
  EXPECT_EQ(gateway.log().size(), 1u);
}

TEST_P(Drain, TakesNewConnectionsForAWhileWhenItIsNotReadyAnyMore) {
  const Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .more = "drain_delay: 1h\n" + std::string(kAdmin)});
  const std::uint16_t admin = admin_port(gateway);
  gateway.process().signal(SIGTERM);
  ASSERT_TRUE(gateway.process().wait_for_err("not ready any more"));
  EXPECT_EQ(curl(Downstream::h1, admin, {.path = "/readyz"}).status(), 503);
  EXPECT_EQ(curl(Downstream::h1, admin, {.path = "/healthz"}).status(), 200);
  const CurlAnswer answer = gateway.request(GetParam(), send_message());
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.field("connection"), "");
  // Who is in a hurry says so once more.
  EXPECT_EQ(gateway.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(, Drain, testing::ValuesIn(kEveryDownstream),
                         [](const auto& test) { return pair_name(test.param, Upstream::h1); });

TEST(DrainH1, EndsByItselfWhenTheDelayIsOver) {
  Gateway gateway({.more = "drain_delay: 50ms\n"});
  EXPECT_EQ(gateway.stop(), 0);
}

/// A client that takes its time, and talks while it does, as those of HTTP/2 do: what a process
/// that has gone leaves in the kernel is lost with the first word that comes for it.
TEST(DrainH1, WaitsUntilASlowClientHasItsWholeAnswer) {
  const std::string much(3u << 20, 'x');
  const Service service(Upstream::h1, always({.body = much}));
  Gateway gateway({.upstream = service.url(), .drain_timeout = "30s"});
  const auto client = gateway.connect();
  client->send(http1_request("GET", kContactsPath, key_field() + "\r\n"));
  HttpMessage answer = client->read_head();
  gateway.process().signal(SIGTERM);
  ASSERT_TRUE(gateway.process().wait_for_err("draining"));
  EXPECT_EQ(gateway.process().wait(Milliseconds(300)), std::nullopt);
  client->send("x");
  client->read_rest(answer);
  EXPECT_EQ(answer.body.size(), much.size());
  EXPECT_EQ(gateway.process().wait(), 0);
}

TEST(DrainH1, LetsIdleConnectionsGoAtOnce) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .drain_timeout = "30s"});
  const auto client = gateway.connect();
  client->send(http1_request("GET", kContactsPath, key_field() + "\r\n"));
  EXPECT_EQ(client->read_message().status(), 200);
  EXPECT_EQ(gateway.stop(), 0);
  EXPECT_EQ(client->read_to_end(), "");
}

TEST(DrainH1, DoesNotWaitForAClientThatNeverSpoke) {
  Gateway gateway({.limits = "header_timeout: 10m", .drain_timeout = "30s"});
  const auto client = gateway.connect();
  EXPECT_EQ(gateway.stop(), 0);
}

TEST(DrainH1, TellsAKeptConnectionToClose) {
  PatientService service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .workers = 1, .drain_timeout = "30s"});
  const auto idle = gateway.connect();
  const auto client = gateway.connect();
  client->send(http1_request("GET", kContactsPath, key_field() + "\r\n"));
  ASSERT_TRUE(service.requests().wait_for(0));
  gateway.process().signal(SIGTERM);
  idle->wait_for_end();  // the worker has begun to drain
  service.answer();
  const HttpMessage answer = client->read_message();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(gateway.process().wait(), 0);
}

TEST(DrainH1, IsCleanHoweverOftenItIsAskedFor) {
  Gateway gateway({});
  std::optional<int> code;
  gateway.process().signal(SIGTERM);
  while (!(code = gateway.process().wait(Milliseconds(0)))) gateway.process().signal(SIGTERM);
  EXPECT_EQ(code, 0);
}

TEST(DrainH1, IsNotCleanWhenTheTimeIsUp) {
  Service service(Upstream::h1, always({.kind = Reaction::Kind::hang}));
  Gateway gateway({.upstream = service.url(), .drain_timeout = "200ms"});
  const auto client = gateway.connect();
  client->send(http1_request("GET", kContactsPath, key_field() + "\r\n"));
  ASSERT_TRUE(service.requests().wait_for(0));
  EXPECT_EQ(gateway.stop(), 1);
}

std::size_t open_files(pid_t process) {
  const std::filesystem::directory_iterator files("/proc/" + std::to_string(process) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST(ClientThatLeaves, WithoutAWordIsForgottenAtOnce) {
  Gateway gateway({.limits = "header_timeout: 10m"});
  const std::size_t before = open_files(gateway.process().pid());
  for (int i = 0; i < 20; ++i) gateway.connect()->close();
  // An answer says that the gateway has had its turn since.
  EXPECT_EQ(gateway.request(Downstream::h1, {.path = "/nowhere"}).status(), 404);
  const Deadline deadline(kPatience);
  while (open_files(gateway.process().pid()) > before && !deadline.passed()) {
    std::this_thread::yield();
  }
  EXPECT_LE(open_files(gateway.process().pid()), before);
}

TEST(Start, OnATakenPortIsAProblem) {
  const int taken = listen_on_free_port();
  const TempDir directory;
  std::string yaml = read_file(write_config(directory, {}));
  yaml.replace(yaml.find("127.0.0.1:0"), 11, "127.0.0.1:" + std::to_string(port_of(taken)));
  const CommandResult result =
      run({gateway_program(), "run", "--config", directory.write("taken.yaml", yaml)});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_NE(result.err.find(std::to_string(port_of(taken))), std::string::npos) << result.err;
  close(taken);
}

TEST(Start, WithFewerDescriptorsThanItAllowsConnectionsIsToldOnce) {
  const TempDir directory;
  const std::string config = write_config(
      directory,
      {.upstream_options = "max_connections: 100", .workers = 2, .limits = "connections: 1000"});
  const auto start = [&config](const std::string& descriptors) {
    auto gateway = std::make_unique<Process>(std::vector<std::string>{
        "sh", "-c", "ulimit -n " + descriptors + " && exec \"$0\" run --config \"$1\"",
        gateway_program(), config});
    EXPECT_TRUE(gateway->wait_for_err("ready:")) << gateway->err();
    return gateway;
  };
  const auto few = start("1295");
  EXPECT_NE(few->err().find("1295 files may be open at one time, but up to 1296 may be needed: "
                            "1000 connections of clients (limits.connections), 200 to upstreams "
                            "(max_connections, 2 workers), 96 for the rest"),
            std::string::npos)
      << few->err();
  const auto enough = start("1296");
  EXPECT_EQ(enough->err().find("may be open"), std::string::npos) << enough->err();
}

// ------------------------------------------------------------------------------- back-pressure

constexpr std::size_t kMuch = 256u << 20;
/// More than kernel buffers on the way and the gateway's own hold together.
constexpr std::size_t kBuffered = 64u << 20;

/// Sends kMuch bytes and says on the way how many had gone when nobody took more.
void send_much(Wire& wire, std::promise<std::size_t>& held) {
  const std::string piece(64 * 1024, 'x');
  std::size_t sent = 0;
  bool was_held = false;
  while (sent < kMuch) {
    const std::string_view next = std::string_view(piece).substr(0, kMuch - sent);
    const std::size_t taken =
        wire.send_some(next, was_held ? Milliseconds(kPatience) : Milliseconds(500));
    sent += taken;
    if (taken > 0) continue;
    if (was_held) return;
    was_held = true;
    held.set_value(sent);
  }
  if (!was_held) held.set_value(sent);
}

/// Reads until kMuch bytes came; returns how many did.
std::size_t receive_much(Wire& wire) {
  std::size_t received = 0;
  while (received < kMuch) {
    const std::string piece = wire.read_some(kPatience);
    if (piece.empty()) break;
    received += piece.size();
  }
  return received;
}

TEST(BackPressureH1H1, HoldsAServiceWhoseClientDoesNotRead) {
  std::promise<std::size_t> held;
  FakeService service([&](FakeService& self, Wire& wire) {
    self.receive(wire);
    wire.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kMuch) + "\r\n\r\n");
    send_much(wire, held);
  });
  Gateway gateway({.upstream = service.url()});
  const auto client = gateway.connect();
  client->send(http1_request("GET", kContactsPath, key_field() + "\r\n"));
  EXPECT_LT(held.get_future().get(), kBuffered);
  client->read_until("\r\n\r\n");
  EXPECT_EQ(receive_much(*client), kMuch);
}

TEST(BackPressureH1H1, HoldsAClientWhoseServiceDoesNotRead) {
  std::promise<std::size_t> held;
  std::future<std::size_t> sent_when_held = held.get_future();
  std::atomic<std::size_t> received = 0;
  FakeService service([&](FakeService&, Wire& wire) {
    wire.read_until("\r\n\r\n");
    EXPECT_LT(sent_when_held.get(), kBuffered);
    received = receive_much(wire);
    wire.send(http1_answer(200, kAccepted));
  });
  Gateway gateway({.upstream = service.url(),
                   .payload_limit = "max_bytes: 1GiB",
                   .more = "unknown_paths: forward\n"});
  const auto client = gateway.connect();
  client->send(
      http1_request("POST", "/api/v9/upload",
                    key_field() + "\r\nContent-Length: " + std::to_string(kMuch) + "\r\n"));
  send_much(*client, held);
  EXPECT_EQ(client->read_message().status(), 200);
  EXPECT_EQ(received.load(), kMuch);
}

TEST(BackPressureH1H1, DoesNotHoldAClientThatReadsItsEarlyAnswerOnlyAfterItsRequest) {
  const std::string much(kBuffered, 'x');
  FakeService service([&](FakeService&, Wire& wire) {
    wire.read_until("\r\n\r\n");
    wire.send(http1_answer(200, "early"));
    wire.wait_for_end();
  });
  Gateway gateway({.upstream = service.url(),
                   .payload_limit = "max_bytes: 1GiB",
                   .more = "unknown_paths: forward\n"});
  const auto client = gateway.connect();
  const std::string length = "Content-Length: " + std::to_string(kBuffered) + "\r\n";
  client->send(http1_request("POST", "/api/v9/upload", key_field() + "\r\n" + length));
  EXPECT_TRUE(client->send(much));
  EXPECT_EQ(client->read_message().body, "early");
}

}  // namespace
}  // namespace trackly::test
