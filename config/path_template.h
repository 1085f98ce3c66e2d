#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/result.h"

namespace trackly::config {

/// A path of the API description, taken apart. A parameter is a whole segment: "/v2/contacts/{id}".
struct PathTemplate {
  std::vector<std::string> parameters;  // in the order of the path
  /// The path with its parameters made nameless: templates of one shape match the same requests.
  std::string shape;
};

Result<PathTemplate> parse_path_template(std::string_view path);

}  // namespace trackly::config
