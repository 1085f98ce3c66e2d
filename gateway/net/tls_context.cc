#include "gateway/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <chrono>
#include <ctime>
#include <utility>

namespace trackly::net {
namespace {

constexpr std::array<unsigned char, 7> kSessionContext = {'t', 'r', 'a', 'c', 'k', 'l', 'y'};
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

void set_server_rules(SSL_CTX* context) {
  set_tls_rules(context);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_alpn_select_cb(context, &select_alpn, nullptr);
  // Sessions live in the tickets that clients keep: a cache of ours would be memory that clients
  // fill, and a lock that workers share.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context, kSessionContext.data(), kSessionContext.size());
}

bool require_client_certificate(SSL_CTX* context, const std::string& authorities) {
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(authorities.c_str());
  if (names == nullptr) return false;
  SSL_CTX_set_client_CA_list(context, names);  // takes them
  if (SSL_CTX_load_verify_file(context, authorities.c_str()) != 1) return false;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return true;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::create(const TlsSettings& settings) {
  const std::shared_ptr<TlsContext> context(new TlsContext);
  auto main = make(settings.main, settings.client_ca);
  if (!main) return main.error();
  context->main_ = std::move(main).value();
  context->note_expiry(settings.main, context->main_.get());
  for (const CertificateSettings& certificate : settings.others) {
    auto other = make(certificate, settings.client_ca);
    if (!other) return other.error();
    context->others_.push_back(std::move(other).value());
    context->note_expiry(certificate, context->others_.back().get());
  }
  // What the macro SSL_CTX_set_tlsext_servername_callback does, without its old-style cast.
  SSL_CTX_callback_ctrl(context->main_.get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                        reinterpret_cast<void (*)()>(&TlsContext::choose_certificate));
  SSL_CTX_set_tlsext_servername_arg(context->main_.get(), context.get());
  return std::shared_ptr<const TlsContext>(context);
}

Result<SslContextPtr> TlsContext::make(const CertificateSettings& certificate,
                                       const std::string& client_ca) {
  ERR_clear_error();
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return openssl_fault("cannot create a TLS context");
  set_server_rules(context.get());
  if (auto fault = use_certificate(context.get(), certificate)) return *fault;
  if (!client_ca.empty() && !require_client_certificate(context.get(), client_ca)) {
    return openssl_fault("cannot use the client certificate authorities " + client_ca);
  }
  return context;
}

void TlsContext::note_expiry(const CertificateSettings& certificate, const SSL_CTX* context) {
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context)), &time) != 1) return;
  expiries_.push_back(
      {certificate.certificate, std::chrono::sys_seconds(std::chrono::seconds(timegm(&time)))});
}

int TlsContext::choose_certificate(SSL* ssl, int*, void* self) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  for (const SslContextPtr& other : static_cast<const TlsContext*>(self)->others_) {
    X509* certificate = SSL_CTX_get0_certificate(other.get());
    if (X509_check_host(certificate, name, 0, 0, nullptr) != 1) continue;
    SSL_set_SSL_CTX(ssl, other.get());
    break;
  }
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace trackly::net
