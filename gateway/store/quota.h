#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/api/stores.h"

namespace trackly::store {

using Micros = std::chrono::microseconds;

inline bool is_quota(const BucketPolicy& policy) { return policy.refill != Refill::steady; }

/// The slices of time that a quota counts in. What was taken counts against the quota until the
/// slice in which it was taken lies wholly outside of the quota's period; so no period of that
/// length, wherever it begins, has more than the quota, and a token is away for one slice more than
/// the period at most. A calendar quota has one slice at a time, which is its period.
///
/// Slices are numbered from the epoch of the clock on; times are since then, and not negative.
class QuotaSlices {
 public:
  /// Of a rolling period.
  static constexpr std::int64_t kSlices = 60;

  /// Requires: is_quota(policy).
  explicit QuotaSlices(const BucketPolicy& policy);

  std::int64_t at(Micros time) const;
  /// When what was taken in a slice counts no longer.
  Micros over(std::int64_t slice) const;
  /// Slices before the present one that count as well.
  std::int64_t older() const { return older_; }
  /// Zero: they are months.
  Micros length() const { return length_; }

 private:
  Micros length_{};
  std::int64_t older_ = 0;
};

/// What has been taken from one quota. The same QuotaSlices belong to every call; one thread at a
/// time.
class QuotaUse {
 public:
  explicit QuotaUse(const QuotaSlices& slices)
      : counts_(static_cast<std::size_t>(slices.older()) + 1) {}

  /// Forgets what counts no longer in this slice. A slice a little earlier than that of the last
  /// call, as a worker that lags behind may have it, is taken for that one. Where it is much
  /// earlier, the clock was set back, and everything counts as if it was taken now.
  void advance(std::int64_t slice);

  std::uint64_t used() const { return used_; }
  /// The slice that add() counts in.
  std::int64_t present() const { return present_; }
  void add(std::uint64_t tokens);
  /// Gives back what was added in `slice`; nothing where that counts no longer.
  void remove(std::uint64_t tokens, std::int64_t slice);

  /// The slice with which at least so many tokens have come back. Requires: 0 < tokens <= used().
  std::int64_t slice_of(std::uint64_t tokens) const;
  /// Requires: used() > 0.
  std::int64_t newest() const { return newest_; }

 private:
  std::uint32_t& count(std::int64_t slice);

  std::vector<std::uint32_t> counts_;  // a ring, by the number of the slice
  std::uint64_t used_ = 0;             // their sum
  std::int64_t present_ = 0;
  std::int64_t newest_ = 0;  // of the last add()
};

/// The public face of a quota. `cost` is that of a refused withdrawal, zero where it was granted.
BucketState quota_state(const BucketPolicy& policy, const QuotaSlices& slices, const QuotaUse& use,
                        std::uint64_t cost, Micros now);

}  // namespace trackly::store
