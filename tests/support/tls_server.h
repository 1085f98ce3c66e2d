#pragma once

#include <openssl/types.h>

#include <string>

#include "tests/support/tls_certificate.h"

namespace trackly::test {

/// How a service speaks TLS: its certificate and the one protocol that it agrees to by ALPN. For
/// Wire::accept_tls().
class TlsServerContext {
 public:
  /// `alpn`: "h2" or "http/1.1"; empty: it takes no part in ALPN. A client that does not offer the
  /// protocol is refused with the alert that RFC 7301 has for it.
  TlsServerContext(const CertificateFiles& certificate, std::string alpn);
  ~TlsServerContext();
  TlsServerContext(const TlsServerContext&) = delete;
  TlsServerContext& operator=(const TlsServerContext&) = delete;

  SSL_CTX* get() const { return context_; }

 private:
  std::string alpn_;
  SSL_CTX* context_;
};

}  // namespace trackly::test
