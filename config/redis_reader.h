#pragma once

#include <filesystem>

#include "gateway/api/node.h"
#include "gateway/api/settings.h"

namespace trackly::config {

/// Reads the mapping under `redis`. No problem repeats a password.
RedisSettings read_redis(const Node& node, const std::filesystem::path& folder, Problems& problems);

}  // namespace trackly::config
