#include "gateway/api/key_text.h"

#include <algorithm>
#include <cstddef>

#include "gateway/api/ascii.h"

namespace trackly {
namespace {

constexpr std::string_view kPrefix = "trk_";

bool is_of_a_key(char c) {
  const char lower = ascii_lower(c);
  return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

/// Where the first key begins; npos: there is none.
std::size_t find_key(std::string_view text) {
  // The last character of the prefix is rarer than its first.
  for (std::size_t at = text.find('_'); at != std::string_view::npos; at = text.find('_', at + 1)) {
    const std::size_t start = at + 1 - std::min(at + 1, kPrefix.size());
    if (ascii_iequals(text.substr(start, at + 1 - start), kPrefix)) return start;
  }
  return std::string_view::npos;
}

}  // namespace

bool has_key(std::string_view text) { return find_key(text) != std::string_view::npos; }

std::string without_keys(std::string_view text) {
  std::string out;
  for (std::size_t at = find_key(text); at != std::string_view::npos; at = find_key(text)) {
    out.append(text.substr(0, at)).append("*");
    text.remove_prefix(at + kPrefix.size());
    while (!text.empty() && is_of_a_key(text.front())) text.remove_prefix(1);
  }
  return out.append(text);
}

}  // namespace trackly
