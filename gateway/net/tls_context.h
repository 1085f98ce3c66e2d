#pragma once

#include <memory>
#include <string>

#include "gateway/api/result.h"
#include "gateway/api/settings.h"

using SSL_CTX = struct ssl_ctx_st;

namespace trackly::net {

/// A server's certificate, key and protocol rules. Immutable after creation; shared by all workers.
class TlsContext {
 public:
  /// TLS 1.2 and 1.3, ALPN h2 and http/1.1 (h2 preferred), no renegotiation. The fault names the
  /// file that cannot be used and why.
  static Result<std::shared_ptr<const TlsContext>> create(const TlsSettings& settings);

  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Deleter {
    void operator()(SSL_CTX* context) const;
  };
  explicit TlsContext(SSL_CTX* context) : context_(context) {}

  std::unique_ptr<SSL_CTX, Deleter> context_;
};

}  // namespace trackly::net
