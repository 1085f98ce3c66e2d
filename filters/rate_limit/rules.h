#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "filters/json_schema/pointer.h"
#include "filters/rate_limit/callers.h"
#include "gateway/api/filter.h"

namespace trackly::filters::rate_limit {

/// What a rule does about requests while the shared store does not answer.
enum class OnFailure : std::uint8_t { local, deny, allow };

struct Rule {
  BucketPolicy policy;
  Caller caller = Caller::api_key;
  /// Each text that stands at this place of the body has a bucket of its own with the caller (one
  /// for each recipient, say); requests without one are not counted.
  std::optional<json_schema::Pointer> pointer;
  bool costs_items = false;  // one token for each item of the batch, else one for the request
  /// The most that a single request may cost.
  std::uint64_t largest_cost = 1;
  OnFailure on_failure = OnFailure::local;
  /// In a cluster, it may be on another node than the rules that have it not, and be asked after
  /// those.
  bool second_call = false;
  ErrorRef error;
  std::vector<std::string> tags;  // empty: every operation
  Mark mark;

  bool is_quota() const { return policy.refill != Refill::steady; }
  /// The buckets are an account's, or its keys'.
  bool is_by_account() const { return caller == Caller::account || caller == Caller::api_key; }
  bool applies_to(const Operation& operation) const;
};

/// Reads `on_store_failure` and the items of `rules`. Problems: what cannot be read, names used
/// twice, tags that no operation of `setup.api` has, buckets that a single request of one could
/// never be granted from, and a cost in items that nobody counts.
std::vector<Rule> read_rules(MappingReader& settings, const FilterSetup& setup);

/// Problems: rules of one operation whose buckets can be on different nodes of a cluster, where
/// none of them is said to be a second call.
void check_nodes(const std::vector<Rule>& rules, const FilterSetup& setup, Problems& problems);

/// The names of all rules of a configuration, also of those that single operations have instead.
std::set<std::string> rule_names(const Settings& settings, const ApiDescription& api);

/// "100/s", "10/m", "5/h", "1000000/day" or, with several of the unit, "1/45s" as tokens and period
/// of `policy`; false where it is none of them.
bool parse_rate(std::string_view text, BucketPolicy& policy);

}  // namespace trackly::filters::rate_limit
