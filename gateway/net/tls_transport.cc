#include "gateway/net/tls_transport.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <utility>

#include "gateway/net/socket_address.h"
#include "gateway/net/tls_client_context.h"

namespace trackly::net {

namespace {

/// Without client_ca no certificate is asked for; with it, one that does not verify never gets
/// here.
std::string subject_of_peer(const SSL* ssl) {
  const X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) return {};
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> text(BIO_new(BIO_s_mem()), &BIO_free_all);
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string();
}

/// In TLS 1.3 a server judges our certificate when our side of the handshake is over already. It
/// has read nothing that came after the certificate then, which no other alert promises.
bool refuses_our_certificate(const SSL* ssl, unsigned long error) {
  if (SSL_is_server(ssl) == 1 || SSL_version(ssl) < TLS1_3_VERSION) return false;
  switch (ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

}  // namespace

void TlsTransport::SslDeleter::operator()(SSL* ssl) const { SSL_free(ssl); }

TlsTransport::TlsTransport(EventLoop& loop, int fd, std::string peer_address,
                           std::shared_ptr<const TlsContext> context)
    : SocketTransport(loop, fd, std::move(peer_address)),
      context_(context),
      ssl_(SSL_new(context->get())) {
  SSL_set_fd(ssl_.get(), fd);
  SSL_set_accept_state(ssl_.get());
}

TlsTransport::TlsTransport(EventLoop& loop, std::string peer_address, const ConnectTls& tls)
    : SocketTransport(loop, -1, std::move(peer_address)),
      context_(tls.context),
      ssl_(make_client_session(tls)),
      handshake_timeout_(tls.handshake_timeout),
      handshake_deadline_(
          loop.timer([this] { handshake_failed(TransportError::handshake_timeout); })) {}

TlsTransport::~TlsTransport() = default;

/// nullptr where OpenSSL cannot verify such a name: then it must not connect at all.
TlsTransport::SslPtr TlsTransport::make_client_session(const ConnectTls& tls) {
  SslPtr ssl(SSL_new(tls.context->get()));
  if (ssl == nullptr) return nullptr;
  SSL_set_connect_state(ssl.get());
  X509_VERIFY_PARAM* rules = SSL_get0_param(ssl.get());
  if (parse_socket_address(tls.server_name, 0)) {
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, tls.server_name.c_str()) != 1) return nullptr;
    return ssl;
  }
  // RFC 6066 section 3: without the dot that ends a complete name.
  std::string name = tls.server_name;
  if (name.ends_with('.')) name.pop_back();
  // OpenSSL takes no name for any name.
  if (name.empty() || X509_VERIFY_PARAM_set1_host(rules, name.data(), name.size()) != 1) {
    return nullptr;
  }
  // RFC 9525 section 6: the subject's common name is no name of a service.
  X509_VERIFY_PARAM_set_hostflags(
      rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  // What the macro SSL_set_tlsext_host_name does, without its old-style cast.
  if (SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) !=
      1) {
    return nullptr;
  }
  return ssl;
}

void TlsTransport::connected(int fd) {
  adopt(fd);
  if (ssl_ == nullptr) return handshake_failed(TransportError::handshake);
  SSL_set_fd(ssl_.get(), fd);
  handshake_deadline_->arm(handshake_timeout_);
  handshake();
}

void TlsTransport::set_reading(bool on) {
  const bool was = reading();
  SocketTransport::set_reading(on);
  // What OpenSSL has read from the socket already, epoll will never report.
  if (on && !was && established_ && SSL_has_pending(ssl_.get()) == 1) activate_read();
}

bool TlsTransport::wants_more(int outcome) {
  switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_WANT_READ:
      return true;
    case SSL_ERROR_WANT_WRITE:
      wait_writable();
      return true;
    default:
      ERR_clear_error();
      failed_ = true;
      return false;
  }
}

void TlsTransport::handshake() {
  ERR_clear_error();
  const int outcome = SSL_do_handshake(ssl_.get());
  if (outcome == 1) {
    established_ = true;
    handshake_deadline_.reset();
    verified_peer(subject_of_peer(ssl_.get()));
    events()->on_connected();
    // The first request often comes in the segment that ends the handshake.
    if (SSL_has_pending(ssl_.get()) == 1) activate_read();
  } else if (!wants_more(outcome)) {
    handshake_failed(SSL_get_verify_result(ssl_.get()) == X509_V_OK ? TransportError::handshake
                                                                    : TransportError::certificate);
  }
}

void TlsTransport::handshake_failed(TransportError error) {
  failed_ = true;
  if (handshake_deadline_ != nullptr) handshake_deadline_->disarm();
  report_error(error);
}

void TlsTransport::handle_readable() {
  if (!established_) {
    handshake();
    return;
  }
  if (!reading()) return;
  const std::span<char> room = loop().scratch();
  ERR_clear_error();
  const int got = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
  if (got > 0) {
    heard_ = true;
    // Before the event: it may turn reading off, and then set_reading() does this later.
    if (SSL_has_pending(ssl_.get()) == 1) activate_read();
    events()->on_data({room.data(), static_cast<std::size_t>(got)});
    return;
  }
  // close_notify. SSL_RECEIVED_SHUTDOWN would also be there after a fatal alert, which ends nothing
  // well.
  if (SSL_get_error(ssl_.get(), got) == SSL_ERROR_ZERO_RETURN) {
    ERR_clear_error();
    report_eof();
    return;
  }
  const bool refused = !heard_ && refuses_our_certificate(ssl_.get(), ERR_peek_error());
  if (!wants_more(got)) {
    report_error(refused ? TransportError::handshake : TransportError::reset);
  }
}

void TlsTransport::handle_writable() {
  if (!established_) {
    handshake();
    return;
  }
  // WANT_WRITE of a read (a key update) also ends here.
  if (reading()) handle_readable();
  if (write_wanted_ && !broken()) {
    write_wanted_ = false;
    events()->on_writable();
  }
}

std::size_t TlsTransport::write(std::string_view bytes) {
  if (!established_ || failed_ || broken()) return 0;
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    ERR_clear_error();
    const auto size = static_cast<int>(std::min<std::size_t>(bytes.size() - sent, INT_MAX));
    const int n = SSL_write(ssl_.get(), bytes.data() + sent, size);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
      continue;
    }
    if (wants_more(n)) {
      write_wanted_ = true;
    } else {
      write_failed();
    }
    break;
  }
  return sent;
}

bool TlsTransport::usable() const {
  if (!established_ || failed_ || at_eof() || broken()) return false;
  // What lies on the socket may be session tickets or a key update, which are nobody's answer.
  // OpenSSL takes them in, and only then there is nothing to read.
  char byte = 0;
  ERR_clear_error();
  const int got = SSL_peek(ssl_.get(), &byte, 1);
  const bool idle = got <= 0 && SSL_get_error(ssl_.get(), got) == SSL_ERROR_WANT_READ;
  ERR_clear_error();
  // Whatever else came has left the socket, so that no event would tell of it.
  if (!idle) activate_read();
  return idle;
}

void TlsTransport::shutdown_write() {
  if (fd() < 0) return;
  ERR_clear_error();
  if (established_ && !failed_ && SSL_shutdown(ssl_.get()) < 0) ERR_clear_error();
  shutdown(fd(), SHUT_WR);
}

std::string_view TlsTransport::alpn() const {
  if (ssl_ == nullptr) return {};
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace trackly::net
