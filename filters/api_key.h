#pragma once

#include <memory>

#include "gateway/api/filter.h"

namespace trackly::filters {

/// `api_key: {store: file, file: keys.yaml, forward: true}` asks who sends the request, and whether
/// their account may: X-Api-Key by its SHA-256, the account's status, the operation's product.
/// Operations without `security` are not asked. `forward: false` keeps the key from the service.
std::unique_ptr<FilterFactory> make_api_key(MappingReader& settings, const FilterSetup& setup);

}  // namespace trackly::filters
