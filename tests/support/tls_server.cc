#include "tests/support/tls_server.h"

#include <openssl/ssl.h>

#include <stdexcept>
#include <string_view>
#include <utility>

namespace trackly::test {
namespace {

int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned size, void* user) {
  const std::string& wanted = *static_cast<const std::string*>(user);
  if (wanted.empty()) return SSL_TLSEXT_ERR_NOACK;
  for (unsigned at = 0; at < size; at += 1U + offered[at]) {
    const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
    if (name != wanted) continue;
    *out = offered + at + 1;
    *out_size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

TlsServerContext::TlsServerContext(const CertificateFiles& certificate, std::string alpn)
    : alpn_(std::move(alpn)), context_(SSL_CTX_new(TLS_server_method())) {
  if (SSL_CTX_use_certificate_chain_file(context_, certificate.certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context_, certificate.private_key.c_str(), SSL_FILETYPE_PEM) !=
          1) {
    throw std::runtime_error("cannot use " + certificate.certificate);
  }
  SSL_CTX_set_alpn_select_cb(context_, select_protocol, &alpn_);
}

TlsServerContext::~TlsServerContext() { SSL_CTX_free(context_); }

}  // namespace trackly::test
