#include <algorithm>
#include <utility>
#include <vector>

#include "filters/json_schema/compilation.h"

namespace trackly::json_schema {

void Compiler::properties(Scope& scope, const Node&) {
  std::vector<Property> in_order;
  if (const Node* declared = scope.find("properties")) {
    if (!expect(declared->is_mapping(), *declared, "properties", "a mapping")) return;
    for (const auto& [name, mark, schema] : declared->entries) {
      in_order.push_back({name, true, true, child(scope, schema)});
    }
  }
  if (const Node* required = scope.find("required")) {
    for (const std::string_view name : unique_strings("required", *required)) {
      auto property = std::find_if(in_order.begin(), in_order.end(),
                                   [name](const Property& p) { return p.name == name; });
      if (property == in_order.end()) {
        property = in_order.insert(property, {std::string(name)});
      }
      Row row = scope.rows.of_missing(name);
      if (!row.is_named()) row = scope.context.row;
      property->required = true;
      property->missing_error = error(scope, "required", row);
    }
  }
  add_without_row(scope, Op::properties).first =
      static_cast<std::uint32_t>(program_.properties_.size());
  program_.properties_.emplace_back(std::move(in_order));
}

void Compiler::pattern_properties(Scope& scope, const Node& value) {
  if (!expect(value.is_mapping(), value, scope.keyword, "a mapping")) return;
  for (const auto& [text, mark, schema] : value.entries) {
    const auto index = pattern_index(scope.keyword, text, mark);
    const SchemaId id = child(scope, schema);
    Rule& rule = add_without_row(scope, Op::pattern_property);
    rule.first = index.value_or(0);
    rule.count = id;
  }
}

void Compiler::additional_properties(Scope& scope, const Node& value) {
  AdditionalProperties additional;
  additional.schema = child(scope, value);
  for (const Rule& rule : scope.rules) {
    if (rule.op == Op::properties) additional.properties = rule.first;
  }
  if (const Node* patterns = scope.find("patternProperties")) {
    for (const auto& [text, mark, schema] : patterns->entries) {
      if (const auto index = pattern_index("patternProperties", text, mark)) {
        additional.patterns.push_back(*index);
      }
    }
  }
  add_without_row(scope, Op::additional_properties).first =
      static_cast<std::uint32_t>(program_.additional_.size());
  program_.additional_.push_back(std::move(additional));
}

void Compiler::property_names(Scope& scope, const Node& value) {
  const SchemaId id = child(scope, value);
  add_without_row(scope, Op::property_names).first = id;
}

void Compiler::dependent_required(Scope& scope, const Node& value) {
  if (!expect(value.is_mapping(), value, scope.keyword, "a mapping")) return;
  for (const auto& [trigger, mark, names] : value.entries) {
    Rule& rule = add(scope, Op::dependent_names);
    rule.first = static_cast<std::uint32_t>(program_.names_.size());
    program_.names_.push_back(trigger);
    for (const std::string_view name : unique_strings(scope.keyword, names)) {
      program_.names_.push_back(name);
    }
    rule.count = static_cast<std::uint32_t>(program_.names_.size()) - rule.first;
  }
}

}  // namespace trackly::json_schema
