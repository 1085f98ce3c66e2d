#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/api/settings.h"
#include "gateway/net/connector.h"
#include "gateway/net/resolver.h"
#include "gateway/proxy/target.h"

namespace trackly::proxy {

/// Watches over an upstream for the whole process, on one loop: finds the addresses that its
/// endpoints' names stand for, again and again, and asks each of them about its health where a
/// health check is configured.
class UpstreamMonitor {
 public:
  /// Called on the monitor's loop, never from inside its constructor or start(), with all targets
  /// of the moment, whenever there are others or one of them passes its checks no more or again.
  using Changed = std::function<void(std::shared_ptr<const Targets>)>;

  /// Everything outlives the monitor. `tls` is what https:// endpoints are spoken to with; nullptr
  /// where there is none.
  UpstreamMonitor(Loop& loop, net::Connector& connector, net::Resolver& resolver,
                  const UpstreamSettings& settings, const ResolverSettings& resolving,
                  std::shared_ptr<const net::TlsClientContext> tls, Changed changed);
  ~UpstreamMonitor();
  UpstreamMonitor(const UpstreamMonitor&) = delete;
  UpstreamMonitor& operator=(const UpstreamMonitor&) = delete;

  /// Begins to resolve and to check. Once.
  void start();

  /// Those that are known; nullptr as long as no name of any endpoint has been answered for, which
  /// is never the case where all endpoints are addresses.
  std::shared_ptr<const Targets> targets() const;

 private:
  class Endpoint;
  class Check;
};

}  // namespace trackly::proxy
