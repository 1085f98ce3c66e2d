#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/api/result.h"
#include "gateway/api/settings.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/socket_address.h"

namespace trackly::net {

/// A socket that is bound and listens; non-blocking.
class ListeningSocket {
 public:
  /// The fault names the address and why. A unix socket that a dead process left behind is
  /// replaced; `unix_mode` is its file's mode, which the umask decides where it is absent.
  static Result<std::unique_ptr<ListeningSocket>> open(
      const std::string& address, std::optional<mode_t> unix_mode = std::nullopt);
  /// Closes it; a unix socket's file is removed.
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  int fd() const { return fd_; }
  /// "127.0.0.1:8080", with the port that the system chose where port 0 was configured.
  const std::string& bound_address() const { return bound_address_; }

 private:
  explicit ListeningSocket(int fd) : fd_(fd) {}

  const int fd_;
  std::string bound_address_;
  std::string unix_path_;
};

/// A listening socket on the main thread's loop. One socket for all workers, whose connections are
/// handed out: with a socket for each worker (SO_REUSEPORT) the kernel loses what is queued when
/// one closes, and balances a few busy HTTP/2 connections badly.
class Listener {
 public:
  /// Takes the descriptor of a new connection, which is non-blocking.
  using OnAccept = std::function<void(int fd, const SocketAddress& peer)>;

  /// Faults are those of ListeningSocket::open().
  static Result<std::unique_ptr<Listener>> open(EventLoop& loop, const std::string& address,
                                                OnAccept on_accept);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  const std::string& bound_address() const { return socket_->bound_address(); }
  /// Accepts those that have connected so far, however many. Closing would reset them.
  void take_the_rest();

 private:
  Listener(EventLoop& loop, std::unique_ptr<ListeningSocket> socket, OnAccept on_accept);
  void accept_some();
  bool accept_one();
  void pause();

  const std::unique_ptr<ListeningSocket> socket_;
  const OnAccept on_accept_;
  const EventPtr event_;
  const std::unique_ptr<Timer> resume_;
};

/// "host:port" and "[v6]:port" (address literals, or "*" for all addresses) and "unix:/path".
Result<SocketAddress> parse_listen_address(std::string_view text);

}  // namespace trackly::net
