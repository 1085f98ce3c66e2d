#include "gateway/proxy/circuit_breaker.h"

#include <utility>

namespace trackly::proxy {
namespace {

std::int64_t nanoseconds(TimePoint time) { return time.time_since_epoch().count(); }

}  // namespace

CircuitBreaker::CircuitBreaker(const CircuitBreakerSettings& settings) : settings_(settings) {}

CircuitBreaker::Answer CircuitBreaker::ask(TimePoint now) {
  const std::uint32_t period = period_.load();
  if (!is_open(period)) return {Permit(*this, period, kNoTrial), {}};
  const std::int64_t until = open_until_.load();
  if (nanoseconds(now) < until) return {std::nullopt, Duration(until - nanoseconds(now))};
  std::int64_t other = trial_until_.load();
  const std::int64_t trial = nanoseconds(now) + settings_.open_for.count();
  if (nanoseconds(now) < other || !trial_until_.compare_exchange_strong(other, trial)) {
    return {std::nullopt, {}};
  }
  // Another trial may have ended meanwhile.
  if (period_.load() != period) {
    end_trial(trial);
    return ask(now);
  }
  return {Permit(*this, period, trial), {}};
}

/// Unless another has begun since.
void CircuitBreaker::end_trial(std::int64_t trial) {
  trial_until_.compare_exchange_strong(trial, kNoTrial);
}

/// Of those who find at the same time that it has to open, one opens it.
void CircuitBreaker::open(TimePoint now, std::uint32_t period) {
  // First, so that whoever sees it open knows until when. Closed, nobody looks at it.
  open_until_ = nanoseconds(now) + settings_.open_for.count();
  const std::uint32_t next = period + (is_open(period) ? 2 : 1);
  if (!period_.compare_exchange_strong(period, next)) return;
  failures_in_a_row_ = 0;
  ++openings_;
}

void CircuitBreaker::close(std::uint32_t period) {
  if (period_ != period) return;
  // First, so that nobody counts along. Open, nobody does.
  failures_in_a_row_ = 0;
  for (Slice& slice : slices_) slice.number = -1;
  period_.compare_exchange_strong(period, period + 1);
}

std::int64_t CircuitBreaker::slice_number(TimePoint now) const {
  return nanoseconds(now) / (settings_.window.count() / static_cast<std::int64_t>(kSlices));
}

void CircuitBreaker::count(TimePoint now, bool failed) {
  if (settings_.failure_percent == 0) return;
  const std::int64_t number = slice_number(now);
  Slice& slice = slices_[static_cast<std::size_t>(number) % kSlices];
  std::int64_t before = slice.number.load(std::memory_order_relaxed);
  if (before < number && slice.number.compare_exchange_strong(before, number)) {
    slice.requests = 0;
    slice.failures = 0;
  }
  slice.requests.fetch_add(1, std::memory_order_relaxed);
  if (failed) slice.failures.fetch_add(1, std::memory_order_relaxed);
}

bool CircuitBreaker::has_failed_too_often(TimePoint now) const {
  if (failures_in_a_row_ >= settings_.consecutive_failures) return true;
  if (settings_.failure_percent == 0) return false;
  const std::int64_t oldest = slice_number(now) - static_cast<std::int64_t>(kSlices) + 1;
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  for (const Slice& slice : slices_) {
    if (slice.number < oldest) continue;
    requests += slice.requests;
    failures += slice.failures;
  }
  return requests >= settings_.minimum_requests &&
         failures * 100 >= requests * settings_.failure_percent;
}

// ------------------------------------------------------------------------------------- the permit

CircuitBreaker::Permit::Permit(Permit&& other) noexcept
    : breaker_(std::exchange(other.breaker_, nullptr)),
      period_(other.period_),
      trial_(other.trial_) {}

CircuitBreaker::Permit& CircuitBreaker::Permit::operator=(Permit&& other) noexcept {
  if (this == &other) return *this;
  give_up();
  breaker_ = std::exchange(other.breaker_, nullptr);
  period_ = other.period_;
  trial_ = other.trial_;
  return *this;
}

CircuitBreaker::Permit::~Permit() { give_up(); }

void CircuitBreaker::Permit::give_up() {
  if (breaker_ != nullptr && trial_ != kNoTrial) breaker_->end_trial(trial_);
  breaker_ = nullptr;
}

void CircuitBreaker::Permit::answered() {
  if (breaker_ == nullptr || trial_ == kNoTrial) return;
  breaker_->close(period_);
  breaker_->end_trial(trial_);
  trial_ = kNoTrial;
  period_ = breaker_->period_;
}

/// The request was made in this period, and it is a closed one.
bool CircuitBreaker::Permit::counts_for(const CircuitBreaker& breaker) const {
  return !is_open(period_) && breaker.period_ == period_;
}

void CircuitBreaker::Permit::succeeded(TimePoint now) {
  answered();
  CircuitBreaker* const breaker = std::exchange(breaker_, nullptr);
  if (breaker == nullptr || !counts_for(*breaker)) return;
  // Not written where it stands already: the workers share it.
  if (breaker->failures_in_a_row_ != 0) breaker->failures_in_a_row_ = 0;
  breaker->count(now, false);
}

void CircuitBreaker::Permit::failed(TimePoint now) {
  CircuitBreaker* const breaker = std::exchange(breaker_, nullptr);
  if (breaker == nullptr) return;
  if (trial_ != kNoTrial) {
    if (breaker->period_ == period_) breaker->open(now, period_);
    breaker->end_trial(trial_);
    return;
  }
  if (!counts_for(*breaker)) return;
  ++breaker->failures_in_a_row_;
  breaker->count(now, true);
  if (breaker->has_failed_too_often(now)) breaker->open(now, period_);
}

}  // namespace trackly::proxy
