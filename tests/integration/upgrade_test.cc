// SIGUSR2: another process takes over, and nobody who talks to the gateway notices.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/protocol_pairs.h"
#include "tests/support/gateway.h"
#include "tests/support/metrics_page.h"
#include "tests/support/patient_service.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

using testing::HasSubstr;

/// The processes that serve one after the other, beginning with that of a gateway.
class Line {
 public:
  explicit Line(Gateway& gateway) : gateway_(gateway), processes_{gateway.process().pid()} {
    // Who outlives its parent becomes a child of ours, so that we hear how it ended.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  ~Line() {
    if (processes_.size() > 1) stop();
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  pid_t now() const { return processes_.back(); }
  /// SIGUSR2 to the one that serves. Returns when another one does.
  bool upgrade() {
    kill(now(), SIGUSR2);
    return took_over();
  }
  bool took_over() {
    const auto line =
        gateway_.process().wait_for_err(" takes over", kPatience, processes_.size() - 1);
    if (!line) return false;
    processes_.push_back(std::stoi(line->substr(line->find("process ") + 8)));
    return true;
  }
  /// The exit code of the process that served before.
  int exit_code_of_former() {
    return processes_.size() == 2 ? gateway_.process().wait_for_exit().value_or(-1)
                                  : exit_code_of(processes_[processes_.size() - 2]);
  }
  /// SIGTERM to the one that serves; its exit code.
  int stop() {
    const pid_t last = processes_.back();
    processes_.resize(1);
    kill(last, SIGTERM);
    return exit_code_of(last);
  }

 private:
  static int exit_code_of(pid_t process) {
    int status = 0;
    pid_t ended = 0;
    eventually([&] { return (ended = waitpid(process, &status, WNOHANG)) != 0; });
    return ended == process && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  Gateway& gateway_;
  std::vector<pid_t> processes_;
};

class Upgrade : public testing::TestWithParam<Downstream> {};

TEST_P(Upgrade, ServesOnTheSameAddressesByAnotherProcess) {
  const Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url()});
  Line line(gateway);
  EXPECT_EQ(gateway.request(GetParam(), send_message()).status(), 200);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(line.upgrade());
    EXPECT_EQ(line.exit_code_of_former(), 0);
    EXPECT_EQ(gateway.request(GetParam(), send_message()).status(), 200);
  }
  EXPECT_EQ(line.stop(), 0);
  EXPECT_EQ(gateway.log().size(), 3u);
}

TEST_P(Upgrade, LetsTheFormerProcessFinishWhatItHas) {
  PatientService service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .drain_timeout = "30s"});
  Line line(gateway);
  CurlAnswer answer;
  std::thread client([&] { answer = gateway.request(GetParam(), send_message()); });
  ASSERT_TRUE(service.requests().wait_for(0));
  ASSERT_TRUE(line.upgrade());
  EXPECT_EQ(gateway.request(GetParam(), {.path = "/nowhere"}).status(), 404);
  EXPECT_EQ(gateway.process().wait(Milliseconds(0)), std::nullopt);
  service.answer();
  client.join();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(line.exit_code_of_former(), 0);
}

TEST_P(Upgrade, FailsNoRequest) {
  const Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .drain_timeout = "30s"});
  Line line(gateway);
  std::atomic<bool> stop = false;
  std::atomic<int> failed = 0;
  std::atomic<int> served = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back([&] {
      while (!stop) {
        for (const CurlAnswer& answer :
             gateway.request(GetParam(), std::vector<CurlRequest>(10, send_message()))) {
          ++(answer.status() == 200 ? served : failed);
        }
      }
    });
  }
  for (int i = 0; i < 4; ++i) {
    const int before = served;
    EXPECT_TRUE(line.upgrade());
    EXPECT_EQ(line.exit_code_of_former(), 0);
    EXPECT_TRUE(eventually([&] { return served > before + 20; }));
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0);
}

INSTANTIATE_TEST_SUITE_P(, Upgrade, testing::ValuesIn(kEveryDownstream),
                         [](const auto& test) { return pair_name(test.param, Upstream::h1); });

TEST(UpgradeOfTheAdminListener, AnswersForTheNewProcess) {
  Gateway gateway({.more = std::string(kAdmin)});
  Line line(gateway);
  const std::uint16_t admin = admin_port(gateway);
  ASSERT_EQ(gateway.request(Downstream::h1, {.path = "/nowhere"}).status(), 404);
  EXPECT_EQ(scrape(admin)["requests_in_flight"], 0);
  ASSERT_TRUE(line.upgrade());
  EXPECT_EQ(curl(Downstream::h1, admin, {.path = "/readyz"}).body, "ready\n");
  EXPECT_EQ(line.exit_code_of_former(), 0);
  EXPECT_EQ(curl(Downstream::h1, admin, {.path = "/readyz"}).body, "ready\n");
}

