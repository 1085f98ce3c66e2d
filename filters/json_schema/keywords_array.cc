#include <vector>

#include "filters/json_schema/compilation.h"

namespace trackly::json_schema {

void Compiler::items(Scope& scope, const Node& value) {
  // Spares a walk over all items of a batch.
  if (value.is_boolean() && value.boolean) return;
  const Node* prefix = scope.find("prefixItems");
  const SchemaId id = child(scope, value);
  Rule& rule = add_without_row(scope, Op::items);
  rule.first = id;
  rule.limit = prefix == nullptr ? 0 : prefix->items.size();
}

void Compiler::prefix_items(Scope& scope, const Node& value) {
  if (!expect(value.is_sequence(), value, scope.keyword, "a list of schemas")) return;
  std::vector<SchemaId> list;
  for (const Node& item : value.items) list.push_back(child(scope, item));
  const std::uint32_t first = keep_list(list);
  Rule& rule = add_without_row(scope, Op::prefix_items);
  rule.first = first;
  rule.count = static_cast<std::uint32_t>(list.size());
}

void Compiler::unique_items(Scope& scope, const Node& value) {
  if (!expect(value.is_boolean(), value, scope.keyword, "true or false")) return;
  if (value.boolean) add(scope, Op::unique_items);
}

void Compiler::contains(Scope& scope, const Node& value) {
  Context context = below(scope, scope.keyword);
  context.is_condition = context.is_trial = true;
  Contains contains;
  contains.schema = child(scope, value, context);
  if (const Node* minimum = scope.find("minContains")) {
    contains.minimum = count("minContains", *minimum).value_or(0);
    contains.minimum_keyword = "minContains";
  }
  if (const Node* maximum = scope.find("maxContains")) {
    contains.maximum = count("maxContains", *maximum).value_or(0);
    contains.maximum_error = error(scope, "maxContains", row_of(scope, "maxContains"));
  }
  contains.minimum_error =
      error(scope, contains.minimum_keyword, row_of(scope, contains.minimum_keyword));
  add_without_row(scope, Op::contains).first =
      static_cast<std::uint32_t>(program_.contains_.size());
  program_.contains_.push_back(contains);
}

// Also where there is no `contains` to bound, so that no mistake stays unseen.
void Compiler::count_of_contains(Scope& scope, const Node& value) { count(scope.keyword, value); }

}  // namespace trackly::json_schema
