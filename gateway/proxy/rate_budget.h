#pragma once

#include <algorithm>
#include <cstdint>

#include "gateway/api/loop.h"

namespace trackly::proxy {

/// What one peer may spend: a burst, filled up again at a rate.
class RateBudget {
 public:
  RateBudget(std::uint64_t burst, std::uint64_t per_second, TimePoint now)
      : burst_(static_cast<double>(burst)),
        per_second_(static_cast<double>(per_second)),
        left_(burst_),
        at_(now) {}

  /// False where it is spent.
  bool spend(std::uint64_t amount, TimePoint now) {
    const double seconds = std::chrono::duration<double>(now - at_).count();
    at_ = now;
    left_ = std::min(burst_, left_ + seconds * per_second_) - static_cast<double>(amount);
    return left_ >= 0;
  }

 private:
  double burst_;
  double per_second_;
  double left_;
  TimePoint at_;
};

}  // namespace trackly::proxy
