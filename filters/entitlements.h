#pragma once

#include <memory>

#include "gateway/api/filter.h"

namespace trackly::filters {

/// What the account must have for what the body asks (`x-entitlements` of the operation): features,
/// and countries it may send to. Judged by the key's account, so requests without one pass, and so
/// do accounts that name no features or calling codes.
std::unique_ptr<FilterFactory> make_entitlements(MappingReader& settings, const FilterSetup& setup);

}  // namespace trackly::filters
