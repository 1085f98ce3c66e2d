#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "filters/json_schema/pointer.h"
#include "gateway/api/filter.h"

namespace trackly::filters::rate_limit {

/// Whose bucket a rule draws on. A request without an API key counts for its client's address.
enum class Caller : std::uint8_t { api_key, account, address, global };

struct Rule {
  BucketPolicy policy;
  Caller caller = Caller::api_key;
  /// Each text that stands at this place of the body has a bucket of its own with the caller (one
  /// for each recipient, say); requests without one are not counted.
  std::optional<json_schema::Pointer> pointer;
  bool costs_items = false;  // one token for each item of the batch, else one for the request
  bool is_quota = false;
  ErrorRef error;
  std::vector<std::string> tags;  // empty: every operation
  Mark mark;

  bool applies_to(const Operation& operation) const;
};

/// Reads the items of `rules`. Problems: what cannot be read, names used twice, tags that no
/// operation of `setup.api` has, buckets that a single request of one could never be granted from,
/// and a cost in items that nobody counts.
std::vector<Rule> read_rules(MappingReader& settings, const FilterSetup& setup);

/// "100/s", "10/m", "5/h", "1000000/day" or, with several of the unit, "1/45s" as tokens and period
/// of `policy`; false where it is none of them.
bool parse_rate(std::string_view text, BucketPolicy& policy);

}  // namespace trackly::filters::rate_limit
