// Another configuration, while the gateway serves.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>

#include "tests/integration/protocol_pairs.h"
#include "tests/support/gateway.h"
#include "tests/support/metrics_page.h"
#include "tests/support/patient_service.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"
#include "tests/support/tls_certificate.h"

namespace trackly::test {
namespace {

using testing::HasSubstr;

Reaction signed_by(const std::string& name) {
  return {.fields = {{"content-type", "application/json"}, {"x-served-by", name}}};
}

class Reload : public testing::TestWithParam<Downstream> {
 protected:
  CurlAnswer send(const Gateway& gateway) { return gateway.request(GetParam(), send_message()); }
  std::string served_by(const Gateway& gateway) { return send(gateway).field("x-served-by"); }
};

TEST_P(Reload, ServesByTheNewConfiguration) {
  const Service old_service(Upstream::h1, always(signed_by("old")));
  const Service new_service(Upstream::h2, always(signed_by("new")));
  Gateway gateway({.upstream = old_service.url()});
  EXPECT_EQ(served_by(gateway), "old");
  ASSERT_TRUE(gateway.reload({.upstream = new_service.url(), .payload_limit = "max_bytes: 10"}));
  EXPECT_EQ(send(gateway).status(), 413);
  ASSERT_TRUE(gateway.reload({.upstream = new_service.url()}));
  EXPECT_EQ(served_by(gateway), "new");
}

TEST_P(Reload, LetsARequestEndByTheConfigurationThatItBeganWith) {
  PatientService old_service(Upstream::h1, signed_by("patient"));
  const Service new_service(Upstream::h1, always(signed_by("new")));
  Gateway gateway({.upstream = old_service.url(), .workers = 1});
  CurlAnswer answer;
  std::thread client([&] { answer = send(gateway); });
  ASSERT_TRUE(old_service.requests().wait_for(0));
  ASSERT_TRUE(gateway.reload({.upstream = new_service.url(), .workers = 1}));
  EXPECT_EQ(served_by(gateway), "new");
  old_service.answer();
  client.join();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.field("x-served-by"), "patient");
}

TEST_P(Reload, ThatFindsAProblemChangesNothing) {
  const Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url()});
  EXPECT_FALSE(gateway.reload(
      {.upstream = service.url(), .payload_limit = "max_bytes: many", .more = "speed: high\n"}));
  EXPECT_THAT(gateway.process().err(), HasSubstr("not reloaded: "));
  EXPECT_THAT(gateway.process().err(), HasSubstr("max_bytes"));
  EXPECT_THAT(gateway.process().err(), HasSubstr("speed"));
  EXPECT_THAT(gateway.process().err(),
              HasSubstr("nothing is reloaded; generation 1 stays in force"));
  EXPECT_EQ(send(gateway).status(), 200);
  EXPECT_TRUE(gateway.reload({.upstream = service.url()}));
}

TEST_P(Reload, EndsAKeyThatIsNoLongerInTheFile) {
  const Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url()});
  EXPECT_EQ(send(gateway).status(), 200);
  gateway.directory().write("keys.yaml", "accounts: {}\nkeys: []\n");
  ASSERT_TRUE(gateway.reload());
  EXPECT_EQ(send(gateway).status(), 401);
}

TEST_P(Reload, KeepsWhatATokenBucketHasGiven) {
  const Service service(Upstream::h1);
  const std::string limit = "{rules: [{name: few, key: api_key, rate: 1/h, burst: 2}]}";
  Gateway gateway({.upstream = service.url(), .rate_limit = limit});
  EXPECT_EQ(send(gateway).status(), 200);
  ASSERT_TRUE(gateway.reload(
      {.upstream = service.url(), .rate_limit = limit, .limits = "idle_timeout: 60s"}));
  EXPECT_EQ(send(gateway).status(), 200);
  EXPECT_EQ(send(gateway).status(), 429);
}

INSTANTIATE_TEST_SUITE_P(, Reload, testing::ValuesIn(kEveryDownstream),
                         [](const auto& test) { return pair_name(test.param, Upstream::h1); });

