#pragma once

#include <memory>

#include "gateway/api/filter.h"

namespace trackly::filters {

/// `request_id: {}` gives the request its id (gateway/api/request_id.h says which) before the other
/// filters are asked. Answers that are made without a chain get theirs from the core.
std::unique_ptr<FilterFactory> make_request_id(MappingReader& settings, const FilterSetup& setup);

}  // namespace trackly::filters
