#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gateway/api/loop.h"
#include "gateway/net/transport.h"

namespace trackly::net {

class TlsClientContext;

/// TLS to a peer: on_connected() then comes after the handshake.
struct ConnectTls {
  std::shared_ptr<const TlsClientContext> context;
  std::string server_name;  // asked for (SNI, unless it is an address), and verified
  Duration handshake_timeout = std::chrono::seconds(2);
};

/// Where to connect to: a unix socket if `unix_path` is set, else host and port. The host may be a
/// name; it is resolved without blocking the loop.
struct Address {
  std::string host;
  std::uint16_t port = 0;
  std::string unix_path;
  std::optional<ConnectTls> tls = {};
};

/// Makes outgoing connections on one loop. An interface so that stores and pools can be tested
/// without sockets.
class Connector {
 public:
  Connector() = default;
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  virtual ~Connector() = default;

  /// Starts connecting; on_connected() or on_error() follows, never from inside the call, the
  /// latter with connect_timeout when the time is over (or handshake_timeout, for TLS). Destroying
  /// the transport cancels it.
  virtual std::unique_ptr<Transport> connect(const Address& address, Duration timeout,
                                             TransportEvents& events) = 0;
};

}  // namespace trackly::net
