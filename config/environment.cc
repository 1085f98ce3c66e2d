#include "config/environment.h"

#include <algorithm>

namespace trackly::config {
namespace {

bool is_name(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  return !text.empty() && letter(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// `reference` is what stands between the braces.
Result<std::string> value_of(std::string_view reference, const Environment& environment) {
  const std::size_t separator = reference.find(":-");
  const std::string name(reference.substr(0, separator));
  if (!is_name(name)) {
    return Fault{"\"${" + std::string(reference) +
                 "}\" is not ${NAME} or ${NAME:-default}; write $${ for a literal ${"};
  }
  std::optional<std::string> value = environment(name);
  if (separator == std::string_view::npos) {
    if (!value) return Fault{"the environment variable " + name + " is not set"};
    return *std::move(value);
  }
  if (value && !value->empty()) return *std::move(value);
  return std::string(reference.substr(separator + 2));
}

}  // namespace

Result<std::string> substituted(std::string_view text, const Environment& environment) {
  std::string out;
  while (true) {
    const std::size_t open = text.find("${");
    if (open == std::string_view::npos) return out.append(text);
    if (open > 0 && text[open - 1] == '$') {
      out.append(text.substr(0, open - 1)).append("${");
      text.remove_prefix(open + 2);
      continue;
    }
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) {
      return Fault{"\"${\" without \"}\"; write $${ for a literal ${"};
    }
    const auto value = value_of(text.substr(open + 2, close - open - 2), environment);
    if (!value) return value.error();
    out.append(text.substr(0, open)).append(*value);
    text.remove_prefix(close + 1);
  }
}

}  // namespace trackly::config
