#pragma once

#include <string>

#include "config/configuration.h"
#include "gateway/api/node.h"

namespace trackly::golden {

// The model that a file became, as text: what golden files hold.

std::string dump(const Node& node);
std::string dump(const Settings& settings);
std::string dump(const ApiDescription& api);
std::string dump(const ErrorCatalogue& catalogue);
/// What each filter does to each operation.
std::string dump(const config::Configuration& configuration);

}  // namespace trackly::golden
