// Stands between a gateway and a Redis and passes everything on, until the file CUT exists: from
// then on each connection is reset in the middle of what Redis replies, one after 1 byte, the next
// after some more: in the reply to a greeting, and in those to commands.
//
//   bench_relay PORT REDIS CUT
//
// PORT of 127.0.0.1 is where it listens, REDIS the unix socket of the server.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>

namespace trackly::test {
namespace {

// About two replies; the step has no factor in common with it, so that all lengths have their turn.
constexpr std::size_t kLongestCut = 60;
constexpr std::size_t kStep = 23;

/// A descriptor that is closed with its owner.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }
  bool send_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// RST instead of FIN.
  void reset_when_closed() const {
    const linger at_once{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  const int fd_;
};

class Relay {
 public:
  Relay(std::string redis, std::string cut) : redis_(std::move(redis)), cut_(std::move(cut)) {}

  /// Until either side ends, or the replies are cut.
  void serve(const Socket& gateway) {
    const Socket redis(connect_to_redis());
    std::size_t rest = 1 + (connections_++ * kStep) % kLongestCut;
    std::array<pollfd, 2> ends = {pollfd{gateway.fd(), POLLIN, 0}, pollfd{redis.fd(), POLLIN, 0}};
    while (poll(ends.data(), ends.size(), -1) > 0) {
      if (ends[0].revents != 0 && !redis_gets(redis, gateway)) return;
      if (ends[1].revents != 0 && !gateway_gets(gateway, redis, rest)) return;
    }
  }

 private:
  int connect_to_redis() const {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    redis_.copy(address.sun_path, sizeof address.sun_path - 1);
    // Where that fails, serve() finds the end of it at once.
    connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    return fd;
  }

  static std::string_view read_from(const Socket& end, std::array<char, 65536>& buffer) {
    const ssize_t count = read(end.fd(), buffer.data(), buffer.size());
    return {buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
  }

  bool redis_gets(const Socket& redis, const Socket& gateway) const {
    std::array<char, 65536> buffer;
    const std::string_view commands = read_from(gateway, buffer);
    return !commands.empty() && redis.send_all(commands);
  }

  bool gateway_gets(const Socket& gateway, const Socket& redis, std::size_t& rest) const {
    std::array<char, 65536> buffer;
    const std::string_view replies = read_from(redis, buffer);
    if (access(cut_.c_str(), F_OK) != 0) return !replies.empty() && gateway.send_all(replies);
    gateway.send_all(replies.substr(0, rest));
    if (replies.size() < rest) {
      rest -= replies.size();
      return !replies.empty();
    }
    gateway.reset_when_closed();
    return false;
  }

  const std::string redis_;
  const std::string cut_;
  std::atomic<std::size_t> connections_ = 0;
};

int listen_at(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<std::uint16_t>(port));
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool listening = bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 &&
                         listen(fd, 128) == 0;
  return listening ? fd : -1;
}

}  // namespace
}  // namespace trackly::test

int main(int count, char** arguments) {
  using namespace trackly::test;
  if (count != 4) {
    std::cerr << "bench_relay PORT REDIS CUT\n";
    return 2;
  }
  const int listening = listen_at(std::atoi(arguments[1]));
  if (listening < 0) {
    std::cerr << "cannot listen on port " << arguments[1] << '\n';
    return 1;
  }
  // Outlives the threads, which end with the process.
  static Relay relay(arguments[2], arguments[3]);
  for (int fd = 0; (fd = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread([fd] { relay.serve(Socket(fd)); }).detach();
  }
  return 1;
}
