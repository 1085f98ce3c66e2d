#pragma once

#include <memory>

#include "gateway/api/filter.h"

namespace trackly::filters {

/// `payload_limit: {max_bytes: 5MiB}` caps request bodies. A Content-Length over the cap is refused
/// before any of the body is read; a body without one is refused at the byte that crosses it, by
/// the core.
std::unique_ptr<FilterFactory> make_payload_limit(MappingReader& settings,
                                                  const FilterSetup& setup);

}  // namespace trackly::filters
