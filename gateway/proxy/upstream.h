#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "gateway/api/settings.h"
#include "gateway/net/connector.h"
#include "gateway/proxy/circuit_breaker.h"
#include "gateway/proxy/retry_budget.h"
#include "gateway/proxy/shared_upstream.h"
#include "gateway/proxy/target.h"
#include "gateway/proxy/target_pool.h"
#include "gateway/proxy/upstream_call.h"

namespace trackly::proxy {

/// A service behind the gateway, as one worker sees it: its targets, the connections to them, and
/// the calls that wait for one.
class Upstream {
 public:
  /// `loop` and `connector` outlive the upstream. Calls wait until set_targets() has come.
  Upstream(Loop& loop, net::Connector& connector, std::shared_ptr<SharedUpstream> shared);
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  /// All that there are from now on; also to be called when one of them passes its health checks no
  /// more, or again. Calls on connections to others are finished.
  void set_targets(const Targets& targets);

  const std::string& name() const { return settings().name; }
  const UpstreamSettings& settings() const { return shared_->settings; }

  /// One for all workers; nullptr: none. Callers ask it before they call.
  CircuitBreaker* breaker() const { return shared_->breaker.get(); }
  /// Asked before a call is repeated.
  RetryBudget& retry_budget() { return retry_budget_; }

  /// A call that begin() will send. `end`: no body follows the head. `avoid`: has refused the
  /// request before; only compared, never asked anything.
  std::unique_ptr<UpstreamCall> call(Head head, bool end, UpstreamCallEvents& events,
                                     const Target* avoid = nullptr);

  /// How a request to that target went, for its ejection.
  void note_success(Target& target);
  void note_failure(Target& target);

 private:
  friend class TargetPool;
  friend class UpstreamCall;
  friend class UpstreamConnection;

  enum class Assigned : std::uint8_t { yes, not_now, never };

  Loop& loop() { return loop_; }

  /// Finds a connection for the call, opens one, or lets it wait. The call may be gone afterwards.
  void assign(UpstreamCall& call);
  Assigned assign_anywhere(UpstreamCall& call);
  void find_candidates(const UpstreamCall& call);
  bool comes_after_others(const UpstreamCall& call) const;
  UpstreamFailure why_never(const UpstreamCall& call) const;
  UpstreamFailure why_not_now(const UpstreamCall& call) const;
  void leave_queue(UpstreamCall& call);
  void serve_queue();
  void serve_queue_later();
  void keep_warm();
  void drop_empty_pools();

  // By connections.
  /// Connecting for the call failed: the next target, if it has not tried them all.
  void try_elsewhere(UpstreamCall& call, UpstreamFailure reason);
  void on_room(UpstreamConnection& connection);
  void on_gone(UpstreamConnection& connection);

  Loop& loop_;
  net::Connector& connector_;
  const std::shared_ptr<SharedUpstream> shared_;  // destroyed after the pools
  RetryBudget retry_budget_;

  bool targets_known_ = false;
  std::vector<std::unique_ptr<TargetPool>> pools_;    // of the targets of the moment
  std::vector<std::unique_ptr<TargetPool>> leaving_;  // of former ones, until all is finished
  std::deque<UpstreamCall*> waiting_;
  std::unique_ptr<Timer> warm_up_;  // nullptr: no connections are kept ready

  // Of one assignment; here only to keep their memory.
  std::vector<TargetPool*> candidates_;
  std::vector<Load*> loads_;
};

}  // namespace trackly::proxy
