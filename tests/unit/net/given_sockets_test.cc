#include "gateway/net/given_sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace trackly::net {
namespace {

/// As whoever starts this process: descriptors from 3 on. Each test has a process of its own.
class GivenSocketsTest : public testing::Test {
 protected:
  GivenSocketsTest() {
    // So that nothing that a test opens lies where it shall find what it is given.
    while (open("/dev/null", O_RDONLY | O_CLOEXEC) < kBelow) {
    }
  }

  /// Returns its address.
  std::string give(const std::string& address) {
    givers_.push_back(ListeningSocket::open(address).value());
    give(givers_.back()->fd());
    return givers_.back()->bound_address();
  }
  void give(int fd) { EXPECT_GE(dup2(fd, 3 + count_++), 0); }
  GivenSockets take(const std::string& names = "") {
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    setenv("LISTEN_FDS", std::to_string(count_).c_str(), 1);
    if (!names.empty()) setenv("LISTEN_FDNAMES", names.c_str(), 1);
    return GivenSockets::take();
  }
  /// The descriptor that is used for that address; 0 where it cannot be listened on.
  int opened(GivenSockets& given, const std::string& address) {
    auto socket = given.open(address);
    if (!socket) return 0;
    opened_.push_back(std::move(socket).value());
    return opened_.back()->fd();
  }

  static constexpr int kBelow = 20;
  const test::TempDir directory_;
  int count_ = 0;
  std::vector<std::unique_ptr<ListeningSocket>> givers_;
  std::vector<std::unique_ptr<ListeningSocket>> opened_;
};

TEST_F(GivenSocketsTest, AreUsedForTheAddressesThatTheyAreBoundTo) {
  const std::string first = give("127.0.0.1:0");
  const std::string second = give("[::1]:0");
  const std::string third = give("unix:" + (directory_ / "socket"));
  GivenSockets given = take();
  EXPECT_EQ(opened(given, third), 5);
  EXPECT_EQ(opened(given, second), 4);
  EXPECT_EQ(opened(given, first), 3);
  EXPECT_TRUE(given.drop_rest().empty());
}

TEST_F(GivenSocketsTest, AreUsedOnceEach) {
  const std::string address = give("127.0.0.1:0");
  GivenSockets given = take();
  EXPECT_EQ(opened(given, address), 3);
  EXPECT_EQ(opened(given, address), 0) << "the address is taken";
}

TEST_F(GivenSocketsTest, LeaveOtherAddressesToBeOpened) {
  const std::string address = give("127.0.0.1:0");
  GivenSockets given = take();
  EXPECT_GT(opened(given, "127.0.0.2:0"), kBelow);
  EXPECT_EQ(given.opened(), std::vector{false});
  EXPECT_EQ(given.drop_rest(), std::vector{address});
  EXPECT_EQ(fcntl(3, F_GETFD), -1) << "and it is closed";
}

TEST_F(GivenSocketsTest, AreUsedWhereTheSystemMayChooseThePort) {
  give("127.0.0.1:0");
  GivenSockets given = take();
  EXPECT_EQ(opened(given, "127.0.0.1:0"), 3);
}

TEST_F(GivenSocketsTest, AreMadeToFitThisProcess) {
  const std::string address = give("127.0.0.1:0");
  fcntl(3, F_SETFL, fcntl(3, F_GETFL) & ~O_NONBLOCK);
  GivenSockets given = take();
  EXPECT_EQ(opened(given, address), 3);
  EXPECT_NE(fcntl(3, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(3, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(getenv("LISTEN_FDS"), nullptr) << "of no use to a process that this one starts";
}

TEST_F(GivenSocketsTest, ThatDoNotListenAreNotUsed) {
  const int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
  const int connected = socket(AF_INET, SOCK_STREAM, 0);
  give(datagrams);
  give(connected);
  give(STDERR_FILENO);
  GivenSockets given = take();
  EXPECT_GT(opened(given, "0.0.0.0:0"), kBelow);
  EXPECT_EQ(given.drop_rest(),
            (std::vector<std::string>{"descriptor 3", "descriptor 4", "descriptor 5"}));
}

TEST_F(GivenSocketsTest, OfAnotherProcessAreLeftAlone) {
  give("127.0.0.1:0");
  setenv("LISTEN_PID", "1", 1);
  setenv("LISTEN_FDS", "1", 1);
  GivenSockets given = GivenSockets::take();
  EXPECT_GT(opened(given, "127.0.0.1:0"), kBelow);
}

/// The one that is given at `address` by whoever calls it `name`, as the one who opened it.
class GivenUnixSocketTest : public GivenSocketsTest {
 protected:
  std::unique_ptr<ListeningSocket> open_given(const std::string& name) {
    const std::string address = give("unix:" + path_);
    givers_.back()->hand_over();
    givers_.clear();
    EXPECT_TRUE(file_is_there()) << "it is the receiver's now";
    return take(name).open(address).value();
  }
  bool file_is_there() const { return std::filesystem::exists(path_); }

  const std::string path_ = directory_ / "socket";
};

TEST_F(GivenUnixSocketTest, OfSystemdKeepsItsFile) {
  auto socket = open_given("trackly-gateway.socket");
  socket->inherit();
  EXPECT_EQ(socket->keeper(), ListeningSocket::Keeper::service_manager);
  socket.reset();
  EXPECT_TRUE(file_is_there());
}

TEST_F(GivenUnixSocketTest, OfAPredecessorTakesItsFileWithIt) {
  auto socket = open_given(GivenSockets::kOfPredecessor);
  socket->inherit();
  socket.reset();
  EXPECT_FALSE(file_is_there());
}

TEST_F(GivenUnixSocketTest, OfAPredecessorThatStaysKeepsItsFile) {
  open_given(GivenSockets::kOfPredecessor).reset();
  EXPECT_TRUE(file_is_there()) << "this process did not get ready";
}

TEST_F(GivenUnixSocketTest, OfAPredecessorThatHadItFromSystemdKeepsItsFile) {
  auto socket = open_given(GivenSockets::kOfServiceManager);
  socket->inherit();
  socket.reset();
  EXPECT_TRUE(file_is_there());
}

}  // namespace
}  // namespace trackly::net
