#include "gateway/json/read_node.h"

#include <algorithm>
#include <memory>

#include "gateway/json/parser.h"

namespace trackly::json {
namespace {

// Turns offsets into lines and columns. Offsets are asked for in rising order, so the text is run
// through once.
class Marker {
 public:
  Marker(std::string_view text, const std::string& file_name)
      : text_(text), file_(std::make_shared<const std::string>(file_name)) {}

  Mark at(std::size_t offset) {
    for (const std::size_t end = std::min(offset, text_.size()); at_ < end; ++at_) {
      if (text_[at_] != '\n') continue;
      ++line_;
      line_start_ = at_ + 1;
    }
    return {file_, line_, static_cast<int>(at_ - line_start_) + 1};
  }
  Mark file() const { return {file_}; }

 private:
  std::string_view text_;
  std::shared_ptr<const std::string> file_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
};

// The index that finds a control character in a string, or a string without its end, looks at many
// bytes at a time and does not say where. Where a quote is missing, it is missing before the first
// line end that seems to be in a string.
std::size_t offset_in_string(std::string_view text) {
  bool in_string = false;
  std::size_t opening_quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      in_string = !in_string;
      opening_quote = i;
    } else if (in_string && text[i] == '\\') {
      ++i;
    } else if (in_string && static_cast<unsigned char>(text[i]) < 0x20) {
      return i;
    }
  }
  return opening_quote;
}

Node to_node(Value value, Marker& marker) {
  Node node;
  node.mark = marker.at(value.offset());
  switch (value.kind()) {
    case Kind::null:
      node.kind = Node::Kind::null;
      break;
    case Kind::boolean:
      node.kind = Node::Kind::boolean;
      node.boolean = value.boolean();
      break;
    case Kind::number:
      node.kind = Node::Kind::number;
      node.text = value.number();
      break;
    case Kind::string:
      node.kind = Node::Kind::string;
      node.text = value.string();
      break;
    case Kind::array:
      node.kind = Node::Kind::sequence;
      for (const Value item : value.items()) node.items.push_back(to_node(item, marker));
      break;
    case Kind::object:
      node.kind = Node::Kind::mapping;
      for (const auto& [name, member] : value.members()) {
        const Mark key_mark = marker.at(name.offset());
        node.entries.push_back({std::string(name.string()), key_mark, to_node(member, marker)});
      }
      break;
  }
  return node;
}

}  // namespace

Node read_node(std::string_view text, const std::string& file_name, Problems& problems) {
  Parser parser;
  Marker marker(text, file_name);
  const auto root = parser.parse(text, kMaxDepth, Root::any);
  if (root) return to_node(*root, marker);
  ParseError error = root.error();
  if (error.fault == ParseFault::control_character || error.fault == ParseFault::unclosed_string) {
    error.offset = offset_in_string(text);
  }
  const Mark mark =
      error.offset == ParseError::kUnknownOffset ? marker.file() : marker.at(error.offset);
  problems.add(mark, "not valid JSON: " + std::string(to_string(error.fault)));
  return {};
}

}  // namespace trackly::json
