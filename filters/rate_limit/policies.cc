#include "filters/rate_limit/policies.h"

#include <algorithm>

namespace trackly::filters::rate_limit {
namespace {

Duration times(Duration period, double factor) {
  const double product = static_cast<double>(period.count()) * factor;
  return Duration(
      static_cast<std::int64_t>(std::min(product, static_cast<double>(kLongestRefill.count()))));
}

}  // namespace

std::optional<BucketPolicy> own_policy(const Rule& rule, const Account& account) {
  const auto limit =
      std::find_if(account.limits.begin(), account.limits.end(),
                   [&rule](const AccountLimit& one) { return one.rule == rule.policy.name; });
  if (limit == account.limits.end()) return std::nullopt;
  BucketPolicy policy = rule.policy;
  policy.tokens = limit->tokens;
  policy.burst = rule.is_quota() ? limit->tokens : limit->burst;
  if (policy.refill != Refill::monthly) policy.period = limit->period;
  return policy;
}

BucketPolicy share_of(const BucketPolicy& policy, std::uint32_t gateways,
                      std::uint64_t largest_cost) {
  BucketPolicy share = policy;
  share.name += "/share";
  share.burst =
      std::max((policy.burst + gateways - 1) / gateways, std::min(largest_cost, policy.burst));
  if (policy.refill != Refill::steady) {
    share.tokens = share.burst;
    return share;
  }
  // An empty bucket still fills within what the stores' arithmetic holds.
  const double refills = static_cast<double>(share.burst) / static_cast<double>(share.tokens);
  share.period =
      std::min(times(policy.period, gateways), times(kLongestRefill, 1 / std::max(1.0, refills)));
  return share;
}

Duration window_of(const BucketPolicy& policy) {
  return times(policy.period,
               static_cast<double>(policy.burst) / static_cast<double>(policy.tokens));
}

}  // namespace trackly::filters::rate_limit
