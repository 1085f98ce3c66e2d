#pragma once

#include "gateway/api/loop.h"
#include "gateway/api/settings.h"

namespace trackly::proxy {

/// How many requests may be repeated. Where a service is in trouble, each repeat is load that it
/// can do without: so a few are free, and beyond those only a share of the requests is repeated.
/// One for each upstream and worker.
class RetryBudget {
 public:
  explicit RetryBudget(const RetrySettings& settings) : settings_(settings) {}

  /// A request is made for the first time.
  void earn();
  /// A request is to be repeated: false where nothing is left for it.
  bool spend(TimePoint now);

 private:
  const RetrySettings& settings_;
  double free_ = 0;  // as of free_since_
  TimePoint free_since_{};
  double earned_ = 0;
};

}  // namespace trackly::proxy
