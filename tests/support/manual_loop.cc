#include "tests/support/manual_loop.h"

#include <algorithm>
#include <utility>

namespace trackly::test {

class ManualLoop::ManualTimer final : public Timer {
 public:
  ManualTimer(ManualLoop& loop, std::function<void()> callback)
      : loop_(loop), callback_(std::move(callback)) {}
  ~ManualTimer() override { loop_.disarm(*this); }

  void arm(Duration delay) override { loop_.arm(*this, delay); }
  void disarm() override { loop_.disarm(*this); }
  // The callback runs in place: one that destroys its own timer is a bug that sanitizers then see.
  void fire() { callback_(); }

 private:
  ManualLoop& loop_;
  std::function<void()> callback_;
};

ManualLoop::~ManualLoop() {
  // As the real loop: whom the tasks are for may be gone.
  while (!posted_.empty() || !deferred_.empty()) {
    posted_.clear();
    std::exchange(deferred_, {}).clear();
  }
}

void ManualLoop::advance(Duration by) {
  const TimePoint end = now_ + by;
  run_posted();
  while (fire_next(end)) run_posted();
  now_ = end;
}

void ManualLoop::run_posted() {
  while (!posted_.empty() || !deferred_.empty()) {
    while (!posted_.empty()) {
      const std::function<void()> task = std::move(posted_.front());
      posted_.pop_front();
      task();
    }
    std::exchange(deferred_, {}).clear();
  }
}

WallTime ManualLoop::wall_now() const {
  constexpr WallTime kWallStart{std::chrono::seconds(1'767'225'600)};  // 2026-01-01T00:00:00Z
  return kWallStart + std::chrono::duration_cast<WallTime::duration>(now_ - kStart);
}

// SplitMix64 (Steele, Lea and Flood 2014).
std::uint64_t ManualLoop::random() {
  std::uint64_t z = (random_state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::unique_ptr<Timer> ManualLoop::timer(std::function<void()> callback) {
  return std::make_unique<ManualTimer>(*this, std::move(callback));
}

void ManualLoop::arm(ManualTimer& timer, Duration delay) {
  disarm(timer);
  const TimePoint due = now_ + std::max(delay, Duration::zero());
  const auto after =
      std::upper_bound(armed_.begin(), armed_.end(), due,
                       [](TimePoint t, const Armed& armed) { return t < armed.due; });
  armed_.insert(after, Armed{due, &timer});
}

void ManualLoop::disarm(const ManualTimer& timer) {
  std::erase_if(armed_, [&timer](const Armed& armed) { return armed.timer == &timer; });
}

bool ManualLoop::fire_next(TimePoint end) {
  if (armed_.empty() || armed_.front().due > end) return false;
  const Armed first = armed_.front();
  armed_.erase(armed_.begin());
  now_ = std::max(now_, first.due);
  first.timer->fire();
  return true;
}

}  // namespace trackly::test
