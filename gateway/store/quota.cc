#include "gateway/store/quota.h"

#include <algorithm>

namespace trackly::store {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::year_month;
using std::chrono::year_month_day;

constexpr year_month kFirstMonth = std::chrono::year(1970) / std::chrono::January;

}  // namespace

QuotaSlices::QuotaSlices(const BucketPolicy& policy) {
  const auto period = std::chrono::duration_cast<Micros>(policy.period);
  if (policy.refill == Refill::rolling) {
    older_ = kSlices;
    length_ = Micros((period.count() + kSlices - 1) / kSlices);
  } else if (policy.refill == Refill::calendar) {
    length_ = period;
  }
}

std::int64_t QuotaSlices::at(Micros time) const {
  if (length_ > Micros::zero()) return time / length_;
  const year_month_day today(sys_days(floor<days>(time)));
  return (today.year() / today.month() - kFirstMonth).count();
}

Micros QuotaSlices::over(std::int64_t slice) const {
  if (length_ > Micros::zero()) return (slice + 1 + older_) * length_;
  return sys_days((kFirstMonth + months(slice + 1)) / 1).time_since_epoch();
}

std::uint32_t& QuotaUse::count(std::int64_t slice) {
  return counts_[static_cast<std::size_t>(slice) % counts_.size()];
}

void QuotaUse::advance(std::int64_t slice) {
  const auto size = static_cast<std::int64_t>(counts_.size());
  if (slice < present_ - size) {
    std::fill(counts_.begin(), counts_.end(), 0);
    present_ = newest_ = slice;
    count(slice) = static_cast<std::uint32_t>(used_);
    return;
  }
  for (std::int64_t i = std::max(present_ + 1, slice - size + 1); i <= slice; ++i) {
    used_ -= count(i);
    count(i) = 0;
  }
  present_ = std::max(present_, slice);
}

void QuotaUse::add(std::uint64_t tokens) {
  count(present_) += static_cast<std::uint32_t>(tokens);
  used_ += tokens;
  newest_ = present_;
}

void QuotaUse::remove(std::uint64_t tokens, std::int64_t slice) {
  if (slice > present_ || slice <= present_ - static_cast<std::int64_t>(counts_.size())) return;
  std::uint32_t& counted = count(slice);
  const auto removed = static_cast<std::uint32_t>(std::min<std::uint64_t>(tokens, counted));
  counted -= removed;
  used_ -= removed;
}

std::int64_t QuotaUse::slice_of(std::uint64_t tokens) const {
  const auto size = static_cast<std::int64_t>(counts_.size());
  std::uint64_t back = 0;
  for (std::int64_t slice = std::max<std::int64_t>(0, present_ - size + 1); slice < present_;
       ++slice) {
    back += counts_[static_cast<std::size_t>(slice % size)];
    if (back >= tokens) return slice;
  }
  return present_;
}

BucketState quota_state(const BucketPolicy& policy, const QuotaSlices& slices, const QuotaUse& use,
                        std::uint64_t cost, Micros now) {
  BucketState state;
  state.remaining = policy.burst - std::min(policy.burst, use.used());
  state.receipt = use.present();
  if (use.used() == 0) return state;
  state.reset = std::max(Micros::zero(), slices.over(use.newest()) - now);
  if (cost > state.remaining) {
    const std::uint64_t lacking = std::min(use.used(), use.used() + cost - policy.burst);
    state.retry_after = std::max(Micros::zero(), slices.over(use.slice_of(lacking)) - now);
  }
  return state;
}

}  // namespace trackly::store