// ------------------------------------------------------------------------ what outlives a reload

TEST(ReloadOfUpstreams, KeepsTheConnectionsOfAnUnchangedOne) {
  const Service service(Upstream::h1);
  const GatewayConfig config{.upstream = service.url(), .workers = 1};
  Gateway gateway(config);
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(gateway.reload(config));
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
  EXPECT_EQ(service.connections(), 1);
}

TEST(ReloadOfUpstreams, ClosesTheConnectionsOfOneThatIsGone) {
  std::atomic<bool> closed = false;
  FakeService service([&](FakeService& self, Wire& wire) {
    self.receive(wire);
    wire.send(http1_answer(200, kAccepted));
    wire.wait_for_end();
    closed = true;
  });
  const Service other(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .workers = 1});
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
  ASSERT_TRUE(gateway.reload({.upstream = other.url(), .workers = 1}));
  const Deadline deadline(kPatience);
  while (!closed && !deadline.passed()) std::this_thread::yield();
  EXPECT_TRUE(closed);
}

TEST(ReloadOfUpstreams, KeepsTheBreakerOpenAlsoWhereATimeLimitChanges) {
  const std::string breaker = "circuit_breaker: {consecutive_failures: 1, open_for: 1h}";
  Gateway gateway({.upstream_options = breaker});
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 503);
  const Service service(Upstream::h1);
  ASSERT_TRUE(gateway.reload({.upstream = service.url(),
                              .upstream_options = breaker,
                              .timeouts = "connect: 2s, response: 9s"}));
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 503);
  EXPECT_EQ(service.connections(), 0);
  ASSERT_TRUE(gateway.reload({.upstream = service.url()}));
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
}

TEST(ReloadOfConnections, ClosesNoneOfAClient) {
  const Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url()});
  const auto client = gateway.connect();
  for (int i = 0; i < 5; ++i) {
    client->send(http1_request("GET", kContactsPath, key_field() + "\r\n"));
    EXPECT_EQ(client->read_message().status(), 200);
    ASSERT_TRUE(gateway.reload(
        {.upstream = service.url(), .timeouts = "response: " + std::to_string(20 + i) + "s"}));
  }
}

TEST(ReloadOfMetrics, TakesBackNothingThatWasCounted) {
  const Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .more = std::string(kAdmin)});
  const auto counted = [&] {
    return scrape(admin_port(gateway))[R"(requests_total{route="/api/v2/send",method="POST",)"
                                       R"(status="200"})"];
  };
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
  // Another upstream's name: the counters have to be made anew.
  const GatewayConfig other{
      .upstream = service.url(),
      .more_upstreams = "  other: {endpoints: ['" + service.url() + "'], paths: [/api/v1]}\n",
      .more = std::string(kAdmin)};
  ASSERT_TRUE(gateway.reload(other));
  EXPECT_EQ(counted(), 1);
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
  EXPECT_EQ(counted(), 2);
  ASSERT_TRUE(gateway.reload({.upstream = service.url(), .more = std::string(kAdmin)}));
  EXPECT_EQ(counted(), 2);
  const MetricsPage page = scrape(admin_port(gateway));
  EXPECT_EQ(page["config_generation"], 3);
  EXPECT_EQ(page[R"(config_reloads_total{result="succeeded"})"], 2);
  EXPECT_EQ(page["config_last_reload_successful"], 1);
}

// ------------------------------------------------------------------------------------ listeners

/// The configuration with one more listener, cleartext, at that address.
void add_listener(const Gateway& gateway, const GatewayConfig& config, const std::string& address) {
  std::string yaml = read_file(write_config(gateway.directory(), config));
  yaml.insert(yaml.find("  - address"), "  - address: '" + address + "'\n");
  gateway.directory().write("gateway.yaml", yaml);
}

