// Under systemd: sockets that it listens on, and what it is told.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include "tests/support/fake_service_manager.h"
#include "tests/support/gateway.h"
#include "tests/support/metrics_page.h"
#include "tests/support/patient_service.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// ------------------------------------------------------------------------- what systemd is told

TEST(ServiceManager, HearsThatTheGatewayIsReadyAndThatItStops) {
  FakeServiceManager systemd;
  Gateway gateway({.environment = {systemd.environment()}});
  EXPECT_EQ(systemd.next("READY"), "1");
  EXPECT_EQ(systemd.also("STATUS"), "serving by configuration 1");
  gateway.process().signal(SIGTERM);
  EXPECT_EQ(systemd.next("STOPPING"), "1");
  EXPECT_EQ(systemd.also("STATUS"), "about to stop: 0 requests in flight");
  EXPECT_EQ(systemd.also("EXTEND_TIMEOUT_USEC"), "3000000")
      << "a second of drain_timeout, and logs";
}

TEST(ServiceManager, HearsOfAReload) {
  FakeServiceManager systemd;
  Gateway gateway({.environment = {systemd.environment()}});
  EXPECT_EQ(systemd.next("READY"), "1");
  ASSERT_TRUE(gateway.reload());
  EXPECT_EQ(systemd.next("RELOADING"), "1");
  EXPECT_NE(systemd.also("MONOTONIC_USEC"), "");
  EXPECT_EQ(systemd.next("READY"), "1");
  EXPECT_EQ(systemd.also("STATUS"), "serving by configuration 2");
}

TEST(ServiceManager, HearsWhyAReloadChangedNothing) {
  FakeServiceManager systemd;
  Gateway gateway({.environment = {systemd.environment()}});
  EXPECT_EQ(systemd.next("READY"), "1");
  ASSERT_FALSE(gateway.reload({.more = "speed: high\n"}));
  EXPECT_EQ(systemd.next("RELOADING"), "1");
  EXPECT_EQ(systemd.next("READY"), "1");
  EXPECT_THAT(systemd.also("STATUS"),
              StartsWith("serving by configuration 1; the last reload changed nothing: "));
  EXPECT_THAT(systemd.also("STATUS"), HasSubstr("speed"));
}

TEST(ServiceManager, GetsSignsOfLifeAsLongAsItWaitsForThem) {
  FakeServiceManager systemd;
  Gateway gateway({.environment = {systemd.environment(), "WATCHDOG_USEC=200000"}});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(systemd.next("WATCHDOG"), "1");
}

TEST(ServiceManager, ThatDoesNotListenHoldsNobodyUp) {
  const FakeServiceManager systemd;
  Gateway gateway({.environment = {systemd.environment(), "WATCHDOG_USEC=2000"}});
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(gateway.request(Downstream::h1, {.path = "/nowhere"}).status(), 404);
  }
  ASSERT_TRUE(gateway.reload());
  EXPECT_EQ(gateway.stop(), 0);
}

TEST(ServiceManager, HearsWhichProcessIsTheServiceAfterAnUpgrade) {
  FakeServiceManager systemd;
  Gateway gateway({.environment = {systemd.environment(), "WATCHDOG_USEC=200000"}});
  EXPECT_EQ(systemd.next("READY"), "1");
  gateway.process().signal(SIGUSR2);
  const std::string process = systemd.next("MAINPID");
  ASSERT_NE(process, "");
  EXPECT_EQ(systemd.also("READY"), "1");
  EXPECT_EQ(systemd.also("WATCHDOG"), "1");
  EXPECT_TRUE(gateway.process().wait_for_err("process " + process + " takes over"));
  EXPECT_EQ(gateway.process().wait_for_exit(), 0);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(systemd.next("WATCHDOG"), "1");
  kill(std::stoi(process), SIGTERM);
  EXPECT_EQ(systemd.next("STOPPING"), "1");
}

// ------------------------------------------------------------------------------ socket activation

/// A gateway that systemd-socket-activate starts when the first client connects.
class SocketActivation : public testing::Test {
 protected:
  /// `listener` in the notation of both.
  Process& start(const std::string& listener) {
    std::string yaml = read_file(write_config(directory_, {.upstream = service_.url()}));
    const std::string any = "127.0.0.1:0";
    yaml.replace(yaml.find(any), any.size(),
                 listener.starts_with("/") ? "unix:" + listener : listener);
    process_ = std::make_unique<Process>(std::vector<std::string>{
        "systemd-socket-activate", "--listen=" + listener, gateway_program(), "run", "--config",
        directory_.write("activated.yaml", yaml)});
    EXPECT_TRUE(process_->wait_for_err("Listening on")) << process_->err();
    return *process_;
  }

  const TempDir directory_;
  const Service service_{Upstream::h1};
  std::unique_ptr<Process> process_;
};

TEST_F(SocketActivation, AnswersWhoeverConnectedBeforeItWasStarted) {
  const int free = listen_on_free_port();
  const std::uint16_t port = port_of(free);
  close(free);
  Process& gateway = start("127.0.0.1:" + std::to_string(port));
  EXPECT_EQ(curl(Downstream::h2, port, send_message()).status(), 200);
  EXPECT_THAT(gateway.err(), HasSubstr("listening on 127.0.0.1:" + std::to_string(port)));
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait(), 0);
}

TEST_F(SocketActivation, LeavesTheFileOfASocketWhereItIs) {
  const std::string path = directory_ / "clients.sock";
  Process& gateway = start(path);
  EXPECT_EQ(run({"curl", "-s", "--unix-socket", path, "http://gateway/nowhere"}).out,
            R"({"error":"Resource not found","code":"not_found"})");
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait(), 0);
  EXPECT_TRUE(std::filesystem::exists(path)) << "systemd still listens there";
}

TEST_F(SocketActivation, TellsOfASocketThatNothingIsConfiguredFor) {
  const std::string path = directory_ / "nobody.sock";
  process_ = std::make_unique<Process>(
      std::vector<std::string>{"systemd-socket-activate", "--listen=" + path, gateway_program(),
                               "run", "--config", write_config(directory_, {})});
  ASSERT_TRUE(process_->wait_for_err("Listening on"));
  EXPECT_NE(run({"curl", "-s", "--unix-socket", path, "http://gateway/"}).exit_code, 0);
  EXPECT_TRUE(process_->wait_for_err("the listening socket unix:" + path +
                                     " was handed over, but nothing is configured for it"));
}

}  // namespace
}  // namespace trackly::test
