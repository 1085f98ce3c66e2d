#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "gateway/api/loop.h"

namespace trackly {

/// Gives a sign of life as long as every thread does its work: one that is stuck has whoever waits
/// for the sign start the process anew, which no thread could do for itself. On one loop.
class Watchdog {
 public:
  /// Has another loop do something; any thread.
  using Submit = std::function<void(std::function<void()> task)>;

  /// Asks all of `threads` twice in each `interval`, and calls `alive` when they have answered.
  /// `loop` outlives it, and it outlives the threads.
  Watchdog(Loop& loop, Duration interval, std::vector<Submit> threads, std::function<void()> alive);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void ask();
  void on_answer();

  Loop& loop_;
  const Duration pause_;
  const std::vector<Submit> threads_;
  const std::function<void()> alive_;
  std::size_t missing_ = 0;  // answers
  const std::unique_ptr<Timer> next_;
};

}  // namespace trackly
