#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/worker.h"

namespace trackly {

/// How a gateway comes to its end without cutting anything: what it waits for, and for how long. On
/// one loop.
class Drain {
 public:
  struct Steps {
    std::function<void()> turn_away;  // nobody new
    std::function<void()> close;      // a round trip later: nobody at all
    std::function<void()> end;
  };
  /// `workers` are all there will be when it begins; `loop` and they outlive it.
  Drain(Loop& loop, const std::vector<std::unique_ptr<Worker>>& workers, Steps steps);

  /// Goes on accepting for `delay`, since whoever sends clients here has yet to notice that the
  /// gateway is not ready any more; then as begin(). Again: the delay is over.
  void leave(Duration delay, Duration timeout);
  /// Stops accepting, has the workers finish what they have, and ends when they have or after
  /// `timeout`.
  void begin(Duration timeout);

  bool is_serving() const { return state_ == State::serving; }
  bool has_begun() const { return state_ == State::draining; }
  std::size_t requests_in_flight() const;
  /// Requests whose client did not get the whole answer in time; known at the end.
  std::size_t cut() const { return cut_; }

 private:
  enum class State : std::uint8_t { serving, leaving, draining };

  void look();

  Loop& loop_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  const Steps steps_;
  State state_ = State::serving;
  bool is_closed_ = false;
  Duration timeout_{};
  TimePoint until_{};
  std::size_t cut_ = 0;
  const std::unique_ptr<Timer> end_of_delay_;
  const std::unique_ptr<Timer> next_look_;
};

}  // namespace trackly
