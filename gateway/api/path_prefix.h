#pragma once

#include <string_view>

namespace trackly {

/// Whether `path` is `prefix` or lies below it, by whole segments.
constexpr bool is_below(std::string_view path, std::string_view prefix) {
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

}  // namespace trackly
