#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace trackly {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// Base of what Loop::defer_delete takes.
class Deferred {
 public:
  Deferred() = default;
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;
  virtual ~Deferred() = default;
};

/// A one-shot deadline. Destroying it disarms it; the callback never runs from inside arm().
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() = default;

  /// (Re-)arms it: it fires once, `delay` from now().
  virtual void arm(Duration delay) = 0;
  virtual void disarm() = 0;
};

/// One thread's source of time, randomness and later. Everything that a worker owns lives on one
/// loop and is touched by its thread only. Tests put ManualLoop (tests/support) in its place and
/// advance the time by hand.
class Loop {
 public:
  Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  virtual ~Loop() = default;

  /// The time of this turn: read once a turn, so that a turn has one time.
  virtual TimePoint now() const = 0;
  virtual WallTime wall_now() const = 0;
  /// The time at this moment: for measuring what happens within a turn.
  virtual TimePoint exact_now() const { return now(); }
  /// Uniform; unpredictable to a peer.
  virtual std::uint64_t random() = 0;

  virtual std::unique_ptr<Timer> timer(std::function<void()> callback) = 0;

  /// Runs `task` after the events of this turn, in the order posted; a task posted by such a task
  /// runs in the same turn. This thread only.
  virtual void post(std::function<void()> task) = 0;

  /// Any thread: `task` runs on the loop's thread in one of its next turns. Tasks that a stopped
  /// loop has not run are destroyed with it.
  virtual void submit(std::function<void()> task) = 0;

  /// Destroys `object` when this turn's tasks have run, when nothing of it is on the stack any
  /// more. Until then it must ignore events.
  virtual void defer_delete(std::unique_ptr<Deferred> object) = 0;
};

}  // namespace trackly
