#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>

namespace trackly::json {

/// Uninitialised memory that is kept from one use to the next. Pages that nobody writes to cost
/// nothing, so asking for the most that could be needed is cheap.
template <class T>
class Scratch {
 public:
  /// Room for `count` elements; what it held before is lost.
  T* room_for(std::size_t count) {
    if (count > capacity_) {
      // At least double, so that slowly growing texts do not allocate each time.
      const std::size_t capacity = std::max(count, 2 * capacity_);
      // Free first: a large text must not need the old and the new memory at a time.
      release();
      memory_ = std::make_unique_for_overwrite<T[]>(capacity);
      capacity_ = capacity;
    }
    return memory_.get();
  }
  const T* data() const { return memory_.get(); }
  std::size_t bytes() const { return capacity_ * sizeof(T); }
  void release() {
    memory_.reset();
    capacity_ = 0;
  }

 private:
  std::unique_ptr<T[]> memory_;
  std::size_t capacity_ = 0;
};

}  // namespace trackly::json
