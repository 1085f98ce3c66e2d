#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/api/result.h"
#include "gateway/api/settings.h"
#include "gateway/net/tls_rules.h"

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

  SSL_CTX* get() const { return context_.get(); }
  /// Whether the files had the same content when the other one was made.
  bool is_same_as(const TlsClientContext& other) const { return digest_ == other.digest_; }

 private:
  TlsClientContext(SslContextPtr context, std::string digest)
      : context_(std::move(context)), digest_(std::move(digest)) {}

  SslContextPtr context_;
  const std::string digest_;  // of the files that it was made from
};

}  // namespace trackly::net
