#include "gateway/net/tls_client_context.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <fstream>
#include <iterator>
#include <utility>

namespace trackly::net {
namespace {

/// RFC 7301 section 3.1: each name after its length.
std::string alpn_list(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& protocol : protocols) {
    list += static_cast<char>(protocol.size());
    list += protocol;
  }
  return list;
}

bool trust(SSL_CTX* context, const std::string& authorities) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (authorities.empty()) return SSL_CTX_set_default_verify_paths(context) == 1;
  // Whoever is in the file is trusted, roots and intermediate authorities alike.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  return SSL_CTX_load_verify_file(context, authorities.c_str()) == 1;
}

/// SHA-256 of what the files say, one after the other.
std::string digest_of(const std::vector<std::string>& paths) {
  std::string content;
  for (const std::string& path : paths) {
    std::ifstream file(path, std::ios::binary);
    content.append(std::istreambuf_iterator<char>(file), {});
    content += '\0';
  }
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  EVP_Digest(content.data(), content.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
             EVP_sha256(), nullptr);
  OPENSSL_cleanse(content.data(), content.size());  // a private key was in it
  digest.resize(size);
  return digest;
}

std::vector<std::string> files_of(const UpstreamTlsSettings& settings) {
  std::vector<std::string> files{settings.ca};
  if (settings.client_certificate) {
    files.push_back(settings.client_certificate->certificate);
    files.push_back(settings.client_certificate->private_key);
  }
  return files;
}

}  // namespace

Result<std::shared_ptr<const TlsClientContext>> TlsClientContext::create(
    const UpstreamTlsSettings& settings, const std::vector<std::string>& alpn) {
  ERR_clear_error();
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return openssl_fault("cannot create a TLS context");
  set_tls_rules(context.get());
  if (!trust(context.get(), settings.ca)) {
    return openssl_fault("cannot use the certificate authorities " +
                         (settings.ca.empty() ? "of the system" : settings.ca));
  }
  const std::string protocols = alpn_list(alpn);
  if (SSL_CTX_set_alpn_protos(context.get(),
                              reinterpret_cast<const unsigned char*>(protocols.data()),
                              static_cast<unsigned int>(protocols.size())) != 0) {
    return openssl_fault("cannot offer protocols");
  }
  if (settings.client_certificate) {
    if (auto fault = use_certificate(context.get(), *settings.client_certificate)) return *fault;
  }
  // Connections are pooled, so that a resumed session would save little.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return std::shared_ptr<const TlsClientContext>(
      new TlsClientContext(std::move(context), digest_of(files_of(settings))));
}

}  // namespace trackly::net
