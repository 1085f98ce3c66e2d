#pragma once

#include <span>
#include <string>

#include "filters/rate_limit/rules.h"

namespace trackly::filters::rate_limit {

/// Whole seconds, rounded up, at least 1: the value of Retry-After (RFC 9110 section 10.2.3).
std::uint64_t retry_seconds(Duration wait);

// The structured fields of draft-ietf-httpapi-ratelimit-headers: one member for each rule, by its
// name.

/// `"single";q=200;w=2`: the quota, and the seconds in which it flows in. Where the items of a
/// batch are counted, `trackly-unit="items"` says so: the draft's own `qu` takes registered units
/// only, and this is none.
std::string rate_limit_policy(std::span<const Rule* const> rules);
/// `"single";r=199;t=1`: what is left, and the seconds until there is enough for this request again
/// (where it was refused) or the quota is whole.
std::string rate_limit(std::span<const Rule* const> rules, std::span<const BucketState> states);

}  // namespace trackly::filters::rate_limit
