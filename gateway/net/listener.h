#pragma once

#include <sys/types.h>

#include <cstdint>
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
  /// Who else has it and goes on with it, or may. What waits to be accepted is lost with a socket
  /// that nobody else has; and the file of a unix socket is removed with it.
  enum class Keeper : std::uint8_t {
    this_process,
    predecessor,      // who gave it to us, until it has heard that we are ready
    successor,        // whom we gave it to
    service_manager,  // whose it is
  };

  /// The fault names the address and why. A unix socket that a dead process left behind is
  /// replaced; `unix_mode` is its file's mode, which the umask decides where it is absent.
  static Result<std::unique_ptr<ListeningSocket>> open(
      const std::string& address, std::optional<mode_t> unix_mode = std::nullopt);
  /// A descriptor that this process was started with.
  static std::unique_ptr<ListeningSocket> adopt(int fd, Keeper keeper);
  /// Closes it; the file of a unix socket that nobody else keeps is removed.
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  int fd() const { return fd_; }
  const SocketAddress& address() const { return address_; }
  /// "127.0.0.1:8080", with the port that the system chose where port 0 was configured.
  std::string bound_address() const { return address_.to_string(); }
  /// False where a descriptor that was adopted is something else.
  bool is_listening() const;

  Keeper keeper() const { return keeper_; }
  /// The predecessor goes.
  void inherit();
  /// A successor has it, and is ready.
  void hand_over();
  /// Nobody can connect any more; who has can still be accepted. Requires: nobody else keeps it.
  void turn_away();

 private:
  ListeningSocket(int fd, Keeper keeper) : fd_(fd), keeper_(keeper) {}
  void look_up_address();
  void remove_file();

  const int fd_;
  Keeper keeper_;
  SocketAddress address_;
  bool is_file_gone_ = false;
};

/// A listening socket on the main thread's loop. One socket for all workers, whose connections are
/// handed out: with a socket for each worker (SO_REUSEPORT) the kernel loses what is queued when
/// one closes, and balances a few busy HTTP/2 connections badly.
class Listener {
 public:
  /// Takes the descriptor of a new connection, which is non-blocking.
  using OnAccept = std::function<void(int fd, const SocketAddress& peer)>;

  /// `loop` outlives it.
  Listener(EventLoop& loop, std::unique_ptr<ListeningSocket> socket, OnAccept on_accept);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  ListeningSocket& socket() { return *socket_; }
  /// The end, in two steps that lie a round trip apart. Nobody new can connect; or, where somebody
  /// else keeps the socket, all who do are theirs from now on.
  void turn_away();
  /// And then accepts those that have connected, however many. Closing would reset them.
  void take_the_rest();

 private:
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
