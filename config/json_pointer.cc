#include "config/json_pointer.h"

#include <charconv>
#include <optional>
#include <string>

#include "gateway/api/ascii.h"

namespace trackly::config {
namespace {

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

/// A token of a valid pointer.
std::string unescaped(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~') {
      out += token[++i] == '1' ? '/' : '~';
    } else {
      out += token[i];
    }
  }
  return out;
}

const Node* step(const Node& node, const std::string& token) {
  if (node.is_mapping()) return node.find(token);
  std::size_t index = 0;
  const char* const end = token.data() + token.size();
  const auto parsed = std::from_chars(token.data(), end, index);
  if (parsed.ec != std::errc() || parsed.ptr != end || index >= node.items.size()) return nullptr;
  return &node.items[index];
}

}  // namespace

bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '~') continue;
    if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return false;
  }
  return true;
}

const Node* resolve_reference(const Node& document, std::string_view reference) {
  if (!reference.starts_with('#')) return nullptr;
  const auto pointer = percent_decoded(reference.substr(1));
  if (!pointer || !is_json_pointer(*pointer)) return nullptr;
  const Node* node = &document;
  std::string_view rest = *pointer;
  while (node != nullptr && !rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view token = rest.substr(0, rest.find('/'));
    rest.remove_prefix(token.size());
    node = step(*node, unescaped(token));
  }
  return node;
}

}  // namespace trackly::config
