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
  for (const char* path : {"/status/", "/metrics/", "/Metrics", "//metrics", "/metrics%00",
                           "/%6detrics", kSendPath.data()}) {
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
  for (const char* path : {"/metrics", "/healthz", "/readyz", "/status", "/"}) {
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

// ----------------------------------------------------------------------------------------- /reload

CurlAnswer post_reload(Gateway& gateway) {
  return curl(Downstream::h1, admin_port(gateway), {.method = "POST", .path = "/reload"});
}

TEST(AdminReload, PutsTheConfigurationInForceThatIsThereNow) {
  const Service service(Upstream::h1);
  Gateway gateway(with_admin());
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 503);
  write_config(gateway.directory(), {.upstream = service.url(), .more = std::string(kAdmin)});
  const CurlAnswer answer = post_reload(gateway);
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, "reloaded: generation 2\n");
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
}

TEST(AdminReload, SaysWhyItChangedNothing) {
  Gateway gateway(with_admin());
  write_config(gateway.directory(),
               {.payload_limit = "max_bytes: many", .more = std::string(kAdmin) + "speed: high\n"});
  const CurlAnswer answer = post_reload(gateway);
  EXPECT_EQ(answer.status(), 500);
  EXPECT_TRUE(answer.body.starts_with("nothing is reloaded; generation 1 stays in force\n"));
  EXPECT_NE(answer.body.find("max_bytes"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("speed"), std::string::npos) << answer.body;
}

TEST(AdminReload, IsNotForWebPagesNorForGet) {
  Gateway gateway(with_admin());
  const std::uint16_t port = admin_port(gateway);
  EXPECT_EQ(get(port, "/reload").status(), 405);
  EXPECT_EQ(get(port, "/reload").field("allow"), "POST");
  const CurlRequest of_a_page{
      .method = "POST", .path = "/reload", .fields = {"Origin: http://elsewhere"}};
  EXPECT_EQ(curl(Downstream::h1, port, of_a_page).status(), 403);
  EXPECT_EQ(LogLine(get(port, "/status").body)["/configuration/reloads"], "0");
}

TEST(AdminReload, AnswersEverybodyWhoAsksAtTheSameTime) {
  Gateway gateway(with_admin());
  std::vector<std::thread> clients;
  std::atomic<int> reloaded = 0;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] { reloaded += post_reload(gateway).status() == 200 ? 1 : 0; });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(reloaded, 8);
}

TEST(AdminReload, DoesNotMindAClientThatLeavesBeforeTheAnswer) {
  Gateway gateway(with_admin());
  const std::uint16_t port = admin_port(gateway);
  for (int i = 0; i < 10; ++i) {
    const auto client = Wire::connect(port);
    client->send("POST /reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    client->reset();
  }
  EXPECT_EQ(post_reload(gateway).status(), 200);
  EXPECT_EQ(get(port, "/readyz").status(), 200);
}

// ----------------------------------------------------------------------------------------- /status

/// What /status says; values by JSON Pointer.
LogLine status(Gateway& gateway) {
  const CurlAnswer answer = get(admin_port(gateway), "/status");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.field("content-type"), "application/json");
  return LogLine(answer.body);
}

TEST(Status, TellsWhatIsInForce) {
  const Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(),
                   .upstream_options = "circuit_breaker: {}",
                   .more = std::string(kAdmin)});
  const LogLine page = status(gateway);
  EXPECT_EQ(page["/state"], "ready");
  EXPECT_EQ(page["/configuration/generation"], "1");
  EXPECT_FALSE(page.has("/configuration/last_reload"));
  EXPECT_EQ(page["/listeners/0/address"], "127.0.0.1:" + std::to_string(gateway.port()));
  EXPECT_EQ(page["/listeners/0/tls"], "false");
  EXPECT_EQ(page["/listeners/1/tls"], "true");
  EXPECT_EQ(page["/workers/1/requests_in_flight"], "0");
  EXPECT_FALSE(page.has("/workers/2"));
  EXPECT_EQ(page["/upstreams/0/name"], "default");
  EXPECT_EQ(page["/upstreams/0/circuit_breaker/open"], "false");
  EXPECT_EQ(page["/upstreams/0/targets/0/target"], service.url());
  EXPECT_EQ(page["/upstreams/0/targets/0/passes_checks"], "true");
  EXPECT_FALSE(page.has("/redis"));
  EXPECT_EQ(page["/body_memory/bytes"], "0");
  EXPECT_EQ(page["/access_log/lost_lines"], "0");
  EXPECT_EQ(page["/top_refusals"], "[]");
}

