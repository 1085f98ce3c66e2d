#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "gateway/api/error.h"
#include "gateway/api/node.h"
#include "gateway/api/settings.h"

namespace trackly::config {

/// The ids that the core itself answers with; a catalogue without one of them does not load.
std::span<const std::string_view> required_errors();

/// Reads errors.yaml, strictly, and applies the operator's overrides. After a problem the catalogue
/// still holds what could be read.
ErrorCatalogue read_catalogue(const Node& root, const std::vector<ErrorOverride>& overrides,
                              Problems& problems);

}  // namespace trackly::config
