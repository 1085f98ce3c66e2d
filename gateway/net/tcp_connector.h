#pragma once

#include "gateway/net/connector.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/resolver.h"

namespace trackly::net {

/// Connects over TCP and unix sockets, with TLS on top where the address says so. A name with
/// several addresses is tried in order within the one timeout.
class TcpConnector final : public Connector {
 public:
  /// Both outlive the connector and the transports that it makes.
  TcpConnector(EventLoop& loop, Resolver& resolver) : loop_(loop), resolver_(resolver) {}

  std::unique_ptr<Transport> connect(const Address& address, Duration timeout,
                                     TransportEvents& events) override;

 private:
  EventLoop& loop_;
  Resolver& resolver_;
};

}  // namespace trackly::net
