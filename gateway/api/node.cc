#include "gateway/api/node.h"

#include <algorithm>

#include "gateway/api/key_text.h"

namespace trackly {

std::string Mark::to_string() const {
  std::string text = file ? *file : std::string();
  if (line == 0) return text;
  if (!text.empty()) text += ':';
  text += std::to_string(line);
  if (column != 0) text += ':' + std::to_string(column);
  return text;
}

const Node* Node::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [key](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

std::string_view Node::kind_name() const {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::number:
      return "number";
    case Kind::string:
      return "string";
    case Kind::sequence:
      return "sequence";
    case Kind::mapping:
      return "mapping";
  }
  return "";
}

/// Without API keys that an operator has put at the wrong place.
void Problems::add(const Mark& mark, std::string_view text) {
  std::string line = mark.to_string();
  if (!line.empty()) line += ": ";
  lines_.push_back(line.append(without_keys(text)));
}

}  // namespace trackly
