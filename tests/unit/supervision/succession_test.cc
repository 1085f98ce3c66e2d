#include "gateway/supervision/succession.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "gateway/net/event_loop.h"
#include "gateway/net/listener.h"
#include "tests/support/temp_dir.h"

namespace trackly {
namespace {

/// A shell stands for the next version of the program.
class SuccessorTest : public testing::Test {
 protected:
  void start(const std::string& script) {
    auto started = Successor::start(
        *loop_, {.program = "/bin/sh", .arguments = {"sh", "-c", script}}, sockets_,
        {.ready =
             [this](const std::vector<bool>& taken) {
               taken_ = taken;
               end("ready");
             },
         .ended = [this](const std::string& how) { end(how); }});
    ASSERT_TRUE(started) << started.error().text;
    successor_ = std::move(started).value();
  }
  std::string outcome() {
    loop_->run();
    return outcome_;
  }
  void end(const std::string& outcome) {
    outcome_ = outcome;
    loop_->stop();
  }
  std::string file() const {
    std::ostringstream text;
    text << std::ifstream(directory_ / "file").rdbuf();
    return text.str();
  }

  const test::TempDir directory_;
  std::unique_ptr<net::EventLoop> loop_ = net::EventLoop::create().value();
  std::vector<net::ListeningSocket*> sockets_;
  std::unique_ptr<Successor> successor_;
  std::string outcome_;
  std::vector<bool> taken_;  // of sockets_
};

constexpr const char* kSayReady = "eval \"echo R >&$TRACKLY_GATEWAY_READY_FD\"; exec sleep 60";

TEST_F(SuccessorTest, IsReadyWhenItSaysSo) {
  start(kSayReady);
  EXPECT_EQ(outcome(), "ready");
  kill(successor_->pid(), SIGKILL);
}

TEST_F(SuccessorTest, FailsWhereItExits) {
  start("exit 3");
  EXPECT_EQ(outcome(), "it exited with 3");
}

TEST_F(SuccessorTest, FailsWhereItIsKilled) {
  start("kill -9 $$");
  EXPECT_EQ(outcome(), "signal 9 ended it");
}

TEST_F(SuccessorTest, DoesNotBeginWhereThereIsNoSuchProgram) {
  const auto started = Successor::start(
      *loop_, {.program = directory_ / "gone", .arguments = {"gone"}}, sockets_, {});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().text, directory_ / "gone" + ": No such file or directory");
}

TEST_F(SuccessorTest, EndsWithWhoeverStartedItUnlessItIsReady) {
  start("exec sleep 60");
  const pid_t process = successor_->pid();
  successor_.reset();
  EXPECT_EQ(kill(process, 0), -1);
}

TEST_F(SuccessorTest, OutlivesWhoeverStartedItWhenItIsReady) {
  start(kSayReady);
  EXPECT_EQ(outcome(), "ready");
  const pid_t process = successor_->pid();
  successor_.reset();
  EXPECT_EQ(kill(process, SIGKILL), 0);
  EXPECT_EQ(waitpid(process, nullptr, 0), process);
}

TEST_F(SuccessorTest, GetsTheSocketsAsSystemdHandsThemOver) {
  const auto mine = net::ListeningSocket::open("127.0.0.1:0").value();
  const auto of_systemd =
      net::ListeningSocket::adopt(dup(mine->fd()), net::ListeningSocket::Keeper::service_manager);
  sockets_ = {mine.get(), of_systemd.get()};
  start(
      "{ [ $LISTEN_PID = $$ ] && echo for me; echo $LISTEN_FDS $LISTEN_FDNAMES; "
      "[ -S /proc/$$/fd/3 -a -S /proc/$$/fd/4 ] && echo sockets; } >" +
      (directory_ / "file") + "; exit 0");
  EXPECT_EQ(outcome(), "it exited with 0");
  EXPECT_EQ(file(), "for me\n2 predecessor:service-manager\nsockets\n");
}

TEST_F(SuccessorTest, SaysWhichOfTheSocketsItListensOn) {
  const auto one = net::ListeningSocket::open("127.0.0.1:0").value();
  const auto other = net::ListeningSocket::open("127.0.0.1:0").value();
  sockets_ = {one.get(), other.get()};
  start("eval \"printf Rlt >&$TRACKLY_GATEWAY_READY_FD\"; exec sleep 60");
  EXPECT_EQ(outcome(), "ready");
  EXPECT_EQ(taken_, (std::vector{false, true}));
  kill(successor_->pid(), SIGKILL);
}

TEST_F(SuccessorTest, HearsNoSignalBeforeItListensToThem) {
  start("kill -HUP $$; kill -USR1 $$; kill -USR2 $$; exit 3");
  EXPECT_EQ(outcome(), "it exited with 3");
}

TEST_F(SuccessorTest, InheritsNoOtherDescriptor) {
  // Whoever started this test may have left some open.
  for (int fd = 3; fd < 1024; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
  start("exec ls /proc/self/fd >" + (directory_ / "file"));
  EXPECT_EQ(outcome(), "it exited with 0");
  EXPECT_EQ(file(), "0\n1\n2\n3\n4\n") << "3 is to say that it is ready, 4 the folder itself";
}

TEST_F(SuccessorTest, DoesNotInheritWhatTheEnvironmentSaysOfOthers) {
  setenv("LISTEN_FDS", "7", 1);
  setenv("WATCHDOG_PID", "1", 1);
  setenv("NOTIFY_SOCKET", "/run/somewhere", 1);
  start("echo $LISTEN_FDS,$WATCHDOG_PID,$NOTIFY_SOCKET >" + (directory_ / "file"));
  EXPECT_EQ(outcome(), "it exited with 0");
  EXPECT_EQ(file(), "0,,/run/somewhere\n");
}

TEST(PredecessorTest, HearsThatItMayLeave) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  setenv("TRACKLY_GATEWAY_READY_FD", std::to_string(ends[1]).c_str(), 1);
  Predecessor predecessor = Predecessor::of_environment();
  EXPECT_EQ(getenv("TRACKLY_GATEWAY_READY_FD"), nullptr);
  predecessor.tell_ready({true, false});
  std::array<char, 8> word{};
  EXPECT_EQ(read(ends[0], word.data(), word.size()), 3);
  EXPECT_STREQ(word.data(), "Rtl");
  EXPECT_EQ(read(ends[0], word.data(), word.size()), 0) << "told once, and closed";
}

TEST(PredecessorTest, IsNotThereWithoutASoundDescriptor) {
  for (const char* value : {"", "x", "4x", "-1", "2", "100000", "99999999999999999999"}) {
    setenv("TRACKLY_GATEWAY_READY_FD", value, 1);
    Predecessor predecessor = Predecessor::of_environment();
    predecessor.tell_ready({});
  }
}

TEST(CommandLineTest, NamesTheFileHoweverItWasCalled) {
  const char* const arguments[] = {"trackly-gateway", "run"};
  const CommandLine line = CommandLine::of(2, arguments);
  EXPECT_EQ(access(line.program.c_str(), X_OK), 0) << line.program;
  EXPECT_EQ(line.arguments, (std::vector<std::string>{"trackly-gateway", "run"}));
}

}  // namespace
}  // namespace trackly
