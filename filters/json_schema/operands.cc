#include <algorithm>
#include <iterator>
#include <utility>

#include "filters/json_schema/compilation.h"
#include "gateway/json/number_grammar.h"

namespace trackly::json_schema {
namespace {

constexpr std::string_view kDialects[] = {"https://json-schema.org/draft/2020-12/schema",
                                          "https://json-schema.org/draft/2020-12/schema#",
                                          "https://spec.openapis.org/oas/3.1/dialect/base"};

// YAML has numbers that JSON has not (0x1F, .inf).
bool is_json_number(const Node& node) { return node.is_number() && json::is_number(node.text); }

}  // namespace

void Compiler::dialect(Scope& scope, const Node& value) {
  const bool known =
      std::find(std::begin(kDialects), std::end(kDialects), value.text) != std::end(kDialects);
  expect(value.is_string() && known, value, scope.keyword, kDialects[0]);
}

void Compiler::mapping_of_anything(Scope& scope, const Node& value) {
  expect(value.is_mapping(), value, scope.keyword, "a mapping");
}

void Compiler::string_of_anything(Scope& scope, const Node& value) {
  expect(value.is_string(), value, scope.keyword, "a string");
}

void Compiler::flag(Scope& scope, const Node& value) {
  expect(value.is_boolean(), value, scope.keyword, "true or false");
}

std::optional<std::uint64_t> Compiler::count(std::string_view keyword, const Node& value) {
  const auto limit = is_json_number(value) ? Decimal(value.text).to_count() : std::nullopt;
  expect(limit.has_value(), value, keyword, "a whole number that is not negative");
  return limit;
}

std::optional<Decimal> Compiler::number(std::string_view keyword, const Node& value) {
  if (!expect(is_json_number(value), value, keyword, "a number")) return std::nullopt;
  return Decimal(value.text);
}

std::optional<std::uint32_t> Compiler::pattern_index(std::string_view keyword,
                                                     const std::string& text, const Mark& mark) {
  const auto [entry, is_new] = patterns_.emplace(text, std::nullopt);
  if (!is_new) return entry->second;
  auto pattern = Pattern::compile(text);
  if (!pattern) {
    problems_.add(mark, std::string(keyword) + ": " + pattern.error().text);
    return std::nullopt;
  }
  entry->second = static_cast<std::uint32_t>(program_.patterns_.size());
  program_.patterns_.push_back(std::move(pattern).value());
  return entry->second;
}

bool Compiler::expect(bool fits, const Node& value, std::string_view keyword,
                      std::string_view what) {
  if (!fits) {
    problems_.add(value.mark, std::string(keyword) + ": expected " + std::string(what));
  }
  return fits;
}

void Compiler::expect_json(const Node& literal, std::string_view keyword) {
  if (literal.is_number()) {
    expect(is_json_number(literal), literal, keyword, "a number as JSON writes it");
  }
  for (const Node& item : literal.items) expect_json(item, keyword);
  for (const Node::Entry& entry : literal.entries) expect_json(entry.value, keyword);
}

std::vector<std::string_view> Compiler::unique_strings(std::string_view keyword,
                                                       const Node& value) {
  std::vector<std::string_view> strings;
  if (!expect(value.is_sequence(), value, keyword, "a list of names")) return strings;
  for (const Node& item : value.items) {
    if (!expect(item.is_string(), item, keyword, "a name")) continue;
    const bool is_new = std::find(strings.begin(), strings.end(), item.text) == strings.end();
    if (expect(is_new, item, keyword, "each name once")) strings.push_back(item.text);
  }
  return strings;
}

}  // namespace trackly::json_schema
