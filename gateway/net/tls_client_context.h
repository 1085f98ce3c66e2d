#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/api/result.h"
#include "gateway/api/settings.h"

using SSL_CTX = struct ssl_ctx_st;

namespace trackly::net {

/// What outgoing TLS connections have in common: whom they trust, what they show and what they
/// speak. Immutable after creation; shared by all workers.
class TlsClientContext {
 public:
  /// TLS 1.2 and 1.3; certificates are always verified. `alpn`: the protocols to offer, the
  /// preferred one first ("h2", "http/1.1"); empty: no ALPN. The fault names the file that cannot
  /// be used and why.
  static Result<std::shared_ptr<const TlsClientContext>> create(
      const UpstreamTlsSettings& settings, const std::vector<std::string>& alpn);
  ~TlsClientContext();
  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;

  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Deleter {
    void operator()(SSL_CTX* context) const;
  };

  TlsClientContext() = default;

  std::unique_ptr<SSL_CTX, Deleter> context_;
};

}  // namespace trackly::net
