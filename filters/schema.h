#pragma once

#include <memory>

#include "gateway/api/filter.h"

namespace trackly::filters {

/// `schema: {}` judges path and query parameters, then the JSON body, by the schemas of the API
/// description (json_schema/keywords.md). The first violation decides the answer.
std::unique_ptr<FilterFactory> make_schema(MappingReader& settings, const FilterSetup& setup);

}  // namespace trackly::filters
