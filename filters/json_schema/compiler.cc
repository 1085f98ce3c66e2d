#include "filters/json_schema/compiler.h"

#include <algorithm>
#include <utility>

#include "filters/json_schema/compilation.h"
#include "filters/json_schema/simplifier.h"

namespace trackly::json_schema {
namespace {

constexpr std::string_view kValidationFailed = "validation_failed";

// Judging takes less than 200 bytes of stack for a schema, and a recursive schema is applied on
// each level of a value, of which there are at most json::kMaxDepth.
constexpr std::size_t kMostInPlace = 32;

// Of the values that can violate such a rule.
KindBits kinds_of(Op op) {
  switch (op) {
    case Op::properties:
    case Op::pattern_property:
    case Op::additional_properties:
    case Op::property_names:
    case Op::dependent_names:
    case Op::dependent_schema:
    case Op::min_properties:
    case Op::max_properties:
    case Op::placeholders:
      return kind_bit(json::Kind::object);
    case Op::items:
    case Op::prefix_items:
    case Op::min_items:
    case Op::max_items:
    case Op::unique_items:
    case Op::contains:
    case Op::sum:
      return kind_bit(json::Kind::array);
    case Op::min_length:
    case Op::max_length:
    case Op::pattern:
    case Op::format:
      return kind_bit(json::Kind::string);
    case Op::minimum:
    case Op::maximum:
    case Op::exclusive_minimum:
    case Op::exclusive_maximum:
    case Op::multiple_of:
      return kind_bit(json::Kind::number);
    case Op::never:
    case Op::type:
    case Op::one_of_literals:
    case Op::schema:
    case Op::all_of:
    case Op::any_of:
    case Op::exactly_one_of:
    case Op::not_schema:
    case Op::condition:
    case Op::max_bytes:
      break;
  }
  return kAnyKind;
}

}  // namespace

Program Compiler::run(const Node& schema) {
  const std::size_t problems_before = problems_.size();
  locations_.add(schema, problems_);
  program_.root_ = subschema(schema, Context(), "false");
  close_graph(schema.mark);
  program_.rule_count_ = program_.rules_.size();
  if (problems_.size() == problems_before) {
    program_.declared_types_ = declared_types(schema);
    Simplifier(program_).run();
  }
  return std::move(program_);
}

SchemaId Compiler::subschema(const Node& schema, const Context& context,
                             std::string_view applicator) {
  const auto next = static_cast<SchemaId>(program_.schemas_.size());
  const auto [known, is_new] =
      compiled_.emplace(std::tuple_cat(std::make_tuple(&schema), context.key()), next);
  if (!is_new) return known->second;

  // The id is taken before the rules are known, so that a schema can refer to itself.
  program_.schemas_.emplace_back();
  if (schema.is_mapping()) {
    compile_mapping(schema, context, next);
  } else if (!schema.is_boolean()) {
    problems_.add(schema.mark, "expected a schema: a mapping, true or false; found a " +
                                   std::string(schema.kind_name()));
  } else if (!schema.boolean) {
    compile_false(schema, context, applicator, next);
  }
  return next;
}

void Compiler::compile_false(const Node& schema, const Context& context,
                             std::string_view applicator, SchemaId id) {
  Scope scope{schema, context, ErrorRows(schema, problems_), id, {}, applicator};
  add(scope, Op::never);
  finish(id, scope.rules);
}

void Compiler::compile_mapping(const Node& schema, Context context, SchemaId id) {
  refuse_unknown_keywords(schema);
  context.lenient = read_flag(schema, "x-lenient", context.lenient);
  context.empty_is_missing = read_flag(schema, "x-empty-is-missing", context.empty_is_missing);
  context.assert_formats = read_flag(schema, "x-assert-formats", context.assert_formats);

  Scope scope{schema, std::move(context), ErrorRows(schema, problems_), id, {}, {}};
  // The order in which a schema is judged: its type, what `$ref` says, its members; then all others
  // in the order in which it writes them.
  const std::string_view first[] = {"type", "$ref", "properties"};
  for (const std::string_view keyword : first) compile_keyword(scope, keyword);
  for (const Node::Entry& entry : schema.entries) {
    if (std::find(std::begin(first), std::end(first), entry.key) == std::end(first)) {
      compile_keyword(scope, entry.key);
    }
  }
  finish(id, scope.rules);
}

void Compiler::compile_keyword(Scope& scope, std::string_view name) {
  const Keyword* keyword = find_keyword(name);
  if (keyword == nullptr || keyword->compile == nullptr) return;
  const Node* value = scope.find(name);
  // A schema that requires properties without declaring any has a table of them, too.
  if (value == nullptr && name == "properties") value = scope.find("required");
  if (value == nullptr) return;
  scope.keyword = keyword->name;
  scope.op = keyword->op;
  (this->*keyword->compile)(scope, *value);
}

void Compiler::finish(SchemaId id, const std::vector<Rule>& rules) {
  program_.schemas_[id].first = static_cast<std::uint32_t>(program_.rules_.size());
  program_.schemas_[id].count = static_cast<std::uint32_t>(rules.size());
  program_.rules_.insert(program_.rules_.end(), rules.begin(), rules.end());
}

void Compiler::close_graph(const Mark& mark) {
  if (const auto back = graph_.endless()) {
    problems_.add(*back, "the schema refers to itself without end");
    return;
  }
  if (graph_.is_recursive() && graph_.longest_in_place() > kMostInPlace) {
    problems_.add(mark, "a recursive schema may apply at most " + std::to_string(kMostInPlace) +
                            " schemas, one within the other, to the same value");
  }
  for (const SchemaId schema : graph_.junctions()) {
    program_.schemas_[schema].junction = program_.junction_count_++;
  }
}

std::uint8_t Compiler::declared_types(const Node& schema) {
  if (const Node* type = schema.find("type")) return named_types(*type);
  const Node* reference = schema.find("$ref");
  return reference == nullptr
             ? 0
             : declared_types(*locations_.resolve(schema, reference->text, problems_));
}

// --------------------------------------------------------------- what a keyword adds to its schema

Rule& Compiler::add(Scope& scope, Op op) {
  const std::uint32_t index = error(scope, scope.keyword, row_of(scope, scope.keyword));
  Rule& rule = add_without_row(scope, op);
  rule.error = index;
  return rule;
}

// For keywords that are not violated themselves, but by the schemas they apply.
Rule& Compiler::add_without_row(Scope& scope, Op op) {
  Rule rule;
  rule.op = op;
  rule.kinds = kinds_of(op);
  rule.keyword = scope.keyword;
  rule.null_passes = scope.context.lenient;
  rule.empty_is_missing = scope.context.empty_is_missing;
  return scope.rules.emplace_back(rule);
}

Row Compiler::row_of(const Scope& scope, std::string_view keyword) const {
  const Keyword* known = find_keyword(keyword);
  const bool about_children = known != nullptr && known->judges == Judges::children;
  Row row = scope.rows.of(keyword, about_children);
  return row.is_named() ? row : scope.context.row;
}

std::uint32_t Compiler::error(const Scope& scope, std::string_view keyword, const Row& row) {
  if (!row.is_named() && !scope.context.is_trial) {
    program_.without_row_.push_back({scope.schema.mark, keyword});
  }
  const std::string id = row.is_named() ? row.id : std::string(kValidationFailed);
  const Mark& mark = row.is_named() ? row.mark : scope.schema.mark;
  program_.errors_.push_back(find_row_(id, row.values, mark, problems_));
  return static_cast<std::uint32_t>(program_.errors_.size() - 1);
}

Compiler::Context Compiler::below(const Scope& scope, std::string_view keyword) const {
  Context context = scope.context;
  context.row = row_of(scope, keyword);
  return context;
}

SchemaId Compiler::in_place(Scope& scope, std::string_view applicator, const Node& schema,
                            const Context& context) {
  const SchemaId id = subschema(schema, context, applicator);
  graph_.add(scope.id, {id, true, schema.mark});
  return id;
}

SchemaId Compiler::child(Scope& scope, const Node& schema, const Context& context) {
  const SchemaId id = subschema(schema, context, scope.keyword);
  graph_.add(scope.id, {id, false, schema.mark});
  return id;
}

SchemaId Compiler::child(Scope& scope, const Node& schema) {
  return child(scope, schema, below(scope, scope.keyword));
}

std::uint32_t Compiler::keep_list(const std::vector<SchemaId>& list) {
  const auto first = static_cast<std::uint32_t>(program_.schema_lists_.size());
  program_.schema_lists_.insert(program_.schema_lists_.end(), list.begin(), list.end());
  return first;
}

// What is no flag is reported by flag().
bool Compiler::read_flag(const Node& schema, std::string_view keyword, bool inherited) {
  const Node* value = schema.find(keyword);
  return value != nullptr && value->is_boolean() ? value->boolean : inherited;
}

std::optional<Program> compile(const Node& document, const Node& schema, const FindRow& find_row,
                               Problems& problems) {
  const std::size_t before = problems.size();
  Program program = Compiler(document, find_row, problems).run(schema);
  if (problems.size() != before) return std::nullopt;
  return program;
}

}  // namespace trackly::json_schema
