#pragma once

#include <memory>

#include "gateway/api/filter.h"

namespace trackly::filters {

/// `rate_limit: {store, on_store_failure, rules}` charges each request to token buckets, all rules
/// at once: granted by all of them, or refused with the error of the one that is short for longest,
/// and charged to none. Tokens of a request that never reached the service are given back.
std::unique_ptr<FilterFactory> make_rate_limit(MappingReader& settings, const FilterSetup& setup);

}  // namespace trackly::filters