TEST(UpgradeOfAUnixSocket, LeavesItsFileToTheNewProcess) {
  const TempDir directory;
  const std::string path = directory / "admin.sock";
  Gateway gateway({.more = "admin: {address: 'unix:" + path + "'}\n"});
  Line line(gateway);
  ASSERT_TRUE(line.upgrade());
  EXPECT_EQ(line.exit_code_of_former(), 0);
  EXPECT_EQ(run({"curl", "-s", "--unix-socket", path, "http://gateway/readyz"}).out, "ready\n");
  EXPECT_EQ(line.stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(UpgradeToABrokenConfiguration, ChangesNothing) {
  const Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url()});
  Line line(gateway);
  write_config(gateway.directory(), {.upstream = service.url(), .more = "speed: high\n"});
  kill(line.now(), SIGUSR2);
  EXPECT_TRUE(gateway.process().wait_for_err(
      "no upgrade: the new process did not get ready: it exited with 1; this one goes on"));
  EXPECT_THAT(gateway.process().err(), HasSubstr("speed"));
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);

  write_config(gateway.directory(), {.upstream = service.url()});
  ASSERT_TRUE(line.upgrade());
  EXPECT_EQ(line.exit_code_of_former(), 0);
  EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200);
}

TEST(UpgradeToAnAddressThatIsTaken, LeavesAllSocketsToTheOldProcess) {
  const TempDir directory;
  const std::string path = directory / "admin.sock";
  const std::string admin = "admin: {address: 'unix:" + path + "'}\n";
  Gateway gateway({.more = admin});
  Line line(gateway);
  const int taken = listen_on_free_port();
  std::string yaml = read_file(write_config(gateway.directory(), {.more = admin}));
  yaml.insert(yaml.find("workers:"),
              "  - address: 127.0.0.1:" + std::to_string(port_of(taken)) + "\n");
  gateway.directory().write("gateway.yaml", yaml);
  kill(line.now(), SIGUSR2);
  EXPECT_TRUE(gateway.process().wait_for_err("no upgrade: the new process did not get ready"));
  close(taken);
  EXPECT_EQ(run({"curl", "-s", "--unix-socket", path, "http://gateway/readyz"}).out, "ready\n");
  ASSERT_TRUE(line.upgrade());
  EXPECT_EQ(line.exit_code_of_former(), 0);
  EXPECT_EQ(run({"curl", "-s", "--unix-socket", path, "http://gateway/readyz"}).out, "ready\n");
}

TEST(UpgradeWithFewerListeners, ClosesThoseThatAreGone) {
  Gateway gateway({});
  Line line(gateway);
  std::string yaml = read_file(write_config(gateway.directory(), {}));
  const std::size_t second = yaml.find("  - address: 127.0.0.1:0\n    tls:");
  yaml.erase(second, yaml.find("workers:") - second);
  gateway.directory().write("gateway.yaml", yaml);
  ASSERT_TRUE(line.upgrade());
  EXPECT_EQ(line.exit_code_of_former(), 0);
  EXPECT_EQ(gateway.request(Downstream::h1, {.path = "/nowhere"}).status(), 404);
  EXPECT_LT(connect_to_port(gateway.port(Downstream::tls_h1)), 0);
}

TEST(UpgradeAndReload, AtTheSameTimeEndWithTheNewConfiguration) {
  const Service service(Upstream::h1);
  Gateway gateway({.more = std::string(kAdmin)});
  Line line(gateway);
  const std::uint16_t admin = admin_port(gateway);
  kill(line.now(), SIGUSR2);
  write_config(gateway.directory(), {.upstream = service.url(), .more = std::string(kAdmin)});
  kill(line.now(), SIGHUP);
  ASSERT_TRUE(line.took_over());
  EXPECT_TRUE(
      eventually([&] { return gateway.request(Downstream::h1, send_message()).status() == 200; }));
  EXPECT_EQ(curl(Downstream::h1, admin, {.path = "/readyz"}).body, "ready\n");
}

TEST(UpgradeWithOtherListeners, OpensThoseThatAreNew) {
  const TempDir directory;
  const std::string path = directory / "admin.sock";
  Gateway gateway({.workers = 1});
  Line line(gateway);
  write_config(gateway.directory(),
               {.workers = 3, .more = "admin: {address: 'unix:" + path + "'}\n"});
  ASSERT_TRUE(line.upgrade());
  EXPECT_THAT(run({"curl", "-s", "--unix-socket", path, "http://gateway/metrics"}).out,
              HasSubstr("trackly_gateway_workers 3\n"));
}

TEST(UpgradeWhileItStops, IsRefused) {
  PatientService service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .drain_timeout = "30s"});
  std::thread client([&] { gateway.request(Downstream::h1, send_message()); });
  ASSERT_TRUE(service.requests().wait_for(0));
  gateway.process().signal(SIGTERM);
  ASSERT_TRUE(gateway.process().wait_for_err("draining"));
  gateway.process().signal(SIGUSR2);
  EXPECT_TRUE(gateway.process().wait_for_err("no upgrade: the gateway is about to stop"));
  service.answer();
  client.join();
  EXPECT_EQ(gateway.process().wait(), 0);
}

}  // namespace
}  // namespace trackly::test
