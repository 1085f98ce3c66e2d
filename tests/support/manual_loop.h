#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "gateway/api/loop.h"

namespace trackly::test {

/// A Loop whose time stands still until a test moves it. Everything is deterministic: timers fire
/// in the order of their deadlines (equal ones in the order armed), the random numbers are the same
/// in each run.
///
/// A test plays the part of the kernel: it calls what an event would call, then run_posted() where
/// a real loop would end its turn.
class ManualLoop final : public Loop {
 public:
  ManualLoop() = default;
  ~ManualLoop() override;

  /// Moves the time forward. Each timer that comes due on the way fires at its own time, in a turn
  /// of its own.
  void advance(Duration by);
  /// Ends a turn: runs what was posted, also by the tasks themselves, then destroys what was
  /// deferred, until neither is left.
  void run_posted();

  std::size_t armed_timers() const { return armed_.size(); }

  TimePoint now() const override { return now_; }
  WallTime wall_now() const override;
  std::uint64_t random() override;
  std::unique_ptr<Timer> timer(std::function<void()> callback) override;
  void post(std::function<void()> task) override { posted_.push_back(std::move(task)); }
  /// Tests have one thread.
  void submit(std::function<void()> task) override { post(std::move(task)); }
  void defer_delete(std::unique_ptr<Deferred> object) override {
    deferred_.push_back(std::move(object));
  }

 private:
  class ManualTimer;
  struct Armed {
    TimePoint due;
    ManualTimer* timer;
  };

  void arm(ManualTimer& timer, Duration delay);
  void disarm(const ManualTimer& timer);
  /// Fires the earliest timer that is due by `end`; false where there is none.
  bool fire_next(TimePoint end);

  // Not zero, so that a default-constructed TimePoint lies in the past, as it does in production.
  static constexpr TimePoint kStart{std::chrono::hours(1)};
  TimePoint now_ = kStart;
  std::uint64_t random_state_ = 1;
  std::vector<Armed> armed_;  // sorted by `due`
  std::deque<std::function<void()>> posted_;
  std::vector<std::unique_ptr<Deferred>> deferred_;
};

}  // namespace trackly::test