TEST(Status, TellsWhatBecameOfAReload) {
  Gateway gateway(with_admin());
  ASSERT_TRUE(gateway.reload());
  const LogLine after = status(gateway);
  EXPECT_EQ(after["/configuration/generation"], "2");
  EXPECT_EQ(after["/configuration/last_reload/succeeded"], "true");
  EXPECT_EQ(after["/configuration/last_reload/problems"], "[]");

  GatewayConfig bad = with_admin();
  bad.more += "no_such_key: <1>\n";
  EXPECT_FALSE(gateway.reload(bad));
  const LogLine page = status(gateway);
  EXPECT_EQ(page["/configuration/generation"], "2");
  EXPECT_EQ(page["/configuration/failed_reloads"], "1");
  EXPECT_EQ(page["/configuration/last_reload/succeeded"], "false");
  EXPECT_NE(page["/configuration/last_reload/problems/0"].find("no_such_key"), std::string::npos);
  const std::string front = get(admin_port(gateway), "/").body;
  EXPECT_NE(front.find("no_such_key"), std::string::npos) << front;
  EXPECT_EQ(front.find("<1>"), std::string::npos);
}

TEST(Status, TellsWhoIsRefusedMost) {
  const Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(),
                   .rate_limit = "{rules: [{name: few, key: api_key, rate: 1/h, burst: 1}]}",
                   .more = std::string(kAdmin)});
  for (int i = 0; i < 3; ++i) gateway.request(Downstream::h1, send_message());
  gateway.request(Downstream::h1, {.path = "/nowhere"});
  ASSERT_TRUE(eventually([&] { return status(gateway).has("/top_refusals/1"); }));
  const LogLine page = status(gateway);
  EXPECT_EQ(page["/top_refusals/0/route"], "/api/v2/send");
  EXPECT_EQ(page["/top_refusals/0/method"], "POST");
  EXPECT_EQ(page["/top_refusals/0/filter"], "rate_limit");
  EXPECT_EQ(page["/top_refusals/0/code"], "rate_limited");
  EXPECT_EQ(page["/top_refusals/0/count"], "2");
  EXPECT_EQ(page["/top_refusals/1/code"], "not_found");
  EXPECT_EQ(page["/limiter_decisions/local"], "3");
}

TEST(Status, TellsThatTheServiceIsNotAsked) {
  Gateway gateway({.upstream = "unix:/nowhere.sock",
                   .upstream_options = "circuit_breaker: {consecutive_failures: 1, open_for: 1h}",
                   .more = std::string(kAdmin)});
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 503);
  const LogLine page = status(gateway);
  EXPECT_EQ(page["/upstreams/0/circuit_breaker/open"], "true");
  EXPECT_EQ(page["/upstreams/0/circuit_breaker/openings"], "1");
}

TEST(Status, HasAPageForPeople) {
  Gateway gateway(with_admin());
  const CurlAnswer page = get(admin_port(gateway), "/");
  EXPECT_EQ(page.field("content-type"), "text/html; charset=utf-8");
  EXPECT_NE(page.body.find("It is ready"), std::string::npos) << page.body;
  for (const char* link : {"/status", "/metrics", "/healthz", "/readyz"}) {
    EXPECT_NE(page.body.find("href=\"" + std::string(link) + '"'), std::string::npos) << link;
    EXPECT_EQ(get(admin_port(gateway), link).status(), 200) << link;
  }
}

}  // namespace
}  // namespace trackly::test
