#include "filters/rate_limit/fields.h"

#include <algorithm>

#include "filters/rate_limit/policies.h"

namespace trackly::filters::rate_limit {
namespace {

std::uint64_t seconds_rounded_up(Duration wait) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::seconds>(wait).count()));
}

std::uint64_t wait_seconds(const BucketState& state) {
  return state.retry_after > Duration::zero() ? retry_seconds(state.retry_after)
                                              : seconds_rounded_up(state.reset);
}

}  // namespace

std::uint64_t retry_seconds(Duration wait) {
  return std::max<std::uint64_t>(1, seconds_rounded_up(wait));
}

std::string rate_limit_policy(const Charges& charges) {
  std::string text;
  for (std::size_t i = 0; i < charges.rules.size(); ++i) {
    const Rule& rule = *charges.rules[i];
    const BucketPolicy& policy = *charges.takes[i].policy;
    if (!text.empty()) text += ", ";
    text += '"' + rule.policy.name + "\";q=" + std::to_string(policy.burst);
    if (policy.refill != Refill::monthly) {
      text += ";w=" + std::to_string(retry_seconds(window_of(policy)));
    }
    if (rule.costs_items) text += ";trackly-unit=\"items\"";
  }
  return text;
}

std::string rate_limit(const Charges& charges, std::span<const BucketState> states) {
  std::string text;
  for (std::size_t i = 0; i < charges.rules.size() && i < states.size(); ++i) {
    if (!states[i].known) continue;
    if (!text.empty()) text += ", ";
    text += '"' + charges.rules[i]->policy.name + "\";r=" + std::to_string(states[i].remaining) +
            ";t=" + std::to_string(wait_seconds(states[i]));
  }
  return text;
}

void add_legacy_fields(FieldList& fields, const BucketPolicy& policy, const BucketState& state) {
  fields.set("X-RateLimit-Limit", std::to_string(policy.burst));
  fields.set("X-RateLimit-Remaining", std::to_string(state.remaining));
  fields.set("X-RateLimit-Reset", std::to_string(wait_seconds(state)));
}

}  // namespace trackly::filters::rate_limit
