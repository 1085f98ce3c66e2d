#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "gateway/proxy/balancer.h"
#include "gateway/proxy/target.h"
#include "gateway/proxy/upstream_connection.h"

namespace trackly::proxy {

class Upstream;
class UpstreamCall;

/// One target of an upstream, with this worker's connections to it.
class TargetPool {
 public:
  /// The upstream outlives its pools.
  TargetPool(Upstream& upstream, std::shared_ptr<Target> target);
  ~TargetPool();
  TargetPool(const TargetPool&) = delete;
  TargetPool& operator=(const TargetPool&) = delete;

  const std::shared_ptr<Target>& target() const { return target_; }
  Load& load() { return load_; }

  /// Gives the call to a connection that has room, or to one that is being made. False: the target
  /// has as much as it may have now.
  bool take(UpstreamCall& call);

  /// Makes connections until there are as many as are kept ready.
  void warm_up();
  /// Whether a connection that nobody uses is worth keeping.
  bool keeps_idle() const { return !retired_ && target_->passes_checks(); }
  /// Closes what nobody uses.
  void close_idle();
  /// The target left the upstream: the same, and connections close when their last call has ended.
  void retire();
  /// A retired pool may go then.
  bool is_empty() const { return connections_.empty() && load_.requests == 0; }

  // By connections.
  /// The peer of a new https:// connection speaks HTTP/2, or does not.
  void learned(bool http2) { http2_ = http2; }
  void has_room(UpstreamConnection& connection);
  void forget(UpstreamConnection& connection);

 private:
  UpstreamConnection* ready_connection();
  UpstreamConnection* connecting_for_many();
  UpstreamConnection& open();
  std::size_t connecting() const;

  Upstream& upstream_;
  const std::shared_ptr<Target> target_;
  Load load_;
  std::vector<std::unique_ptr<UpstreamConnection>> connections_;
  /// Those that may have room for a call; the one used last is used next, so that the others can
  /// time out.
  std::vector<UpstreamConnection*> ready_;
  bool http2_;  // its connections carry many calls, as far as is known
  bool retired_ = false;
};

}  // namespace trackly::proxy
