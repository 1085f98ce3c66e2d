#include "filters/json_schema/error_rows.h"

#include <algorithm>

namespace trackly::json_schema {
namespace {

void append_value(std::string& out, const Node& value) {
  if (!out.empty()) out += ", ";
  if (value.is_boolean()) {
    out += value.boolean ? "true" : "false";
  } else {
    out += value.is_null() ? "null" : value.text;
  }
}

// "draft, off, on": what the schema allows, as a template of the catalogue shows it.
std::string allowed_values(const Node& schema) {
  std::string values;
  if (const Node* literal = schema.find("const")) append_value(values, *literal);
  if (const Node* literals = schema.find("enum")) {
    for (const Node& literal : literals->items) append_value(values, literal);
  }
  return values;
}

bool requires_property(const Node& schema, std::string_view name) {
  const Node* required = schema.find("required");
  return required != nullptr && std::any_of(required->items.begin(), required->items.end(),
                                            [name](const Node& item) { return item.text == name; });
}

}  // namespace

ErrorRows::ErrorRows(const Node& schema, Problems& problems) : values_(allowed_values(schema)) {
  const Node* x_error = schema.find("x-error");
  if (x_error == nullptr) return;
  if (x_error->is_mapping()) {
    read_mapping(schema, *x_error, problems);
  } else {
    all_ = row(*x_error, problems);
  }
}

void ErrorRows::read_mapping(const Node& schema, const Node& x_error, Problems& problems) {
  for (const auto& [keyword, mark, value] : x_error.entries) {
    if (schema.find(keyword) == nullptr) {
      problems.add(mark, "x-error: the schema has no keyword \"" + keyword + "\"");
    } else if (keyword == "required" && value.is_mapping()) {
      read_required(schema, value, problems);
    } else {
      by_keyword_.emplace(keyword, row(value, problems));
    }
  }
}

void ErrorRows::read_required(const Node& schema, const Node& value, Problems& problems) {
  for (const auto& [property, mark, id] : value.entries) {
    if (!requires_property(schema, property)) {
      problems.add(mark, "x-error: the schema does not require \"" + property + "\"");
    }
    by_missing_property_.emplace(property, row(id, problems));
  }
}

Row ErrorRows::row(const Node& id, Problems& problems) const {
  if (id.is_string() && !id.text.empty()) return {id.text, id.mark, values_};
  problems.add(id.mark, "x-error: expected the id of a row of the error catalogue");
  return {};
}

Row ErrorRows::of(std::string_view keyword, bool about_children) const {
  const auto found = by_keyword_.find(keyword);
  if (found != by_keyword_.end()) return found->second;
  return about_children ? Row() : all_;
}

Row ErrorRows::of_missing(std::string_view property) const {
  const auto found = by_missing_property_.find(property);
  return found != by_missing_property_.end() ? found->second : of("required", false);
}

}  // namespace trackly::json_schema
