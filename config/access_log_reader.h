#pragma once

#include <filesystem>

#include "gateway/api/node.h"
#include "gateway/api/settings.h"

namespace trackly::config {

/// `access_log` of gateway.yaml. Relative paths are as seen from `folder`.
AccessLogSettings read_access_log(const Node& node, const std::filesystem::path& folder,
                                  Problems& problems);

}  // namespace trackly::config
