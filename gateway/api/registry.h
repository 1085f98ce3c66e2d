#pragma once

#include <span>
#include <string_view>

#include "gateway/api/filter.h"

namespace trackly {

/// The filters that this program contains, in the order in which they usually stand; defined in
/// filters/registry.cc and handed around from main().
using FilterRegistry = std::span<const FilterKind>;

/// nullptr for an unknown name.
const FilterKind* find_filter(FilterRegistry registry, std::string_view name);

}  // namespace trackly
