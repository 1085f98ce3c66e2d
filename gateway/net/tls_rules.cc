#include "gateway/net/tls_rules.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <utility>

namespace trackly::net {

void SslContextDeleter::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

void set_tls_rules(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Moving buffers: what is retried after WANT_WRITE has the same bytes, but our buffer may have
  // grown. Released buffers: an idle connection keeps no record buffers.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // AEAD with forward secrecy only (RFC 9113 section 9.2.2 forbids the others for HTTP/2).
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  // OpenSSL would also take part in exchanges that cost us many times what they cost the peer.
  // The macro would cast away the const by itself, which clang does not take.
  SSL_CTX_set1_groups_list(context, const_cast<char*>("X25519:P-256:P-384"));
}

std::optional<Fault> use_certificate(SSL_CTX* context, const CertificateSettings& certificate) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate.certificate.c_str()) != 1) {
    return openssl_fault("cannot use the certificate " + certificate.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, certificate.private_key.c_str(), SSL_FILETYPE_PEM) !=
      1) {
    return openssl_fault("cannot use the private key " + certificate.private_key);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return openssl_fault("the private key " + certificate.private_key +
                         " does not fit the certificate " + certificate.certificate);
  }
  return std::nullopt;
}

Fault openssl_fault(std::string text) {
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_peek_last_error(), reason.data(), reason.size());
  ERR_clear_error();
  return Fault{std::move(text) + ": " + reason.data()};
}

}  // namespace trackly::net
