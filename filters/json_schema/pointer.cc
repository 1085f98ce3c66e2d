#include "filters/json_schema/pointer.h"

#include <algorithm>
#include <charconv>

namespace trackly::json_schema {
namespace {

std::optional<std::string> unescaped(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      out += token[i];
      continue;
    }
    if (++i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
    out += token[i] == '1' ? '/' : '~';
  }
  return out;
}

// RFC 6901 section 4: digits without leading zeros.
std::optional<std::size_t> array_index(const std::string& token) {
  std::size_t index = 0;
  const char* const end = token.data() + token.size();
  const auto parsed = std::from_chars(token.data(), end, index);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  if (token.size() > 1 && token.front() == '0') return std::nullopt;
  return index;
}

}  // namespace

std::optional<Pointer> Pointer::parse(std::string_view text) {
  Pointer pointer;
  while (!text.empty()) {
    if (text.front() != '/') return std::nullopt;
    text.remove_prefix(1);
    const std::size_t end = std::min(text.find('/'), text.size());
    auto token = unescaped(text.substr(0, end));
    if (!token) return std::nullopt;
    pointer.tokens_.push_back(std::move(*token));
    text.remove_prefix(end);
  }
  return pointer;
}

const Node* Pointer::find(const Node& root) const {
  const Node* node = &root;
  for (const std::string& token : tokens_) {
    if (node->is_mapping()) {
      node = node->find(token);
    } else {
      const auto index = node->is_sequence() ? array_index(token) : std::nullopt;
      node = index && *index < node->items.size() ? &node->items[*index] : nullptr;
    }
    if (node == nullptr) return nullptr;
  }
  return node;
}

std::optional<json::Value> Pointer::find(json::Value root) const {
  std::optional<json::Value> value = root;
  for (const std::string& token : tokens_) {
    if (value->is_object()) {
      value = value->find(token);
    } else if (value->is_array()) {
      const auto index = array_index(token);
      if (!index || *index >= value->size()) return std::nullopt;
      auto item = value->items().begin();
      for (std::size_t i = 0; i < *index; ++i) ++item;
      value = *item;
    } else {
      return std::nullopt;
    }
    if (!value) return std::nullopt;
  }
  return value;
}

std::string pointer_token(std::string_view name) {
  std::string token = "/";
  for (const char c : name) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return token;
}

}  // namespace trackly::json_schema
