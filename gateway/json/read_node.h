#pragma once

#include <string>
#include <string_view>

#include "gateway/api/node.h"

namespace trackly::json {

/// Reads a JSON text into a tree with marks, as strictly as a request body, any value as its root.
/// What is wrong with it goes to `problems`, and then the result is a null node.
Node read_node(std::string_view text, const std::string& file_name, Problems& problems);

}  // namespace trackly::json
