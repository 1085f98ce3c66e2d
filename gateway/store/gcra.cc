#include "gateway/store/gcra.h"

#include <algorithm>

namespace trackly::store {
namespace {

__extension__ using Wide = __int128;

}  // namespace

Gcra::Gcra(const BucketPolicy& policy) : period_(policy.period.count()) {
  const auto tokens = static_cast<std::int64_t>(policy.tokens);
  token_ = (period_ + tokens - 1) / tokens;
  period_units_ = token_ * tokens;
  capacity_ = cost(policy.burst);
}

Gcra::Units Gcra::at(Duration since_epoch) const {
  if (period_units_ == period_) return since_epoch.count();
  return static_cast<Units>(Wide{since_epoch.count()} * period_units_ / period_);
}

Duration Gcra::duration(Units units) const {
  if (period_units_ == period_) return Duration(units);
  return Duration(
      static_cast<std::int64_t>((Wide{units} * period_ + period_units_ - 1) / period_units_));
}

BucketState Gcra::state(Units debt, Units lacking) const {
  BucketState state;
  state.remaining = static_cast<std::uint64_t>(std::max<Units>(capacity_ - debt, 0) / token_);
  state.retry_after = duration(std::max<Units>(lacking, 0));
  state.reset = duration(debt);
  return state;
}

}  // namespace trackly::store
