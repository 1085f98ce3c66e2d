#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "gateway/api/result.h"
#include "gateway/net/connector.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/resolver.h"
#include "gateway/net/socket_address.h"

namespace trackly::net {

/// Finds the peer of an outgoing connection: resolves its name, then tries one address after the
/// other until one accepts or the time is over. Destroying it gives up.
class Dialer final : public Deferred {
 public:
  /// A connected, non-blocking descriptor, which then is the callee's, or why there is none.
  using Done = std::function<void(Result<int, TransportError>)>;

  /// `done` comes once, never from inside the constructor; it may hand the dialer to
  /// Loop::defer_delete, but not destroy it.
  Dialer(EventLoop& loop, Resolver& resolver, const Address& address, Duration timeout, Done done);
  ~Dialer() override;
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

 private:
  void start(const Address& address);
  void resolve(const Address& address);
  void on_resolved(const Result<ResolvedName>& found);
  void try_next();
  bool open_socket(const SocketAddress& candidate);
  bool connect_to(const SocketAddress& candidate);
  void connect_again();
  void on_writable();
  void close_socket();
  void finish(Result<int, TransportError> outcome);

  EventLoop& loop_;
  Resolver& resolver_;
  const Done done_;
  std::unique_ptr<Timer> deadline_;
  std::unique_ptr<Timer> start_;
  std::unique_ptr<Resolver::Lookup> lookup_;
  bool more_may_come_ = false;  // of its answer
  std::vector<SocketAddress> candidates_;
  std::size_t next_ = 0;
  TransportError failure_ = TransportError::refused;  // of the last one
  int fd_ = -1;                                       // of the candidate that is being tried
  EventPtr writable_;
  std::unique_ptr<Timer> again_;
};

}  // namespace trackly::net
