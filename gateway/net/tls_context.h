#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gateway/api/result.h"
#include "gateway/api/settings.h"
#include "gateway/net/tls_rules.h"

using SSL = struct ssl_st;

namespace trackly::net {

/// A listener's certificates, keys and protocol rules. Immutable after creation; shared by all
/// workers.
class TlsContext {
 public:
  /// TLS 1.2 and 1.3, ALPN h2 and http/1.1 (h2 preferred), no renegotiation, sessions resumed by
  /// ticket. The fault names the file that cannot be used and why.
  static Result<std::shared_ptr<const TlsContext>> create(const TlsSettings& settings);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* get() const { return main_.get(); }

  struct Expiry {
    std::string certificate;        // its file
    std::chrono::sys_seconds time;  // which may be beyond what nanoseconds can say
  };
  /// Of each certificate of the settings.
  const std::vector<Expiry>& expiries() const { return expiries_; }

 private:
  TlsContext() = default;
  void note_expiry(const CertificateSettings& certificate, const SSL_CTX* context);
  static Result<SslContextPtr> make(const CertificateSettings& certificate,
                                    const std::string& client_ca);
  /// RFC 6066 section 3: the certificate for the name that the client asks for.
  static int choose_certificate(SSL* ssl, int* alert, void* self);

  SslContextPtr main_;
  std::vector<SslContextPtr> others_;
  std::vector<Expiry> expiries_;
};

}  // namespace trackly::net
