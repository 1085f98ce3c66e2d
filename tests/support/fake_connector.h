#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/net/connector.h"
#include "gateway/net/transport.h"

namespace trackly::test {

/// The peer's end of a connection in memory, played by a test. Outlives our end.
class FakePeer {
 public:
  FakePeer(net::Address address, net::TransportEvents& events)
      : address_(std::move(address)), events_(&events) {}

  const net::Address& address() const { return address_; }
  /// Our end was destroyed.
  bool closed() const { return events_ == nullptr; }

  // What happens to our end. Nothing does once it is closed.
  /// `alpn`: what TLS agreed on.
  void accept(std::string_view alpn = {});
  void fail(net::TransportError error);
  void send(std::string_view bytes);
  void close();

  /// What our end has sent since the last call, one string for each write.
  std::vector<std::string> take_writes() { return std::exchange(writes_, {}); }
  /// How much our end may send from now on; more room makes it writable again.
  void set_room(std::size_t bytes);
  /// Whether its system has said that all bytes so far have arrived.
  void set_has_all(bool has_all) { has_all_ = has_all; }

 private:
  friend class FakeTransport;

  net::Address address_;
  net::TransportEvents* events_;
  std::string alpn_;
  bool stands_ = false;
  bool has_all_ = true;  // of what was written to it
  bool blocked_ = false;
  std::size_t room_ = SIZE_MAX;
  std::vector<std::string> writes_;
};

/// Connects to nobody: each attempt waits for its test to accept or to refuse it.
class FakeConnector final : public net::Connector {
 public:
  std::unique_ptr<net::Transport> connect(const net::Address& address, Duration timeout,
                                          net::TransportEvents& events) override;

  std::size_t attempts() const { return peers_.size(); }
  /// The latest attempt's other end. Requires: there was one.
  FakePeer& peer() { return *peers_.back(); }
  /// The same for the latest attempt to connect to that host.
  FakePeer& peer(std::string_view host);
  std::size_t attempts(std::string_view host) const;
  /// All attempts to connect to that host, in order.
  std::vector<FakePeer*> peers(std::string_view host);
  Duration timeout() const { return timeout_; }

 private:
  std::deque<std::shared_ptr<FakePeer>> peers_;
  Duration timeout_{};
};

}  // namespace trackly::test
