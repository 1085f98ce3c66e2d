#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/api/settings.h"
#include "gateway/net/connector.h"
#include "gateway/net/resolver.h"
#include "gateway/proxy/shared_upstream.h"
#include "gateway/proxy/target.h"

namespace trackly::proxy {

/// Watches over an upstream for the whole process, on one loop: finds the addresses that its
/// endpoints' names stand for, again and again, and asks each of them about its health where a
/// health check is configured.
class UpstreamMonitor {
 public:
  /// Called on the monitor's loop, never from inside its constructor or start(), with all targets
  /// of the moment, whenever there are others than targets() gave before start(), or one of them
  /// passes its checks no more or again. It must not destroy the monitor.
  using Changed = std::function<void(std::shared_ptr<const Targets>)>;

  /// What is passed by reference outlives the monitor; whoever has targets keeps `shared`, too.
  UpstreamMonitor(Loop& loop, net::Connector& connector, net::Resolver& resolver,
                  std::shared_ptr<const SharedUpstream> shared, const ResolverSettings& resolving,
                  Changed changed);
  ~UpstreamMonitor();
  UpstreamMonitor(const UpstreamMonitor&) = delete;
  UpstreamMonitor& operator=(const UpstreamMonitor&) = delete;

  /// Begins to resolve and to check. Once.
  void start();

  const SharedUpstream& upstream() const { return *shared_; }

  /// Those that are known. nullptr as long as there is none and a name has not been answered for,
  /// which is never the case where an endpoint is an address; empty where no name has one.
  std::shared_ptr<const Targets> targets() const { return targets_; }

 private:
  class Endpoint;
  class Check;

  std::shared_ptr<const Targets> collect() const;
  void endpoint_changed();
  void publish_soon() { publication_->arm(Duration::zero()); }

  Loop& loop_;
  net::Connector& connector_;
  net::Resolver& resolver_;
  const std::shared_ptr<const SharedUpstream> shared_;  // destroyed after the targets
  const UpstreamSettings& settings_;                    // of it
  const ResolverSettings resolving_;
  const Changed changed_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::shared_ptr<const Targets> targets_;
  /// A timer, as what changes within a turn is told once, and to nobody who is gone by then.
  std::unique_ptr<Timer> publication_;
};

}  // namespace trackly::proxy
