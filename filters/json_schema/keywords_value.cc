#include <cstdint>
#include <string_view>
#include <utility>

#include "filters/json_schema/compilation.h"

namespace trackly::json_schema {
namespace {

constexpr std::pair<std::string_view, std::uint8_t> kTypes[] = {
    {"null", kNull},     {"boolean", kBoolean}, {"number", kNumber}, {"integer", kInteger},
    {"string", kString}, {"array", kArray},     {"object", kObject}};

// Of the values that have, or may have, none of the types. Integers must be looked at.
KindBits kinds_without(std::uint8_t types) {
  constexpr std::pair<json::Kind, std::uint8_t> kKinds[] = {
      {json::Kind::null, kNull},     {json::Kind::boolean, kBoolean},
      {json::Kind::number, kNumber}, {json::Kind::string, kString},
      {json::Kind::array, kArray},   {json::Kind::object, kObject}};
  KindBits kinds = 0;
  for (const auto& [kind, type] : kKinds) {
    if ((types & type) == 0) kinds = static_cast<KindBits>(kinds | kind_bit(kind));
  }
  return kinds;
}

}  // namespace

void Compiler::type(Scope& scope, const Node& value) {
  const auto check_name = [&](const Node& name) {
    expect(name.is_string() && named_types(name) != 0, name, scope.keyword,
           "null, boolean, number, integer, string, array or object");
  };
  if (value.is_sequence()) {
    expect(!value.items.empty(), value, scope.keyword, "at least one type");
    for (const Node& name : value.items) check_name(name);
  } else {
    check_name(value);
  }
  const bool is_documentation = scope.context.lenient && !scope.context.is_condition &&
                                !row_of(scope, scope.keyword).is_named();
  if (is_documentation) return;
  Rule& rule = add(scope, Op::type);
  rule.limit = named_types(value);
  rule.kinds = kinds_without(named_types(value));
}

std::uint8_t Compiler::named_types(const Node& value) {
  std::uint8_t bits = 0;
  for (const Node& name : value.items) bits = static_cast<std::uint8_t>(bits | named_types(name));
  for (const auto& [name, bit] : kTypes) {
    if (value.text == name) bits = static_cast<std::uint8_t>(bits | bit);
  }
  return bits;
}

void Compiler::literals(Scope& scope, const Node& value) {
  const bool is_enum = scope.keyword == "enum";
  if (is_enum && !expect(value.is_sequence(), value, scope.keyword, "a list")) return;
  expect_json(value, scope.keyword);
  Rule& rule = add(scope, Op::one_of_literals);
  rule.first = static_cast<std::uint32_t>(program_.literals_.size());
  if (is_enum) {
    for (const Node& literal : value.items) program_.literals_.push_back(&literal);
  } else {
    program_.literals_.push_back(&value);
  }
  rule.count = static_cast<std::uint32_t>(program_.literals_.size()) - rule.first;
}

void Compiler::size_limit(Scope& scope, const Node& value) {
  if (const auto limit = count(scope.keyword, value)) add(scope, scope.op).limit = *limit;
}

void Compiler::number_limit(Scope& scope, const Node& value) {
  const auto limit = number(scope.keyword, value);
  if (!limit) return;
  add(scope, scope.op).first = static_cast<std::uint32_t>(program_.numbers_.size());
  program_.numbers_.push_back(*limit);
}

void Compiler::multiple_of(Scope& scope, const Node& value) {
  const auto divisor = number(scope.keyword, value);
  if (!divisor || !expect(divisor->is_divisor(), value, scope.keyword,
                          "a number above 0 with at most 19 significant digits")) {
    return;
  }
  number_limit(scope, value);
}

void Compiler::pattern(Scope& scope, const Node& value) {
  if (!expect(value.is_string(), value, scope.keyword, "a regular expression")) return;
  if (const auto index = pattern_index(scope.keyword, value.text, value.mark)) {
    add(scope, Op::pattern).first = *index;
  }
}

void Compiler::format(Scope& scope, const Node& value) {
  if (!expect(value.is_string(), value, scope.keyword, "the name of a format")) return;
  if (!scope.context.assert_formats && !scope.rows.of(scope.keyword, false).is_named()) return;
  const FormatCheck check = find_format(value.text);
  if (!expect(check != nullptr, value, scope.keyword,
              "date-time, date, time, ipv4, ipv6, uri, uuid or email where it is asserted")) {
    return;
  }
  add(scope, Op::format).first = static_cast<std::uint32_t>(program_.formats_.size());
  program_.formats_.push_back(check);
}

}  // namespace trackly::json_schema
