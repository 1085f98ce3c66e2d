#pragma once

#include <memory>
#include <vector>

#include "gateway/observe/request_metrics.h"

namespace trackly::observe {

/// What was counted under configurations with other routes, upstreams, filters or codes than those
/// of now: so that a reload takes nothing back. For one thread.
class RequestHistory {
 public:
  using Metrics = std::vector<std::shared_ptr<RequestMetrics>>;

  /// No more is counted by `metrics` when `in_use` has expired; `labels` are those of now. What
  /// expired before takes no memory of its own from then on, whether or not anybody asks.
  void retire(std::weak_ptr<const void> in_use, Metrics metrics,
              const std::shared_ptr<const RequestLabels>& labels);
  /// The sum of all that is left of it under `labels`; nullptr: there never was any.
  std::unique_ptr<const RequestMetrics> sum(const std::shared_ptr<const RequestLabels>& labels);

 private:
  struct Retired {
    std::weak_ptr<const void> in_use;
    Metrics metrics;
  };
  void settle(const std::shared_ptr<const RequestLabels>& labels);

  std::vector<Retired> retired_;
  std::unique_ptr<RequestMetrics> settled_;  // of those that are not in use any more
};

}  // namespace trackly::observe
