#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/api/result.h"

struct event;
struct event_base;

namespace trackly::net {

/// Owns an event of libevent: taken out of its base and freed when destroyed.
struct EventDeleter {
  void operator()(event* e) const;
};
using EventPtr = std::unique_ptr<event, EventDeleter>;

/// A Loop on libevent. All methods belong to the thread that calls run(), except submit() and
/// stop().
class EventLoop final : public Loop {
 public:
  /// Fails only where the system has no descriptors left.
  static Result<std::unique_ptr<EventLoop>> create();
  ~EventLoop() override;

  TimePoint now() const override;
  WallTime wall_now() const override;
  TimePoint exact_now() const override { return std::chrono::steady_clock::now(); }
  std::uint64_t random() override;
  std::unique_ptr<Timer> timer(std::function<void()> callback) override;
  void post(std::function<void()> task) override;
  void defer_delete(std::unique_ptr<Deferred> object) override;

  /// Runs turns until stop(); may be called again after that.
  void run();
  /// Any thread: run() returns after the turn in which this arrives.
  void stop();
  void submit(std::function<void()> task) override;

  /// The callback runs on the loop whenever the process receives `signal`. At most one loop of a
  /// process may do that.
  EventPtr on_signal(int signal, std::function<void()>& callback);
  /// The callback, which outlives the event, runs once, when `fd` can be read.
  EventPtr once_readable(int fd, std::function<void()>& callback);
  EventPtr on_fd(int fd, short what, void (*callback)(int, short, void*), void* context);

  /// Room for one read of one socket; valid until the callback that uses it returns.
  std::span<char> scratch() { return scratch_; }
  event_base* base() { return base_.get(); }

 private:
  struct BaseDeleter {
    void operator()(event_base* base) const;
  };

  EventLoop(event_base* base, int wake_fd);
  void run_tasks();
  void run_submitted();
  static void on_wake(int fd, short what, void* self);

  std::unique_ptr<event_base, BaseDeleter> base_;
  int wake_fd_;
  EventPtr wake_event_;

  mutable TimePoint now_{};
  mutable WallTime wall_now_{};
  mutable bool time_known_ = false;

  std::vector<std::function<void()>> tasks_;
  std::vector<std::unique_ptr<Deferred>> garbage_;
  std::atomic<bool> stopped_ = false;

  std::mutex submitted_mutex_;
  std::vector<std::function<void()>> submitted_;

  std::array<std::uint64_t, 64> entropy_{};
  std::size_t entropy_left_ = 0;

  std::array<char, std::size_t{32} * 1024> scratch_;
};

}  // namespace trackly::net
