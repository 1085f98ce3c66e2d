#include "filters/registry.h"

#include <array>

namespace trackly::filters {
namespace {

constexpr std::array<FilterKind, 0> kFilters{};

}  // namespace

FilterRegistry registry() { return kFilters; }

}  // namespace trackly::filters
