#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/configuration.h"

namespace trackly::cli {

/// Where each row of the catalogue is decided, by its id: for each rule that may answer with it a
/// line such as "POST /api/v2/send, POST /api/v2/send-raw: schema (openapi.yaml:512)", in chain
/// order; "state: " stands before those that the request alone does not decide.
std::map<std::string, std::vector<std::string>> decisions(
    const config::Configuration& configuration);

}  // namespace trackly::cli
