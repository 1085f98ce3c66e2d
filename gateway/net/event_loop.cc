#include "gateway/net/event_loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace trackly::net {
namespace {

timeval to_timeval(Duration delay) {
  // Rounded up: a timer that fires a moment early would find its deadline not reached and run
  // twice.
  const auto micros = std::chrono::ceil<std::chrono::microseconds>(delay).count();
  return {static_cast<time_t>(micros / 1'000'000), static_cast<suseconds_t>(micros % 1'000'000)};
}

/// Re-arming is far more common than firing (every piece of every message moves a deadline), so a
/// later deadline is only written down; the event that fires too early then arms itself for the
/// rest.
class EventTimer final : public Timer {
 public:
  EventTimer(EventLoop& loop, std::function<void()> callback)
      : loop_(loop), callback_(std::move(callback)) {
    event_assign(&event_, loop.base(), -1, 0, &EventTimer::on_fire, this);
  }
  ~EventTimer() override { event_del(&event_); }
  EventTimer(const EventTimer&) = delete;
  EventTimer& operator=(const EventTimer&) = delete;

  void arm(Duration delay) override {
    deadline_ = loop_.now() + delay;
    armed_ = true;
    if (scheduled_ && scheduled_for_ <= deadline_) return;
    schedule(delay);
  }

  void disarm() override { armed_ = false; }

 private:
  void schedule(Duration delay) {
    const timeval after = to_timeval(delay);
    scheduled_for_ = deadline_;
    scheduled_ = true;
    event_add(&event_, &after);
  }

  static void on_fire(int, short, void* context) {
    auto& self = *static_cast<EventTimer*>(context);
    self.scheduled_ = false;
    if (!self.armed_) return;
    const TimePoint now = self.loop_.now();
    if (now < self.deadline_) {
      self.schedule(self.deadline_ - now);
      return;
    }
    self.armed_ = false;
    self.callback_();
  }

  EventLoop& loop_;
  std::function<void()> callback_;
  event event_;
  TimePoint deadline_{};
  TimePoint scheduled_for_{};
  bool armed_ = false;
  bool scheduled_ = false;
};

void run_callback(int, short, void* callback) {
  (*static_cast<std::function<void()>*>(callback))();
}

}  // namespace

void EventDeleter::operator()(event* e) const { event_free(e); }

void EventLoop::BaseDeleter::operator()(event_base* base) const { event_base_free(base); }

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  event_base* base = event_base_new();
  if (base == nullptr) return Fault{"cannot create an event loop"};
  const int wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_fd < 0) {
    event_base_free(base);
    return Fault{"cannot create an eventfd"};
  }
  return std::unique_ptr<EventLoop>(new EventLoop(base, wake_fd));
}

EventLoop::EventLoop(event_base* base, int wake_fd) : base_(base), wake_fd_(wake_fd) {
  wake_event_ = on_fd(wake_fd_, EV_READ | EV_PERSIST, &EventLoop::on_wake, this);
}

EventLoop::~EventLoop() {
  // Whom the tasks are for may be gone: they are dropped, not run. What is deferred is owned here,
  // and its end may post and defer again.
  while (!tasks_.empty() || !garbage_.empty()) {
    tasks_.clear();
    std::exchange(garbage_, {}).clear();
  }
  wake_event_.reset();
  close(wake_fd_);
}

TimePoint EventLoop::now() const {
  if (!time_known_) {
    now_ = std::chrono::steady_clock::now();
    wall_now_ = std::chrono::system_clock::now();
    time_known_ = true;
  }
  return now_;
}

WallTime EventLoop::wall_now() const {
  now();
  return wall_now_;
}

std::uint64_t EventLoop::random() {
  if (entropy_left_ == 0) {
    const std::size_t size = sizeof(entropy_);
    // Up to 256 bytes come whole and without EINTR; 512 may be interrupted.
    if (getrandom(entropy_.data(), size, 0) != static_cast<ssize_t>(size)) return random();
    entropy_left_ = entropy_.size();
  }
  return entropy_[--entropy_left_];
}

std::unique_ptr<Timer> EventLoop::timer(std::function<void()> callback) {
  return std::make_unique<EventTimer>(*this, std::move(callback));
}

void EventLoop::post(std::function<void()> task) { tasks_.push_back(std::move(task)); }

void EventLoop::defer_delete(std::unique_ptr<Deferred> object) {
  garbage_.push_back(std::move(object));
}

void EventLoop::run_tasks() {
  while (!tasks_.empty() || !garbage_.empty()) {
    while (!tasks_.empty()) {
      std::vector<std::function<void()>> batch;
      batch.swap(tasks_);
      for (auto& task : batch) task();
    }
    std::vector<std::unique_ptr<Deferred>> dead;
    dead.swap(garbage_);
    dead.clear();
  }
}

void EventLoop::run() {
  while (!stopped_.load(std::memory_order_relaxed)) {
    run_tasks();
    time_known_ = false;
    event_base_loop(base_.get(), EVLOOP_ONCE);
  }
  run_tasks();
  stopped_.store(false, std::memory_order_relaxed);
}

void EventLoop::stop() {
  submit([this] { stopped_.store(true, std::memory_order_relaxed); });
}

void EventLoop::submit(std::function<void()> task) {
  bool first = false;
  {
    const std::lock_guard lock(submitted_mutex_);
    first = submitted_.empty();
    submitted_.push_back(std::move(task));
  }
  if (!first) return;
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake anyway.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));
}

void EventLoop::run_submitted() {
  std::vector<std::function<void()>> batch;
  {
    const std::lock_guard lock(submitted_mutex_);
    batch.swap(submitted_);
  }
  for (auto& task : batch) task();
}

void EventLoop::on_wake(int fd, short, void* context) {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(fd, &count, sizeof(count));
  static_cast<EventLoop*>(context)->run_submitted();
}

EventPtr EventLoop::on_signal(int signal, std::function<void()>& callback) {
  return on_fd(signal, EV_SIGNAL | EV_PERSIST, run_callback, &callback);
}

EventPtr EventLoop::once_readable(int fd, std::function<void()>& callback) {
  return on_fd(fd, EV_READ, run_callback, &callback);
}

EventPtr EventLoop::on_fd(int fd, short what, void (*callback)(int, short, void*), void* context) {
  EventPtr handle(event_new(base_.get(), fd, what, callback, context));
  event_add(handle.get(), nullptr);
  return handle;
}

}  // namespace trackly::net
