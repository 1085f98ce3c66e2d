#include "gateway/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

namespace trackly::net {
namespace {

constexpr std::array<unsigned char, 12> kAlpn = {2,   'h', '2', 8,   'h', 't',
                                                 't', 'p', '/', '1', '.', '1'};

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned int in_size, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kAlpn.data(), kAlpn.size(), in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    // RFC 7301 section 3.2: nothing in common is fatal.
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Fault openssl_fault(std::string text) {
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_peek_last_error(), reason.data(), reason.size());
  ERR_clear_error();
  return Fault{std::move(text) + ": " + reason.data()};
}

}  // namespace

void TlsContext::Deleter::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

Result<std::shared_ptr<const TlsContext>> TlsContext::create(const TlsSettings& settings) {
  ERR_clear_error();
  SSL_CTX* raw = SSL_CTX_new(TLS_server_method());
  if (raw == nullptr) return openssl_fault("cannot create a TLS context");
  std::shared_ptr<const TlsContext> context(new TlsContext(raw));

  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Moving buffers: what is retried after WANT_WRITE has the same bytes, but our buffer may have
  // grown. Released buffers: an idle connection keeps no record buffers.
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  // AEAD with forward secrecy only (RFC 9113 section 9.2.2 forbids the others for HTTP/2).
  SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_alpn_select_cb(raw, &select_alpn, nullptr);
  static constexpr std::array<unsigned char, 7> kSessionContext = {'t', 'r', 'a', 'c',
                                                                   'k', 'l', 'y'};
  SSL_CTX_set_session_id_context(raw, kSessionContext.data(), kSessionContext.size());

  if (SSL_CTX_use_certificate_chain_file(raw, settings.certificate.c_str()) != 1) {
    return openssl_fault("cannot use the certificate " + settings.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(raw, settings.private_key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return openssl_fault("cannot use the private key " + settings.private_key);
  }
  if (SSL_CTX_check_private_key(raw) != 1) {
    return openssl_fault("the private key " + settings.private_key +
                         " does not fit the certificate " + settings.certificate);
  }
  return context;
}

}  // namespace trackly::net
