#include "gateway/drain.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace trackly {
namespace {

// Also a round trip, as far as it matters here: that of connections which are half made.
constexpr auto kPause = std::chrono::milliseconds(20);

}  // namespace

Drain::Drain(Loop& loop, const std::vector<std::unique_ptr<Worker>>& workers, Steps steps)
    : loop_(loop),
      workers_(workers),
      steps_(std::move(steps)),
      end_of_delay_(loop.timer([this] { begin(timeout_); })),
      next_look_(loop.timer([this] { look(); })) {}

void Drain::leave(Duration delay, Duration timeout) {
  if (state_ != State::serving || delay == Duration::zero()) return begin(timeout);
  state_ = State::leaving;
  spdlog::info("not ready any more; new connections are taken for another {} ms",
               std::chrono::ceil<std::chrono::milliseconds>(delay).count());
  timeout_ = timeout;
  end_of_delay_->arm(delay);
}

void Drain::begin(Duration timeout) {
  if (state_ == State::draining) return;
  state_ = State::draining;
  end_of_delay_->disarm();
  spdlog::info("draining: {} requests in flight", requests_in_flight());
  steps_.turn_away();
  until_ = loop_.now() + timeout;
  for (const auto& worker : workers_) worker->drain();
  next_look_->arm(kPause);
}

/// Over when every client has all that it is to get: one that then takes its time to close is no
/// reason to wait.
void Drain::look() {
  if (!std::exchange(is_closed_, true)) steps_.close();
  const bool busy = std::any_of(workers_.begin(), workers_.end(),
                                [](const auto& worker) { return worker->activity().busy > 0; });
  if (busy && loop_.now() < until_) {
    next_look_->arm(kPause);
    return;
  }
  cut_ = requests_in_flight();
  for (const auto& worker : workers_) cut_ += worker->activity().undelivered;
  steps_.end();
}

std::size_t Drain::requests_in_flight() const {
  std::size_t requests = 0;
  for (const auto& worker : workers_) requests += worker->activity().requests;
  return requests;
}

}  // namespace trackly
