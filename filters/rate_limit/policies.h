#pragma once

#include <cstdint>
#include <optional>

#include "filters/rate_limit/rules.h"
#include "gateway/api/stores.h"

namespace trackly::filters::rate_limit {

/// What the account may instead of what the rule says for all; nullopt: nothing else.
std::optional<BucketPolicy> own_policy(const Rule& rule, const Account& account);

/// A policy for one of so many gateways that cannot ask one another: together they grant what
/// `policy` does. A share holds what one request of the rule may cost, also where that makes the
/// sum of all shares more. Its buckets are none of those that the rule has elsewhere.
BucketPolicy share_of(const BucketPolicy& policy, std::uint32_t gateways,
                      std::uint64_t largest_cost);

/// The time in which an empty bucket fills.
Duration window_of(const BucketPolicy& policy);

}  // namespace trackly::filters::rate_limit
