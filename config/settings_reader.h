#pragma once

#include <filesystem>

#include "gateway/api/node.h"
#include "gateway/api/settings.h"

namespace trackly::config {

/// Reads gateway.yaml, strictly: everything that does not fit is a problem, and all problems are
/// reported. The settings of filters are not looked into; their filters read them. Relative paths
/// are taken from `folder`, the one of the file.
Settings read_settings(const Node& root, const std::filesystem::path& folder, Problems& problems);

}  // namespace trackly::config
