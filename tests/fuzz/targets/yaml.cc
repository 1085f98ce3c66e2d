// Any YAML text, as a file that an operator writes.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "config/yaml_reader.h"
#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/problems.h"
#include "tests/fuzz/support/require.h"
#include "tests/golden/dump.h"

namespace trackly::fuzz {
namespace {

constexpr int kMaxDepth = 200;

std::optional<std::string> environment(const std::string& name) {
  if (name == "A") return "1";
  if (name == "B") return "${A}";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

void check_mark(const Mark& mark, int lines) {
  require(mark.file != nullptr && *mark.file == kFile, "a node is from its file");
  require(mark.line >= 1 && mark.line <= lines && mark.column >= 1,
          "a node's place is in its file");
}

void check(const Node& node, int lines, int depth) {
  require(depth <= kMaxDepth + 1, "nesting is bounded");
  check_mark(node.mark, lines);
  for (const Node& item : node.items) check(item, lines, depth + 1);
  for (const Node::Entry& entry : node.entries) {
    check_mark(entry.key_mark, lines);
    check(entry.value, lines, depth + 1);
    const auto same = std::count_if(node.entries.begin(), node.entries.end(),
                                    [&entry](const auto& other) { return other.key == entry.key; });
    require(same == 1, "a key stands once");
  }
}

void run(Input input) {
  Input decisions = input.tail(1);
  const std::string_view text = input.rest();
  const config::Environment variables = environment;
  Problems problems;
  const auto root =
      config::read_yaml(text, kFile, problems, decisions.flag() ? &variables : nullptr);
  require_places(problems);
  require(root || !problems.empty(), "a tree or a problem");
  if (!root) return;
  // The place behind a last line end is a line, too.
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) +
                     static_cast<int>(std::count(text.begin(), text.end(), '\r')) + 2;
  check(*root, lines, 1);
  golden::dump(*root);
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
