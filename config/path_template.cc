#include "config/path_template.h"

#include <algorithm>

namespace trackly::config {
namespace {

/// pchar of RFC 3986 section 3.3 without percent-encodings: a template is written in clear.
bool is_literal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}' &&
         segment.find_first_of("{}", 1) == segment.size() - 1;
}

}  // namespace

Result<PathTemplate> parse_path_template(std::string_view path) {
  if (!path.starts_with('/')) return Fault{"a path begins with \"/\""};
  PathTemplate result;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    result.shape += '/';
    if (is_parameter(segment)) {
      result.shape += "{}";
      const std::string name(segment.substr(1, segment.size() - 2));
      if (std::find(result.parameters.begin(), result.parameters.end(), name) !=
          result.parameters.end()) {
        return Fault{"{" + name + "} stands twice in the path"};
      }
      result.parameters.push_back(name);
    } else if (!std::all_of(segment.begin(), segment.end(), is_literal)) {
      return Fault{"\"" + std::string(segment) +
                   "\" is neither plain text of a path nor one whole {parameter}"};
    } else {
      result.shape += segment;
    }
  }
  return result;
}

}  // namespace trackly::config
