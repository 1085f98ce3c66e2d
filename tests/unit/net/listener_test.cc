#include "gateway/net/listener.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gateway/net/event_loop.h"
#include "tests/support/patience.h"
#include "tests/support/temp_dir.h"

namespace trackly::net {
namespace {

/// A client that does not wait for its connection.
class Client {
 public:
  explicit Client(const SocketAddress& to)
      : fd_(socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    error_ = ::connect(fd_, to.get(), to.size()) == 0 ? 0 : errno;
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool is_connecting() const { return error_ == EINPROGRESS && !poll(test::Milliseconds(0)); }
  /// What comes of it; 0 is a connection.
  int outcome() const {
    if (error_ != EINPROGRESS) return error_;
    if (!poll(test::kPatience)) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
  }

 private:
  bool poll(test::Milliseconds timeout) const {
    pollfd entry{fd_, POLLOUT, 0};
    return ::poll(&entry, 1, static_cast<int>(timeout.count())) > 0;
  }

  const int fd_;
  int error_;
};

class ListenerTest : public testing::TestWithParam<std::string> {
 protected:
  ListenerTest() {
    const std::string address = GetParam() == "unix" ? "unix:" + (directory_ / "s") : GetParam();
    listener_ = std::make_unique<Listener>(
        *loop_, ListeningSocket::open(address).value(),
        [this](int fd, const SocketAddress&) { accepted_.push_back(fd); });
    address_ = listener_->socket().address();
  }
  ~ListenerTest() override {
    for (const int fd : accepted_) close(fd);
  }

  const test::TempDir directory_;
  const std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::unique_ptr<Listener> listener_;
  SocketAddress address_;
  std::vector<int> accepted_;
};

TEST_P(ListenerTest, TakesAllThatHaveConnectedBeforeItCloses) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<Client>(address_));
  listener_->turn_away();
  listener_->take_the_rest();
  listener_.reset();
  EXPECT_EQ(accepted_.size(), 200u);
  for (const auto& client : clients) EXPECT_EQ(client->outcome(), 0);
}

TEST_P(ListenerTest, ConnectsNobodyFromTheBeginningOfItsEndOn) {
  listener_->turn_away();
  const Client late(address_);
  EXPECT_EQ(late.is_connecting(), GetParam() != "unix");
  listener_->take_the_rest();
  listener_.reset();
  // And never ECONNRESET, which would leave open whether a request was taken.
  EXPECT_EQ(late.outcome(), GetParam() == "unix" ? ENOENT : ECONNREFUSED);
  EXPECT_TRUE(accepted_.empty());
}

TEST_P(ListenerTest, LeavesThoseWhoConnectToASuccessor) {
  const int successor = dup(listener_->socket().fd());
  const Client client(address_);
  listener_->socket().hand_over();
  listener_->turn_away();
  const Client later(address_);
  listener_->take_the_rest();
  listener_.reset();
  EXPECT_TRUE(accepted_.empty());
  const Client last(address_);
  for (int i = 0; i < 3; ++i) {
    const int fd = accept(successor, nullptr, nullptr);
    EXPECT_GE(fd, 0);
    close(fd);
  }
  close(successor);
}

INSTANTIATE_TEST_SUITE_P(, ListenerTest, testing::Values("127.0.0.1:0", "[::1]:0", "unix"),
                         [](const auto& test) {
                           if (test.param == "unix") return "Unix";
                           return test.param[0] == '[' ? "V6" : "V4";
                         });

}  // namespace
}  // namespace trackly::net
