#include "gateway/api/registry.h"

#include <algorithm>

namespace trackly {

const FilterKind* find_filter(FilterRegistry registry, std::string_view name) {
  const auto found = std::find_if(registry.begin(), registry.end(),
                                  [name](const FilterKind& kind) { return kind.name == name; });
  return found == registry.end() ? nullptr : &*found;
}

}  // namespace trackly
