#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "gateway/api/loop.h"
#include "gateway/api/settings.h"

namespace trackly::proxy {

/// Keeps requests from a service that fails anyway, so that clients hear it at once and the service
/// can recover. One for each upstream, shared by all workers: any thread may call anything. Times
/// are those of the workers' loops, which share one clock.
///
/// Closed, it counts failures; too many in a row, or too large a share within a window, open it.
/// Open, it refuses. When its time is over, one request at a time may try (half open): the first
/// one that the service answers closes it, one that fails opens it anew. One that takes longer than
/// the breaker was open, such as a slow upload, keeps the others from trying no longer.
class CircuitBreaker {
 public:
  explicit CircuitBreaker(const CircuitBreakerSettings& settings);
  CircuitBreaker(const CircuitBreaker&) = delete;
  CircuitBreaker& operator=(const CircuitBreaker&) = delete;

  /// The leave to ask the service, to be told how it went. One that is destroyed without was in
  /// vain: it counts for nothing, and another request may try.
  class Permit {
   public:
    Permit(Permit&& other) noexcept;
    Permit& operator=(Permit&& other) noexcept;
    ~Permit();

    /// The service answers. Its answer may still break off, so this is not the end of it; but
    /// nobody else has to wait for the end of a long one.
    void answered();
    void succeeded(TimePoint now);
    void failed(TimePoint now);

   private:
    friend class CircuitBreaker;
    Permit(CircuitBreaker& breaker, std::uint32_t period, std::int64_t trial)
        : breaker_(&breaker), period_(period), trial_(trial) {}
    void give_up();
    bool counts_for(const CircuitBreaker& breaker) const;

    CircuitBreaker* breaker_;  // nullptr: moved from, or told
    std::uint32_t period_;
    std::int64_t trial_;  // its trial_until_; kNoTrial: it is none
  };

  struct Answer {
    std::optional<Permit> permit;
    Duration retry_after{};  // without a permit; zero where a trial is under way
  };
  Answer ask(TimePoint now);

  bool is_open() const { return is_open(period_.load(std::memory_order_relaxed)); }
  /// How often it has opened.
  std::uint64_t openings() const { return openings_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::int64_t kNoTrial = 0;
  static constexpr std::size_t kSlices = 10;

  /// A part of the window. Where its time comes round, whoever is first empties it; what others add
  /// at that very moment may be lost, which moves a share by less than it could tell.
  struct Slice {
    std::atomic<std::int64_t> number = -1;  // of all slices since the clock began
    std::atomic<std::uint32_t> requests = 0;
    std::atomic<std::uint32_t> failures = 0;
  };

  static bool is_open(std::uint32_t period) { return period % 2 != 0; }
  /// Both: unless that period is over.
  void open(TimePoint now, std::uint32_t period);
  void close(std::uint32_t period);
  void end_trial(std::int64_t trial);
  void count(TimePoint now, bool failed);
  bool has_failed_too_often(TimePoint now) const;
  std::int64_t slice_number(TimePoint now) const;

  const CircuitBreakerSettings settings_;
  std::atomic<std::int64_t> open_until_ = 0;  // where it is open: ns of the clock
  /// While one request tries, the time from which another may: ns of the clock.
  std::atomic<std::int64_t> trial_until_ = kNoTrial;
  /// Changes with each opening and closing, and is odd while it is open. One number for both, as
  /// workers act on it at the same time; and how a request of an earlier period went says nothing
  /// about this one.
  std::atomic<std::uint32_t> period_ = 0;
  std::atomic<std::uint32_t> failures_in_a_row_ = 0;
  std::array<Slice, kSlices> slices_;
  std::atomic<std::uint64_t> openings_ = 0;
};

}  // namespace trackly::proxy