TEST(ReloadOfListeners, OpensNewOnesAndClosesThoseThatAreGone) {
  const Service service(Upstream::h1);
  const GatewayConfig config{.upstream = service.url()};
  Gateway gateway(config);
  const std::string path = gateway.directory().path().string() + "/more.sock";
  add_listener(gateway, config, "unix:" + path);
  ASSERT_TRUE(gateway.reload());
  const auto through_socket = [&] {
    return run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", path, "-H",
                key_field(), "http://localhost" + std::string(kContactsPath)})
        .out;
  };
  EXPECT_EQ(through_socket(), "200");
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
  ASSERT_TRUE(gateway.reload(config));
  EXPECT_EQ(through_socket(), "000");
  EXPECT_EQ(gateway.request(Downstream::tls_h2, send_message()).status(), 200);
}

TEST(ReloadOfListeners, IsRefusedAsAWholeWhereAnAddressIsTaken) {
  const Service service(Upstream::h1);
  const GatewayConfig config{.upstream = service.url()};
  Gateway gateway(config);
  const int taken = listen_on_free_port();
  add_listener(gateway, {.upstream = service.url(), .payload_limit = "max_bytes: 1"},
               "127.0.0.1:" + std::to_string(port_of(taken)));
  EXPECT_FALSE(gateway.reload());
  EXPECT_THAT(gateway.process().err(), HasSubstr("not reloaded: cannot listen on"));
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
  close(taken);
}

TEST(ReloadOfListeners, IsRefusedWhereTheNumberOfWorkersDiffers) {
  const Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .workers = 1});
  EXPECT_FALSE(gateway.reload({.upstream = service.url(), .workers = 2}));
  EXPECT_THAT(
      gateway.process().err(),
      HasSubstr("not reloaded: `workers` has changed, which takes another process (SIGUSR2)"));
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
}

TEST(ReloadOfTheLog, OpensItsFileAgain) {
  const Service service(Upstream::h1);
  const TempDir logs;
  const std::string path = logs.path().string() + "/access.log";
  const GatewayConfig config{.upstream = service.url(),
                             .more = "access_log: {path: " + path + "}\n"};
  Gateway gateway(config);
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
  std::filesystem::rename(path, path + ".1");
  ASSERT_TRUE(gateway.reload(config));
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
  EXPECT_EQ(gateway.stop(), 0);
  EXPECT_THAT(read_file(path + ".1"), HasSubstr("\"status\":200"));
  EXPECT_THAT(read_file(path), HasSubstr("\"status\":200"));
}

TEST(ReloadOfTheLog, WritesToAnotherFile) {
  const Service service(Upstream::h1);
  const TempDir logs;
  Gateway gateway({.upstream = service.url()});
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
  const std::string path = logs.path().string() + "/access.log";
  ASSERT_TRUE(
      gateway.reload({.upstream = service.url(), .more = "access_log: {path: " + path + "}\n"}));
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
  EXPECT_EQ(gateway.stop(), 0);
  EXPECT_EQ(gateway.log().size(), 1U);
  EXPECT_THAT(read_file(path), HasSubstr("\"status\":200"));
}

// ----------------------------------------------------------------------------- again and again

TEST(ReloadUnderLoad, FailsNoRequest) {
  const Service service(Upstream::h1);
  const Service other(Upstream::h2);
  Gateway gateway({.upstream = service.url()});
  std::atomic<bool> stop = false;
  std::atomic<int> failed = 0;
  std::atomic<int> served = 0;
  std::vector<std::thread> clients;
  for (const Downstream downstream : {Downstream::h1, Downstream::tls_h2}) {
    clients.emplace_back([&, downstream] {
      while (!stop) {
        for (const CurlAnswer& answer :
             gateway.request(downstream, std::vector<CurlRequest>(20, send_message()))) {
          ++(answer.status() == 200 ? served : failed);
        }
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(gateway.reload({.upstream = i % 2 == 0 ? other.url() : service.url()}));
    EXPECT_FALSE(gateway.reload({.upstream = "nowhere"}));
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(served, 0);
}

}  // namespace
}  // namespace trackly::test
