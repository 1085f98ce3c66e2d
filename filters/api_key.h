#pragma once

#include <memory>

#include "gateway/api/filter.h"

namespace trackly::filters {

/// `api_key: {store: file, file: keys.yaml, forward: true}` asks who sends the request, and whether
/// their account may: X-Api-Key by its SHA-256, the account's status, the operation's product.
/// Operations without `security` are not asked. `forward: false` keeps the key from the service.
///
/// `{store: redis, cache_ttl: 60s, max_stale: 5m, on_store_failure: deny}`: keys and accounts that
/// gateways share. Where Redis cannot be asked and the cache cannot stand in for it, the answer is
/// redis_unavailable, never that the key is invalid.
std::unique_ptr<FilterFactory> make_api_key(MappingReader& settings, const FilterSetup& setup);

}  // namespace trackly::filters
