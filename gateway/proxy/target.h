#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/api/settings.h"
#include "gateway/net/connector.h"

namespace trackly::proxy {

/// Whether nobody has to be asked where it is: an address literal, or a unix socket.
bool is_address(const EndpointSettings& endpoint);

/// How an endpoint of an upstream is connected to at `host`, one of its addresses. `tls` is for
/// https:// endpoints.
net::Address address_of(const EndpointSettings& endpoint, std::string host,
                        const UpstreamSettings& upstream,
                        std::shared_ptr<const net::TlsClientContext> tls);

/// One address that serves an upstream: an endpoint of the configuration, or one of several
/// addresses that the endpoint's name stands for. What all workers know about it; any thread may
/// call anything. It lives as long as somebody holds it, which may be longer than its name stands
/// for it.
class Target {
 public:
  /// `settings` outlives the target.
  Target(const EndpointSettings& settings, net::Address address);
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  const EndpointSettings& settings() const { return settings_; }
  /// An address literal or a unix socket, never a name.
  const net::Address& address() const { return address_; }
  /// For logs: the endpoint as configured, with the address where that is a name:
  /// "http://api.internal:9000 (10.0.0.7)".
  const std::string& text() const { return text_; }
  /// As in a URL: host and port of the endpoint; a unix socket has no host of its own.
  std::string authority() const;

  /// What active checks say; true until they have said something.
  bool passes_checks() const { return passes_checks_.load(std::memory_order_relaxed); }
  void set_passes_checks(bool passes) { passes_checks_ = passes; }

  // Passive checks: how requests went.
  void succeeded();
  /// True when this ejects it: too many have failed without a success between them.
  bool failed(TimePoint now, const EjectionSettings& settings);
  bool is_ejected(TimePoint now) const;

 private:
  const EndpointSettings& settings_;
  const net::Address address_;
  const std::string text_;
  std::atomic<bool> passes_checks_ = true;
  std::atomic<std::uint32_t> failures_in_a_row_ = 0;
  std::atomic<std::int64_t> ejected_until_ = 0;  // ns of the clock
};

/// The addresses of an upstream at one time, in the order of its endpoints. Immutable; what is
/// known about each changes in place.
using Targets = std::vector<std::shared_ptr<Target>>;

}  // namespace trackly::proxy
