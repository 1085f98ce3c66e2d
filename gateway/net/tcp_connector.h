#pragma once

#include "gateway/net/connector.h"
#include "gateway/net/event_loop.h"

namespace trackly::net {

/// Connects over TCP and unix sockets. A name with several addresses is tried in order within the
/// one timeout.
class TcpConnector final : public Connector {
 public:
  explicit TcpConnector(EventLoop& loop) : loop_(loop) {}

  std::unique_ptr<Transport> connect(const Address& address, Duration timeout,
                                     TransportEvents& events) override;

 private:
  EventLoop& loop_;
};

}  // namespace trackly::net
