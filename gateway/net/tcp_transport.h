#pragma once

#include <memory>
#include <string>

#include "gateway/net/socket_transport.h"

namespace trackly::net {

/// Cleartext over TCP or a unix socket.
class TcpTransport : public SocketTransport {
 public:
  /// An accepted connection; takes the descriptor, which is non-blocking.
  TcpTransport(EventLoop& loop, int fd, std::string peer_address)
      : SocketTransport(loop, fd, std::move(peer_address)) {}

  std::size_t write(std::string_view bytes) override;
  void shutdown_write() override;

 protected:
  /// Still has to be connected.
  TcpTransport(EventLoop& loop, std::string peer_address)
      : SocketTransport(loop, -1, std::move(peer_address)) {}

  /// Takes the descriptor, which is non-blocking.
  void connected(int fd);

  void handle_readable() override;
  void handle_writable() override;
};

}  // namespace trackly::net
