#include <optional>
#include <utility>

#include "filters/json_schema/compilation.h"
#include "filters/json_schema/pointer.h"
#include "gateway/api/node_reader.h"

namespace trackly::json_schema {

void Compiler::placeholders(Scope& scope, const Node& value) {
  if (!expect(value.is_mapping(), value, scope.keyword, "a mapping")) return;
  MappingReader operands(&value, problems_);
  const auto text = pointer(operands, "text");
  const Node* expression = required_string(operands, "pattern");
  const auto list = pointer(operands, "list");
  const Node* key = required_string(operands, "key");
  operands.finish();
  if (expression == nullptr) return;
  const auto pattern = pattern_index(scope.keyword, expression->text, expression->mark);
  if (!text || !pattern || !list || key == nullptr) return;
  add(scope, Op::placeholders).first = static_cast<std::uint32_t>(program_.placeholders_.size());
  program_.placeholders_.push_back({*text, *pattern, *list, key->text});
}

void Compiler::sum(Scope& scope, const Node& value) {
  if (!expect(value.is_mapping(), value, scope.keyword, "a mapping")) return;
  MappingReader operands(&value, problems_);
  Sum sum;
  if (const Node* of = required_operand(operands, "of")) {
    for (const std::string_view name : unique_strings("of", *of)) sum.of.emplace_back(name);
    expect(!of->is_sequence() || !of->items.empty(), *of, "of", "at least one name");
  }
  sum.minimum = bound_of_sum(operands, "minimum");
  sum.maximum = bound_of_sum(operands, "maximum");
  operands.finish();
  expect(operands.has("minimum") || operands.has("maximum"), value, scope.keyword,
         "a minimum, a maximum or both");
  if (sum.minimum && sum.maximum) {
    expect(*sum.minimum <= *sum.maximum, value, scope.keyword, "a minimum up to the maximum");
  }
  add(scope, Op::sum).first = static_cast<std::uint32_t>(program_.sums_.size());
  program_.sums_.push_back(std::move(sum));
}

const Node* Compiler::required_operand(MappingReader& operands, std::string_view name) {
  const Node* value = operands.take(name);
  if (value == nullptr) {
    problems_.add(operands.mark(), "missing key \"" + std::string(name) + "\"");
  }
  return value;
}

const Node* Compiler::required_string(MappingReader& operands, std::string_view name) {
  const Node* value = required_operand(operands, name);
  const bool fits = value != nullptr && expect(value->is_string() && !value->text.empty(), *value,
                                               name, "a string that is not empty");
  return fits ? value : nullptr;
}

// To a part of the object that is judged.
std::optional<Pointer> Compiler::pointer(MappingReader& operands, std::string_view name) {
  const Node* value = required_operand(operands, name);
  if (value == nullptr) return std::nullopt;
  std::optional<Pointer> pointer;
  if (value->is_string() && !value->text.empty()) pointer = Pointer::parse(value->text);
  expect(pointer.has_value(), *value, name, "a JSON Pointer, such as /message");
  return pointer;
}

std::optional<DecimalSum> Compiler::bound_of_sum(MappingReader& operands, std::string_view name) {
  const Node* value = operands.take(name);
  const auto bound = value == nullptr ? std::nullopt : number(name, *value);
  if (!bound || !expect(DecimalSum::is_exact(*bound), *value, name,
                        "a number with at most 30 digits before and 30 behind the point")) {
    return std::nullopt;
  }
  return DecimalSum(*bound);
}

}  // namespace trackly::json_schema
