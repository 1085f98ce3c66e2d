#pragma once

#include <filesystem>
#include <vector>

#include "gateway/api/node.h"
#include "gateway/api/settings.h"

namespace trackly::config {

/// Reads `upstreams` of gateway.yaml: what is called "default" first, the others in written order.
/// Whether anything leads to each of them depends on the API description: see upstream_use.h.
std::vector<UpstreamSettings> read_upstreams(const Node& node, const std::filesystem::path& folder,
                                             Problems& problems);

}  // namespace trackly::config
