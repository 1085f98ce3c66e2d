// The listener for operators: what it answers, to whom, and what it does not mind.

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/metrics_page.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"
#include "tests/support/temp_dir.h"

namespace trackly::test {
namespace {

GatewayConfig with_admin() { return {.more = std::string(kAdmin)}; }

CurlAnswer get(std::uint16_t port, const std::string& path) {
  return curl(Downstream::h1, port, {.path = path});
}

TEST(Admin, TellsThatTheGatewayIsAliveAndReady) {
  Gateway gateway(with_admin());
  const std::uint16_t port = admin_port(gateway);
  EXPECT_EQ(get(port, "/healthz").status(), 200);
  EXPECT_EQ(get(port, "/healthz").body, "ok\n");
  EXPECT_EQ(get(port, "/readyz").status(), 200);
  EXPECT_EQ(get(port, "/readyz").body, "ready\n");
  const CurlAnswer metrics = get(port, "/metrics");
  EXPECT_EQ(metrics.field("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(metrics.field("cache-control"), "no-store");
}

TEST(Admin, KnowsNoOtherPath) {
  Gateway gateway(with_admin());
  const std::uint16_t port = admin_port(gateway);
  for (const char* path :
       {"/", "/metrics/", "/Metrics", "//metrics", "/metrics%00", "/%6detrics", kSendPath.data()}) {
    EXPECT_EQ(get(port, path).status(), 404) << path;
  }
  EXPECT_EQ(get(port, "/metrics?name=workers").status(), 200);
}

TEST(Admin, AnswersHeadWithoutABody) {
  Gateway gateway(with_admin());
  const auto wire = Wire::connect(admin_port(gateway));
  ASSERT_TRUE(
      wire->send("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                 "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"));
  const HttpMessage head = wire->read_message("HEAD");
  EXPECT_EQ(head.status(), 200);
  EXPECT_EQ(head.field("content-length"), "3");
  EXPECT_EQ(wire->read_message().body, "ready\n");
}

TEST(Admin, SaysWhichMethodsAPageHas) {
  Gateway gateway(with_admin());
  const std::uint16_t port = admin_port(gateway);
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    const CurlAnswer answer = curl(Downstream::h1, port, {.method = method, .path = "/metrics"});
    EXPECT_EQ(answer.status(), 405) << method;
    EXPECT_EQ(answer.field("allow"), "GET, HEAD") << method;
  }
  for (const char* method : {"BREW", "TRACE", "get"}) {
    EXPECT_GE(curl(Downstream::h1, port, {.method = method, .path = "/metrics"}).status(), 400)
        << method;
  }
}

TEST(Admin, IsNotThereUnlessConfigured) {
  Gateway gateway({});
  EXPECT_EQ(gateway.process().err().find("administration"), std::string::npos);
}

TEST(Admin, ItsPathsAreNothingToClients) {
  Gateway gateway(with_admin());
  for (const char* path : {"/metrics", "/healthz", "/readyz"}) {
    const CurlAnswer answer = gateway.request(Downstream::h1, {.path = path});
    EXPECT_EQ(answer.status(), 404) << path;
    EXPECT_EQ(answer.body, R"({"error":"Resource not found","code":"not_found"})") << path;
  }
}

TEST(Admin, ItsRequestsAreNoneOfTheClients) {
  Gateway gateway(with_admin());
  const std::uint16_t port = admin_port(gateway);
  for (int i = 0; i < 3; ++i) scrape(port);
  const MetricsPage page = scrape(port);
  EXPECT_EQ(page.sum_of("requests_total"), 0);
  EXPECT_EQ(page["connections_total"], 0);
  EXPECT_TRUE(gateway.log().empty());
}

TEST(Admin, ListensOnAUnixSocket) {
  const TempDir directory;
  const std::string path = directory / "admin.sock";
  {
    const Gateway gateway({.more = "admin: {address: 'unix:" + path + "'}\n"});
    const CurlAnswer answer =
        curl(Downstream::h1, 1, {.path = "/healthz", .options = {"--unix-socket", path}});
    EXPECT_EQ(answer.body, "ok\n") << answer.error;
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              perms::owner_read | perms::owner_write | perms::group_read | perms::group_write);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Admin, AnAddressThatIsTakenEndsTheStart) {
  Gateway first(with_admin());
  const TempDir directory;
  const std::string config = write_config(
      directory,
      {.more = "admin: {address: '127.0.0.1:" + std::to_string(admin_port(first)) + "'}\n"});
  const CommandResult second = run({gateway_program(), "run", "--config", config});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_NE(second.err.find("cannot listen on 127.0.0.1:"), std::string::npos) << second.err;
}

TEST(Admin, SurvivesWhatNobodyShouldSend) {
  Gateway gateway(with_admin());
  const std::uint16_t port = admin_port(gateway);
  std::string noise;
  for (unsigned i = 0; i < 100'000; ++i) noise += static_cast<char>(i * i % 251);
  const std::string long_field = "GET /metrics HTTP/1.1\r\nX: " + std::string(100'000, 'x');
  for (const std::string& bytes :
       {noise, "\x16\x03\x01" + noise, long_field, std::string(100'000, '\n'),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), std::string("GET\r\n\r\n"),
        std::string("GET http://[/metrics HTTP/1.1\r\n\r\n"),
        std::string("GET * HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string("GET /metrics HTTP/9.9\r\n\r\n"),
        std::string("GET /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
        std::string("GET /metrics HTTP/1.1\r\nContent-Length: 9999999999\r\n\r\n"),
        std::string("GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        "GET /metrics HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + noise}) {
    const auto wire = Wire::connect(port);
    wire->send(bytes);
    wire->finish_sending();
    wire->read_to_end();
  }
  EXPECT_EQ(get(port, "/healthz").body, "ok\n");
}

TEST(Admin, IsNotHeldUpByThoseWhoSayNothing) {
  Gateway gateway(with_admin());
  const std::uint16_t port = admin_port(gateway);
  std::vector<std::unique_ptr<Wire>> silent;
  for (int i = 0; i < 200; ++i) {
    silent.push_back(Wire::connect(port));
    silent.back()->send(i % 2 == 0 ? "" : "GET /metrics HT");
  }
  EXPECT_EQ(get(port, "/healthz").body, "ok\n");
}

TEST(Admin, AnswersAgainAfterThereWereNoDescriptorsLeft) {
  const TempDir directory;
  Process gateway({"sh", "-c", "ulimit -n 64 && exec \"$0\" run --config \"$1\"", gateway_program(),
                   write_config(directory, with_admin())});
  const std::uint16_t port = admin_port(gateway);
  std::vector<std::unique_ptr<Wire>> silent;
  for (int i = 0; i < 100; ++i) silent.push_back(Wire::connect(port));
  silent.clear();
  EXPECT_EQ(get(port, "/healthz").body, "ok\n");
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait(), 0) << gateway.err();
}

TEST(Admin, StaysUntilTheLastRequestHasDrained) {
  std::atomic<bool> released = false;
  FakeService service([&](FakeService& self, Wire& wire) {
    self.receive(wire);
    const Deadline deadline(kPatience);
    while (!released && !deadline.passed()) std::this_thread::sleep_for(Milliseconds(2));
    wire.send(http1_answer(200, kAccepted));
  });
  Gateway gateway({.upstream = service.url(), .drain_timeout = "1m", .more = std::string(kAdmin)});
  const std::uint16_t port = admin_port(gateway);
  std::thread client(
      [&] { EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200); });
  ASSERT_TRUE(service.requests().wait_for(0));

  gateway.process().signal(SIGTERM);
  ASSERT_TRUE(gateway.process().wait_for_err("draining"));
  EXPECT_EQ(get(port, "/readyz").status(), 503);
  EXPECT_EQ(get(port, "/readyz").body, "draining\n");
  EXPECT_EQ(get(port, "/healthz").status(), 200);
  EXPECT_EQ(scrape(port)["requests_in_flight"], 1);

  released = true;
  client.join();
  EXPECT_EQ(gateway.process().wait(), 0);
}

}  // namespace
}  // namespace trackly::test
