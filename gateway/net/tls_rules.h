#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/api/result.h"
#include "gateway/api/settings.h"

using SSL_CTX = struct ssl_ctx_st;

namespace trackly::net {

// What both sides of TLS have in common: TlsContext and TlsClientContext are made from this.

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const;
};
using SslContextPtr = std::unique_ptr<SSL_CTX, SslContextDeleter>;

/// The protocol versions, ciphers and groups that we speak, on listeners and to services alike.
void set_tls_rules(SSL_CTX* context);
/// The certificate that we show, with its chain and its key. The fault names the file that cannot
/// be used and why.
std::optional<Fault> use_certificate(SSL_CTX* context, const CertificateSettings& certificate);
/// `text` and OpenSSL's reason.
Fault openssl_fault(std::string text);

}  // namespace trackly::net
