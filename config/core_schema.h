#pragma once

#include <string_view>

#include "gateway/api/node.h"
#include "gateway/api/result.h"

namespace trackly::config {

/// What a plain scalar means by the core schema (YAML 1.2.2 section 10.3.2): null, a boolean, a
/// number or a string. `yes`, `on` and `off` are strings. Numbers come out in JSON's grammar: 0o17
/// and 0x1F in decimal, `+1`, `.5` and `007` without what JSON lacks. A number that JSON cannot
/// express (.inf, .nan) is a fault. The node has no mark yet.
Result<Node> typed(std::string_view plain);

}  // namespace trackly::config
