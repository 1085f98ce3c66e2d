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
  EXPECT_EQ(given.drop_rest().size(), 3u);
}

TEST_F(GivenSocketsTest, OfAnotherProcessAreLeftAlone) {
  give("127.0.0.1:0");
  setenv("LISTEN_PID", "1", 1);
  setenv("LISTEN_FDS", "1", 1);
  GivenSockets given = GivenSockets::take();
  EXPECT_GT(opened(given, "127.0.0.1:0"), kBelow);
}

TEST_F(GivenSocketsTest, OfSystemdKeepTheirFile) {
  const std::string path = directory_ / "socket";
  const std::string address = give("unix:" + path);
  givers_.back()->lend();
  {
    GivenSockets given = take("trackly-gateway.socket");
    const auto socket = given.open(address);
    ASSERT_TRUE(socket);
    EXPECT_TRUE((*socket)->is_lent());
  }
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(GivenSocketsTest, OfAPredecessorTakeTheirFileWithThem) {
  const std::string path = directory_ / "socket";
  const std::string address = give("unix:" + path);
  givers_.back()->lend();
  givers_.clear();
  EXPECT_TRUE(std::filesystem::exists(path));
  {
    GivenSockets given = take(GivenSockets::kYours);
    const auto socket = given.open(address);
    ASSERT_TRUE(socket);
    EXPECT_FALSE((*socket)->is_lent());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace trackly::net
