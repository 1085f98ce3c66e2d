// JSON bodies: the parser against the slow one of the unit tests, on every processor's
// implementation. The input is the text, behind it decisions.

#include <simdjson.h>

#include <cstdint>
#include <map>
#include <string>

#include "gateway/json/parser.h"
#include "gateway/json/read_node.h"
#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/require.h"
#include "tests/unit/json/reference_parser.h"

namespace trackly::fuzz {
namespace {

/// Sets simdjson's implementation, and returns a parser that has only been used with it.
json::Parser& parser_on_some_processor(Input& decisions) {
  static std::map<std::string, json::Parser> parsers;
  const auto& all = simdjson::get_available_implementations();
  const auto* chosen = all.begin()[decisions.below(all.size())];
  if (chosen->supported_by_runtime_system()) simdjson::get_active_implementation() = chosen;
  return parsers[simdjson::get_active_implementation()->name()];
}

std::string normal_form(const Node& node) {
  std::string form;
  switch (node.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::boolean:
      return node.boolean ? "true" : "false";
    case Node::Kind::number:
      return node.text;
    case Node::Kind::string:
      return std::to_string(node.text.size()) + "\"" + node.text + "\"";
    case Node::Kind::sequence:
      for (const Node& item : node.items) form += normal_form(item) + ",";
      return "[" + form + "]";
    case Node::Kind::mapping:
      for (const Node::Entry& entry : node.entries) {
        form += std::to_string(entry.key.size()) + "\"" + entry.key +
                "\":" + normal_form(entry.value) + ",";
      }
      return "{" + form + "}";
  }
  return form;
}

/// Values are what they say of themselves.
void check_value(json::Value value, std::string_view text) {
  require(value.offset() + value.bytes().size() <= text.size(), "a value lies within its text");
  require(value.bytes() == text.substr(value.offset(), value.bytes().size()), "byte for byte");
  std::size_t parts = 0;
  if (value.is_array()) {
    for (const json::Value item : value.items()) {
      check_value(item, text);
      ++parts;
    }
    require(parts == value.size(), "as many items as it says");
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.members()) {
      check_value(member, text);
      const auto found = value.find(name.string());
      require(found && found->offset() == member.offset(), "a member is found by its name");
      ++parts;
    }
    require(parts == value.size(), "as many members as it says");
  }
}

void run(Input input) {
  Input decisions = input.tail(2);
  const std::string_view text = input.rest();
  json::Parser& used = parser_on_some_processor(decisions);
  static constexpr std::size_t kDepths[] = {64, 1, 2, 6, json::kMaxDepth};
  const std::size_t depth = decisions.pick(kDepths);

  const auto expected = json::reference_normal_form(text, depth);
  json::Parser fresh;  // has no memory to spare, so that AddressSanitizer sees every byte
  const auto value = fresh.parse(text, depth, json::Root::any);
  require(value.ok() == expected.has_value(), "accepted or refused as by the reference");
  const auto again = used.parse(text, depth, json::Root::any);
  require(again.ok() == value.ok(), "what was parsed before means nothing");
  if (value) {
    require(json::normal_form(*value) == *expected, "the same values");
    require(json::normal_form(*again) == *expected, "the same values, with used memory");
    check_value(*value, text);
  } else {
    require(value.error().fault == again.error().fault, "the same fault");
    require(value.error().offset == json::ParseError::kUnknownOffset ||
                value.error().offset <= text.size(),
            "a fault lies within its text");
  }
  json::Parser strict;
  const auto object = strict.parse(text, depth, json::Root::object);
  require(object.ok() == (value.ok() && value->is_object()), "only an object is one");

  Problems problems;
  const Node node = json::read_node(text, "f", problems);
  require(problems.size() <= 1, "one problem at most");
  if (depth == json::kMaxDepth) {
    require(problems.empty() == expected.has_value(), "a tree or a problem");
    require(!expected || normal_form(node) == *expected, "the same values in a tree");
  }
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
