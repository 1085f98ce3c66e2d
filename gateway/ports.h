#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/api/result.h"
#include "gateway/api/settings.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/given_sockets.h"
#include "gateway/net/listener.h"
#include "gateway/net/tls_context.h"

namespace trackly {

/// The addresses where clients connect, with their certificates. On one loop.
class Ports {
 public:
  using TlsContextPtr = std::shared_ptr<const net::TlsContext>;  // nullptr: cleartext
  /// Takes the descriptor of a new connection.
  using OnConnection =
      std::function<void(int fd, const net::SocketAddress& peer, const TlsContextPtr& tls)>;

  /// `sockets` are used before new ones are opened; they and `loop` outlive it.
  Ports(net::EventLoop& loop, net::GivenSockets& sockets, OnConnection on_connection);

  /// Other ports in place of those that are open. Addresses that stay do not miss a connection.
  class Change;
  /// Opens what is new, and reads all certificates; nothing is in force yet. To be put in force, or
  /// dropped, in the same turn. The fault names the address or file.
  Result<Change> prepare(const std::vector<ListenerSettings>& listeners);
  void put_in_force(Change change);

  /// In the order of the configuration.
  std::vector<std::string> bound_addresses() const;
  /// When each certificate expires, by its file.
  std::map<std::string, std::chrono::sys_seconds> certificate_expiries() const;
  std::vector<net::ListeningSocket*> sockets() const;
  /// The end, in the two steps of net::Listener.
  void turn_away();
  void close();

 private:
  struct Port;
  /// Each port stays once: several may be where the system chose their numbers.
  std::shared_ptr<Port> find(const std::string& address, const Change& so_far) const;
  Result<std::shared_ptr<Port>> open(const std::string& address);

  void close_former();

  net::EventLoop& loop_;
  net::GivenSockets& given_;
  const OnConnection on_connection_;
  std::vector<std::shared_ptr<Port>> ports_;
  std::vector<std::shared_ptr<Port>> former_;  // which turn clients away
  const std::unique_ptr<Timer> end_of_former_;
};

class Ports::Change {
 private:
  friend class Ports;
  struct Step {
    std::shared_ptr<Port> port;  // a new one, or one that stays
    TlsContextPtr tls;
  };
  std::vector<Step> steps_;
};

}  // namespace trackly
