#pragma once

#include <chrono>
#include <thread>

namespace trackly::test {

/// How long a test waits for what must happen. Never part of what is measured: a healthy run needs
/// a small fraction of it, also under a sanitizer on a busy machine.
inline constexpr std::chrono::seconds kPatience{20};

using Milliseconds = std::chrono::milliseconds;

/// A moment to wait for at most.
class Deadline {
 public:
  explicit Deadline(Milliseconds in) : at_(Clock::now() + in) {}

  bool passed() const { return Clock::now() >= at_; }
  /// As poll(2) takes it: never negative.
  int remaining_ms() const {
    const auto left = std::chrono::duration_cast<Milliseconds>(at_ - Clock::now()).count();
    return left < 0 ? 0 : static_cast<int>(left) + 1;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point at_;
};

/// Asks again and again until it is so; false where it does not become so in time.
template <class Condition>
bool eventually(Condition condition) {
  const Deadline deadline(kPatience);
  while (!condition()) {
    if (deadline.passed()) return false;
    std::this_thread::sleep_for(Milliseconds(5));
  }
  return true;
}

}  // namespace trackly::test
