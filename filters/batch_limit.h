#pragma once

#include <memory>

#include "gateway/api/filter.h"

namespace trackly::filters {

/// `batch_limit: {}` enforces `x-batch`: how many items a bulk request may carry, and whether it
/// may carry none. Counts them for the filters after it. What is not there, or is no array, is left
/// to the schema.
std::unique_ptr<FilterFactory> make_batch_limit(MappingReader& settings, const FilterSetup& setup);

}  // namespace trackly::filters
