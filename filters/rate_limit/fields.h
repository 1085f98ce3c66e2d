#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "filters/rate_limit/rules.h"
#include "gateway/api/fields.h"

namespace trackly::filters::rate_limit {

/// What a request asks of its buckets: take i is that of rule i. The policy of a take may be
/// another than the rule's: the account's own, or this gateway's share.
struct Charges {
  void add(const Rule& rule, BucketTake take) {
    rules.push_back(&rule);
    takes.push_back(std::move(take));
  }
  void reserve(std::size_t count) {
    rules.reserve(count);
    takes.reserve(count);
  }

  std::vector<const Rule*> rules;
  std::vector<BucketTake> takes;
};

/// Whole seconds, rounded up, at least 1: the value of Retry-After (RFC 9110 section 10.2.3).
std::uint64_t retry_seconds(Duration wait);

// The structured fields of draft-ietf-httpapi-ratelimit-headers: one member for each rule, by its
// name.

/// `"single";q=200;w=2`: the quota, and the seconds in which it flows in; a month has no number of
/// them. Where the items of a batch are counted, `trackly-unit="items"` says so: the draft's own
/// `qu` takes registered units only, and this is none.
std::string rate_limit_policy(const Charges& charges);
/// `"single";r=199;t=1`: what is left, and the seconds until there is enough for this request again
/// (where it was refused) or the quota is whole. State i is that of take i.
std::string rate_limit(const Charges& charges, std::span<const BucketState> states);

/// X-RateLimit-Limit, -Remaining and -Reset (in seconds from now), for clients that know no other.
void add_legacy_fields(FieldList& fields, const BucketPolicy& policy, const BucketState& state);

}  // namespace trackly::filters::rate_limit
