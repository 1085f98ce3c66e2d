#pragma once

#include <memory>
#include <string>

#include "gateway/net/socket_transport.h"
#include "gateway/net/tls_context.h"

using SSL = struct ssl_st;

namespace trackly::net {

/// The server's side of TLS over an accepted TCP connection. on_connected() follows the handshake.
class TlsTransport final : public SocketTransport {
 public:
  /// Takes the descriptor, which is non-blocking.
  TlsTransport(EventLoop& loop, int fd, std::string peer_address,
               std::shared_ptr<const TlsContext> context);
  ~TlsTransport() override;
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  void set_reading(bool on) override;
  std::size_t write(std::string_view bytes) override;
  void shutdown_write() override;
  std::string_view alpn() const override;
  bool is_tls() const override { return true; }

 protected:
  void handle_readable() override;
  void handle_writable() override;

 private:
  struct SslDeleter {
    void operator()(SSL* ssl) const;
  };

  void handshake();
  /// What a failed SSL call means: true when it was only not the time for it.
  bool wants_more(int outcome);

  // Sessions point into their context: it goes last.
  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  bool established_ = false;
  bool write_wanted_ = false;  // write() took less than it was given
  bool failed_ = false;
};

}  // namespace trackly::net
