#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/api/settings.h"

namespace trackly {

/// The index of the upstream that serves a path of which the API description does not say so: that
/// with the longest of the `paths` which the path is or lies below, else the first one. The path is
/// percent-decoded, or the template of an operation.
std::size_t upstream_for(const Settings& settings, std::string_view decoded_path);

/// The index of the upstream with that name, as an operation has it; the first one where it is
/// empty, as that of unknown paths is.
std::size_t index_of_upstream(const Settings& settings, std::string_view name);

}  // namespace trackly
