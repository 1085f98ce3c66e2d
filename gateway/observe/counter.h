#pragma once

#include <atomic>
#include <cstdint>

namespace trackly::observe {

/// Counts up on one thread, and any may read it. That no other writes makes counting as cheap as
/// with a plain number: nothing is locked.
class Counter {
 public:
  void add(std::uint64_t amount = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

}  // namespace trackly::observe
