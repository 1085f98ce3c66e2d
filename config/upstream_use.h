#pragma once

#include "gateway/api/api_description.h"
#include "gateway/api/node.h"
#include "gateway/api/settings.h"

namespace trackly::config {

/// Gives each operation the name of the upstream that serves it. An x-upstream that names none, and
/// an upstream to which nothing leads, are problems. Requires: there are upstreams.
void assign_upstreams(const Settings& settings, ApiDescription& api, Problems& problems);

}  // namespace trackly::config
