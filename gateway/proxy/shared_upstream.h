#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "gateway/api/settings.h"
#include "gateway/http/codec.h"
#include "gateway/net/tls_client_context.h"
#include "gateway/proxy/circuit_breaker.h"

namespace trackly::proxy {

/// What all workers share of an upstream; outlives what they have of it, and the configuration that
/// it came from. Any thread.
struct SharedUpstream {
  /// `circuit_breaker`: one that is to be kept; nullptr where the settings ask for a new one, or
  /// for none.
  explicit SharedUpstream(const UpstreamSettings& all_settings,
                          const http::CodecLimits& its_limits = {},
                          std::shared_ptr<const net::TlsClientContext> tls_context = nullptr,
                          std::shared_ptr<CircuitBreaker> circuit_breaker = nullptr)
      : settings(all_settings),
        limits(its_limits),
        tls(std::move(tls_context)),
        breaker(std::move(circuit_breaker)) {
    if (breaker == nullptr && settings.circuit_breaker) {
      breaker = std::make_shared<CircuitBreaker>(*settings.circuit_breaker);
    }
  }

  const UpstreamSettings settings;
  const http::CodecLimits limits;                          // of its answers
  const std::shared_ptr<const net::TlsClientContext> tls;  // nullptr: no endpoint is https://
  std::shared_ptr<CircuitBreaker> breaker;                 // nullptr: none
  /// To its targets, of all workers, those in the making included.
  std::atomic<std::size_t> connections = 0;
};

}  // namespace trackly::proxy
