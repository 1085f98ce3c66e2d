#include "filters/rate_limit/fields.h"

#include <algorithm>

namespace trackly::filters::rate_limit {
namespace {

std::uint64_t seconds_rounded_up(Duration wait) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::seconds>(wait).count()));
}

/// The time in which an empty bucket fills.
std::uint64_t window_seconds(const BucketPolicy& policy) {
  const double seconds = static_cast<double>(policy.burst) / static_cast<double>(policy.tokens) *
                         std::chrono::duration<double>(policy.period).count();
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(seconds + 0.999'999));
}

}  // namespace

std::uint64_t retry_seconds(Duration wait) {
  return std::max<std::uint64_t>(1, seconds_rounded_up(wait));
}

std::string rate_limit_policy(std::span<const Rule* const> rules) {
  std::string text;
  for (const Rule* rule : rules) {
    if (!text.empty()) text += ", ";
    text += '"' + rule->policy.name + "\";q=" + std::to_string(rule->policy.burst) +
            ";w=" + std::to_string(window_seconds(rule->policy));
    if (rule->costs_items) text += ";trackly-unit=\"items\"";
  }
  return text;
}

std::string rate_limit(std::span<const Rule* const> rules, std::span<const BucketState> states) {
  std::string text;
  for (std::size_t i = 0; i < rules.size() && i < states.size(); ++i) {
    const BucketState& state = states[i];
    const std::uint64_t wait = state.retry_after > Duration::zero()
                                   ? retry_seconds(state.retry_after)
                                   : seconds_rounded_up(state.reset);
    if (!text.empty()) text += ", ";
    text += '"' + rules[i]->policy.name + "\";r=" + std::to_string(state.remaining) +
            ";t=" + std::to_string(wait);
  }
  return text;
}

}  // namespace trackly::filters::rate_limit
