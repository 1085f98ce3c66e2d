#pragma once

#include <memory>
#include <string>

#include "gateway/net/connector.h"
#include "gateway/net/socket_transport.h"
#include "gateway/net/tls_context.h"

using SSL = struct ssl_st;

namespace trackly::net {

/// TLS over TCP, either side. on_connected() follows the handshake.
class TlsTransport : public SocketTransport {
 public:
  /// The server's side, over an accepted connection; takes the descriptor, which is non-blocking.
  /// The handshake has no deadline of its own.
  TlsTransport(EventLoop& loop, int fd, std::string peer_address,
               std::shared_ptr<const TlsContext> context);
  ~TlsTransport() override;
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  void set_reading(bool on) override;
  std::size_t write(std::string_view bytes) override;
  bool usable() const override;
  void shutdown_write() override;
  std::string_view alpn() const override;
  bool is_tls() const override { return true; }

 protected:
  /// The client's side, which still has to be connected.
  TlsTransport(EventLoop& loop, std::string peer_address, const ConnectTls& tls);

  /// Takes the descriptor, which is non-blocking, and begins the handshake.
  void connected(int fd);

  void handle_readable() override;
  void handle_writable() override;

 private:
  struct SslDeleter {
    void operator()(SSL* ssl) const;
  };
  using SslPtr = std::unique_ptr<SSL, SslDeleter>;

  static SslPtr make_client_session(const ConnectTls& tls);
  void handshake();
  void handshake_failed(TransportError error);
  /// What a failed SSL call means: true when it was only not the time for it.
  bool wants_more(int outcome);

  // Sessions point into their context: it goes last.
  std::shared_ptr<const void> context_;
  SslPtr ssl_;
  // The client's side alone has these.
  Duration handshake_timeout_{};
  std::unique_ptr<Timer> handshake_deadline_;
  bool established_ = false;
  bool heard_ = false;         // the peer has sent application data
  bool write_wanted_ = false;  // write() took less than it was given
  bool failed_ = false;
};

}  // namespace trackly::net
