#include <vector>

#include "filters/json_schema/compilation.h"

namespace trackly::json_schema {

void Compiler::reference(Scope& scope, const Node& value) {
  if (!expect(value.is_string(), value, scope.keyword, "a URI reference")) return;
  const Node* target = locations_.resolve(scope.schema, value.text, problems_);
  if (target == nullptr) {
    problems_.add(value.mark, "$ref: \"" + value.text + "\" leads nowhere in this document");
    return;
  }
  const SchemaId id = subschema(*target, below(scope, scope.keyword), scope.keyword);
  graph_.add(scope.id, {id, true, value.mark});
  add_without_row(scope, Op::schema).first = id;
}

void Compiler::schema_list(Scope& scope, const Node& value) {
  if (!expect(value.is_sequence() && !value.items.empty(), value, scope.keyword,
              "a list of schemas")) {
    return;
  }
  Context context = below(scope, scope.keyword);
  context.is_trial = context.is_trial || scope.op != Op::all_of;
  context.is_condition = context.is_condition || scope.op == Op::exactly_one_of;
  std::vector<SchemaId> list;
  for (const Node& item : value.items) {
    list.push_back(in_place(scope, scope.keyword, item, context));
  }
  const std::uint32_t first = keep_list(list);
  Rule& rule = scope.op == Op::all_of ? add_without_row(scope, Op::all_of) : add(scope, scope.op);
  rule.first = first;
  rule.count = static_cast<std::uint32_t>(list.size());
}

void Compiler::not_schema(Scope& scope, const Node& value) {
  Context context = below(scope, scope.keyword);
  context.is_condition = context.is_trial = true;
  const SchemaId id = in_place(scope, scope.keyword, value, context);
  add(scope, Op::not_schema).first = id;
}

void Compiler::condition(Scope& scope, const Node& value) {
  static const Node kAnything = [] {
    Node node;
    node.kind = Node::Kind::boolean;
    node.boolean = true;
    return node;
  }();
  const auto branch = [&](std::string_view keyword) {
    const Node* schema = scope.find(keyword);
    return in_place(scope, keyword, schema == nullptr ? kAnything : *schema, below(scope, keyword));
  };
  Context context = below(scope, scope.keyword);
  context.is_condition = context.is_trial = true;
  const SchemaId test = in_place(scope, scope.keyword, value, context);
  const SchemaId then_branch = branch("then");
  const SchemaId else_branch = branch("else");
  Rule& rule = add_without_row(scope, Op::condition);
  rule.first = keep_list({test, then_branch, else_branch});
  rule.count = 3;
}

// Without an `if` a branch is never taken, but a mistake in it must not stay unseen.
void Compiler::branch_of_condition(Scope& scope, const Node& value) {
  if (scope.find("if") != nullptr) return;
  Context context = below(scope, scope.keyword);
  context.is_trial = true;
  subschema(value, context, scope.keyword);
}

void Compiler::dependent_schemas(Scope& scope, const Node& value) {
  if (!expect(value.is_mapping(), value, scope.keyword, "a mapping")) return;
  for (const auto& [trigger, mark, schema] : value.entries) {
    const SchemaId id = in_place(scope, scope.keyword, schema, below(scope, scope.keyword));
    Rule& rule = add_without_row(scope, Op::dependent_schema);
    rule.first = static_cast<std::uint32_t>(program_.names_.size());
    rule.count = id;
    program_.names_.push_back(trigger);
  }
}

}  // namespace trackly::json_schema
