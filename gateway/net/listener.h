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
  /// Who else has it. What waits to be accepted is lost with a socket only where nobody does.
  enum class Keeper : std::uint8_t { this_process, another };

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

  bool is_lent() const { return keeper_ == Keeper::another; }
  /// Somebody else has it as well from now on.
  void lend() { keeper_ = Keeper::another; }
  /// Nobody can connect any more; who has can still be accepted. Not for one that is lent.
  void turn_away();

 private:
  ListeningSocket(int fd, Keeper keeper) : fd_(fd), keeper_(keeper) {}
  void look_up_address();

  const int fd_;
  Keeper keeper_;
  SocketAddress address_;
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
  /// Before it is destroyed: accepts those that have connected so far, however many, unless
  /// somebody else keeps the socket and will. Closing would reset them.
  void take_the_rest();

 private:
  void accept_some();
  bool accept_one();
  void pause();

  const std::unique_ptr<ListeningSocket> socket_;
  const OnAccept on_accept_;
  const EventPtr event_;
  const std::unique_ptr<Timer> resume_;
  bool turns_away_ = false;
};

/// "host:port" and "[v6]:port" (address literals, or "*" for all addresses) and "unix:/path".
Result<SocketAddress> parse_listen_address(std::string_view text);

}  // namespace trackly::net
