#pragma once

#include <algorithm>
#include <cstdint>

#include "gateway/api/loop.h"

namespace trackly::proxy {

/// Whether a client keeps up a minimum rate, on the average of the time in which it was waited for:
/// what the service takes is not its fault, and a pause is none if it was fast before.
class Pace {
 public:
  /// `per_second` 0: any pace will do.
  Pace(std::uint64_t per_second, Duration grace) : per_second_(per_second), grace_(grace) {}

  void wait(TimePoint now) {
    if (!waiting_) since_ = now;
    waiting_ = true;
  }
  void rest(TimePoint now) {
    if (waiting_) waited_ += now - since_;
    waiting_ = false;
  }

  /// For how long `bytes` so far will do: the grace, and what they would have taken at the minimum
  /// rate, less the time waited. Never negative.
  Duration left(std::uint64_t bytes, TimePoint now) const {
    if (per_second_ == 0) return Duration::max();
    const Duration waited = waited_ + (waiting_ ? now - since_ : Duration::zero());
    const auto earned = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(
        static_cast<double>(bytes) / static_cast<double>(per_second_)));
    return std::max(Duration::zero(), grace_ + earned - waited);
  }

 private:
  std::uint64_t per_second_;
  Duration grace_;
  Duration waited_{};
  TimePoint since_{};
  bool waiting_ = false;
};

}  // namespace trackly::proxy
