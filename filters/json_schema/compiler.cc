#include "filters/json_schema/compiler.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "filters/json_schema/error_rows.h"
#include "filters/json_schema/locations.h"
#include "filters/json_schema/pointer.h"
#include "gateway/api/node_reader.h"
#include "gateway/json/number_grammar.h"

namespace trackly::json_schema {
namespace {

constexpr std::string_view kDialects[] = {"https://json-schema.org/draft/2020-12/schema",
                                          "https://json-schema.org/draft/2020-12/schema#",
                                          "https://spec.openapis.org/oas/3.1/dialect/base"};

constexpr std::pair<std::string_view, std::uint8_t> kTypes[] = {
    {"null", kNull},     {"boolean", kBoolean}, {"number", kNumber}, {"integer", kInteger},
    {"string", kString}, {"array", kArray},     {"object", kObject}};

constexpr std::string_view kValidationFailed = "validation_failed";

// What a schema inherits from those around it. One schema compiles once for each context that it is
// reached in.
struct Context {
  bool lenient = false;
  bool empty_is_missing = false;
  bool assert_formats = false;
  // Below `if`, `not`, `oneOf` or `contains`: there a type is a question, not documentation.
  bool is_condition = false;
  // Below those or `anyOf`: a violation in here is not the answer.
  bool is_trial = false;
  // For violations in here that name no row.
  Row row;

  auto key() const {
    return std::tie(lenient, empty_is_missing, assert_formats, is_condition, is_trial, row.id,
                    row.values);
  }
};

// The types that a value of `type` names; 0 for a name that is none.
std::uint8_t type_bits(const Node& value) {
  std::uint8_t bits = 0;
  for (const Node& name : value.items) bits = static_cast<std::uint8_t>(bits | type_bits(name));
  for (const auto& [name, bit] : kTypes) {
    if (value.text == name) bits = static_cast<std::uint8_t>(bits | bit);
  }
  return bits;
}

// YAML has numbers that JSON has not (0x1F, .inf).
bool is_json_number(const Node& node) { return node.is_number() && json::is_number(node.text); }

enum class Judges : std::uint8_t {
  nothing,         // an annotation, or read together with another keyword
  value,           // the value itself
  value_by_parts,  // the value itself, by schemas: in place
  children,        // items or members
};

}  // namespace

class Compiler {
 public:
  Compiler(const Node& document, const FindRow& find_row, Problems& problems)
      : locations_(document), find_row_(find_row), problems_(problems) {}

  Program run(const Node& schema) {
    const std::size_t problems_before = problems_.size();
    locations_.add(schema, problems_);
    program_.root_ = subschema(schema, Context(), "false");
    refuse_endless_references();
    if (problems_.size() == problems_before) program_.declared_types_ = declared_types(schema);
    return std::move(program_);
  }

 private:
  // The schema that is being compiled.
  struct Scope {
    const Node& schema;
    Context context;
    ErrorRows rows;
    SchemaId id;
    std::vector<Rule> rules;
    std::string_view keyword;  // the one that is being compiled

    const Node* find(std::string_view name) const { return schema.find(name); }
  };

  using Handler = void (Compiler::*)(Scope&, const Node&);
  struct Keyword {
    std::string_view name;
    Judges judges;
    Handler compile;  // nullptr: nothing to do
  };
  static const Keyword kKeywords[];
  static const Keyword* find_keyword(std::string_view name);

  struct InPlaceStep {
    SchemaId to;
    Mark mark;
  };

  SchemaId subschema(const Node& schema, const Context& context, std::string_view applicator);
  void compile_false(const Node& schema, const Context& context, std::string_view applicator,
                     SchemaId id);
  void compile_mapping(const Node& schema, Context context, SchemaId id);
  void compile_keyword(Scope& scope, std::string_view name);
  void finish(SchemaId id, const std::vector<Rule>& rules);
  void refuse_unknown_keywords(const Node& schema);
  void refuse_endless_references();
  bool leads_back(SchemaId from, std::vector<std::uint8_t>& state);
  // Requires: the schema has compiled.
  std::uint8_t declared_types(const Node& schema);

  // Keywords, in the order of the table.
  void type(Scope& scope, const Node& value);
  void literals(Scope& scope, const Node& value);
  void reference(Scope& scope, const Node& value);
  void properties(Scope& scope, const Node& value);
  void pattern_properties(Scope& scope, const Node& value);
  void additional_properties(Scope& scope, const Node& value);
  void property_names(Scope& scope, const Node& value);
  void dependent_required(Scope& scope, const Node& value);
  void dependent_schemas(Scope& scope, const Node& value);
  void items(Scope& scope, const Node& value);
  void prefix_items(Scope& scope, const Node& value);
  void unique_items(Scope& scope, const Node& value);
  void contains(Scope& scope, const Node& value);
  template <Op op>
  void schema_list(Scope& scope, const Node& value);
  void not_schema(Scope& scope, const Node& value);
  void condition(Scope& scope, const Node& value);
  void branch_of_condition(Scope& scope, const Node& value);
  void count_of_contains(Scope& scope, const Node& value);
  template <Op op>
  void size_limit(Scope& scope, const Node& value);
  template <Op op>
  void number_limit(Scope& scope, const Node& value);
  void multiple_of(Scope& scope, const Node& value);
  void pattern(Scope& scope, const Node& value);
  void format(Scope& scope, const Node& value);
  void placeholders(Scope& scope, const Node& value);
  void sum(Scope& scope, const Node& value);
  void dialect(Scope& scope, const Node& value);
  void mapping_of_anything(Scope& scope, const Node& value);
  void string_of_anything(Scope& scope, const Node& value);
  void flag(Scope& scope, const Node& value);

  // Helpers of the keywords. Those that return an optional have reported why there is none.
  Rule& add(Scope& scope, Op op);
  Rule& add_without_row(Scope& scope, Op op);
  Row row_of(const Scope& scope, std::string_view keyword) const;
  std::uint32_t error(const Scope& scope, std::string_view keyword, const Row& row);
  Context below(const Scope& scope, std::string_view keyword) const;
  SchemaId in_place(Scope& scope, std::string_view applicator, const Node& schema,
                    const Context& context);
  SchemaId child(Scope& scope, const Node& schema);
  std::uint32_t keep_list(const std::vector<SchemaId>& list);
  std::optional<std::uint64_t> count(std::string_view keyword, const Node& value);
  std::optional<Decimal> number(const Scope& scope, const Node& value);
  std::optional<std::uint32_t> pattern_index(std::string_view keyword, const std::string& text,
                                             const Mark& mark);
  const Node* required_operand(MappingReader& operands, std::string_view name);
  const Node* required_string(MappingReader& operands, std::string_view name);
  std::optional<Pointer> pointer(MappingReader& operands, std::string_view name);
  std::optional<DecimalSum> bound_of_sum(MappingReader& operands, std::string_view name);
  bool expect(bool fits, const Node& value, std::string_view keyword, std::string_view what);
  void expect_json(const Node& literal, std::string_view keyword);
  bool read_flag(const Node& schema, std::string_view keyword, bool inherited);
  std::vector<std::string_view> unique_strings(std::string_view keyword, const Node& value);

  Locations locations_;
  const FindRow& find_row_;
  Problems& problems_;
  Program program_;

  using MemoKey = std::tuple<const Node*, bool, bool, bool, bool, bool, std::string, std::string>;
  std::map<MemoKey, SchemaId> compiled_;
  // By their text; nullopt for one that does not compile, which was reported.
  std::map<std::string, std::optional<std::uint32_t>, std::less<>> patterns_;
  std::multimap<SchemaId, InPlaceStep> in_place_steps_;
};

const Compiler::Keyword Compiler::kKeywords[] = {
    {"type", Judges::value, &Compiler::type},
    {"$ref", Judges::value_by_parts, &Compiler::reference},
    {"properties", Judges::children, &Compiler::properties},

    {"enum", Judges::value, &Compiler::literals},
    {"const", Judges::value, &Compiler::literals},
    {"minLength", Judges::value, &Compiler::size_limit<Op::min_length>},
    {"maxLength", Judges::value, &Compiler::size_limit<Op::max_length>},
    {"pattern", Judges::value, &Compiler::pattern},
    {"format", Judges::value, &Compiler::format},
    {"minimum", Judges::value, &Compiler::number_limit<Op::minimum>},
    {"maximum", Judges::value, &Compiler::number_limit<Op::maximum>},
    {"exclusiveMinimum", Judges::value, &Compiler::number_limit<Op::exclusive_minimum>},
    {"exclusiveMaximum", Judges::value, &Compiler::number_limit<Op::exclusive_maximum>},
    {"multipleOf", Judges::value, &Compiler::multiple_of},
    {"minItems", Judges::value, &Compiler::size_limit<Op::min_items>},
    {"maxItems", Judges::value, &Compiler::size_limit<Op::max_items>},
    {"uniqueItems", Judges::value, &Compiler::unique_items},
    {"contains", Judges::value, &Compiler::contains},
    {"minContains", Judges::value, &Compiler::count_of_contains},  // acts in contains
    {"maxContains", Judges::value, &Compiler::count_of_contains},
    {"minProperties", Judges::value, &Compiler::size_limit<Op::min_properties>},
    {"maxProperties", Judges::value, &Compiler::size_limit<Op::max_properties>},
    {"dependentRequired", Judges::value, &Compiler::dependent_required},
    {"required", Judges::value, nullptr},  // read by properties
    {"x-max-bytes", Judges::value, &Compiler::size_limit<Op::max_bytes>},
    {"x-placeholders", Judges::value, &Compiler::placeholders},
    {"x-sum", Judges::value, &Compiler::sum},

    {"allOf", Judges::value_by_parts, &Compiler::schema_list<Op::all_of>},
    {"anyOf", Judges::value_by_parts, &Compiler::schema_list<Op::any_of>},
    {"oneOf", Judges::value_by_parts, &Compiler::schema_list<Op::exactly_one_of>},
    {"not", Judges::value_by_parts, &Compiler::not_schema},
    {"if", Judges::value_by_parts, &Compiler::condition},
    {"then", Judges::value_by_parts, &Compiler::branch_of_condition},  // acts in if
    {"else", Judges::value_by_parts, &Compiler::branch_of_condition},
    {"dependentSchemas", Judges::value_by_parts, &Compiler::dependent_schemas},

    {"items", Judges::children, &Compiler::items},
    {"prefixItems", Judges::children, &Compiler::prefix_items},
    {"patternProperties", Judges::children, &Compiler::pattern_properties},
    {"additionalProperties", Judges::children, &Compiler::additional_properties},
    {"propertyNames", Judges::children, &Compiler::property_names},

    {"$schema", Judges::nothing, &Compiler::dialect},
    {"$id", Judges::nothing, &Compiler::string_of_anything},  // read by Locations
    {"$anchor", Judges::nothing, &Compiler::string_of_anything},
    {"$defs", Judges::nothing, &Compiler::mapping_of_anything},
    {"x-lenient", Judges::nothing, &Compiler::flag},  // read by compile_mapping
    {"x-empty-is-missing", Judges::nothing, &Compiler::flag},
    {"x-assert-formats", Judges::nothing, &Compiler::flag},
    {"x-error", Judges::nothing, nullptr},  // read by ErrorRows

    {"$comment", Judges::nothing, nullptr},
    {"title", Judges::nothing, nullptr},
    {"description", Judges::nothing, nullptr},
    {"default", Judges::nothing, nullptr},
    {"examples", Judges::nothing, nullptr},
    {"example", Judges::nothing, nullptr},
    {"deprecated", Judges::nothing, nullptr},
    {"readOnly", Judges::nothing, nullptr},
    {"writeOnly", Judges::nothing, nullptr},
    {"contentMediaType", Judges::nothing, nullptr},
    {"contentEncoding", Judges::nothing, nullptr},
    {"contentSchema", Judges::nothing, nullptr},
    {"externalDocs", Judges::nothing, nullptr},
};

const Compiler::Keyword* Compiler::find_keyword(std::string_view name) {
  const auto found = std::find_if(std::begin(kKeywords), std::end(kKeywords),
                                  [name](const Keyword& keyword) { return keyword.name == name; });
  return found == std::end(kKeywords) ? nullptr : found;
}

// ------------------------------------------------------------------------------- whole schemas

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
  (this->*keyword->compile)(scope, *value);
}

void Compiler::finish(SchemaId id, const std::vector<Rule>& rules) {
  program_.schemas_[id] = {static_cast<std::uint32_t>(program_.rules_.size()),
                           static_cast<std::uint32_t>(rules.size())};
  program_.rules_.insert(program_.rules_.end(), rules.begin(), rules.end());
}

void Compiler::refuse_unknown_keywords(const Node& schema) {
  for (const Node::Entry& entry : schema.entries) {
    if (find_keyword(entry.key) != nullptr) continue;
    std::vector<std::string_view> known;
    for (const Keyword& keyword : kKeywords) known.push_back(keyword.name);
    std::string text = "keyword \"" + entry.key + "\" is not supported";
    const std::string_view nearest = nearest_word(entry.key, known);
    if (!nearest.empty()) text += "; did you mean \"" + std::string(nearest) + "\"?";
    problems_.add(entry.key_mark, text);
  }
}

// A schema that comes back to itself at the same value would be judged forever. (Coming back at a
// part of the value is fine: values end.)
void Compiler::refuse_endless_references() {
  std::vector<std::uint8_t> state(program_.schemas_.size());
  for (SchemaId id = 0; id < state.size(); ++id) {
    if (leads_back(id, state)) return;
  }
}

bool Compiler::leads_back(SchemaId from, std::vector<std::uint8_t>& state) {
  enum : std::uint8_t { kNew, kOpen, kDone };
  if (state[from] != kNew) return false;
  state[from] = kOpen;
  const auto [begin, end] = in_place_steps_.equal_range(from);
  for (auto step = begin; step != end; ++step) {
    if (state[step->second.to] == kOpen) {
      problems_.add(step->second.mark, "the schema refers to itself without end");
      return true;
    }
    if (leads_back(step->second.to, state)) return true;
  }
  state[from] = kDone;
  return false;
}

std::uint8_t Compiler::declared_types(const Node& schema) {
  if (const Node* type = schema.find("type")) return type_bits(*type);
  const Node* reference = schema.find("$ref");
  return reference == nullptr
             ? 0
             : declared_types(*locations_.resolve(schema, reference->text, problems_));
}

// ------------------------------------------------------------------------------------- keywords

void Compiler::type(Scope& scope, const Node& value) {
  const auto check_name = [&](const Node& name) {
    expect(name.is_string() && type_bits(name) != 0, name, scope.keyword,
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
  if (!is_documentation) add(scope, Op::type).limit = type_bits(value);
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

void Compiler::reference(Scope& scope, const Node& value) {
  if (!expect(value.is_string(), value, scope.keyword, "a URI reference")) return;
  const Node* target = locations_.resolve(scope.schema, value.text, problems_);
  if (target == nullptr) {
    problems_.add(value.mark, "$ref: \"" + value.text + "\" leads nowhere in this document");
    return;
  }
  const SchemaId id = subschema(*target, below(scope, scope.keyword), scope.keyword);
  in_place_steps_.emplace(scope.id, InPlaceStep{id, value.mark});
  add_without_row(scope, Op::schema).first = id;
}

void Compiler::properties(Scope& scope, const Node&) {
  std::vector<Property> in_order;
  if (const Node* declared = scope.find("properties")) {
    if (!expect(declared->is_mapping(), *declared, "properties", "a mapping")) return;
    for (const auto& [name, mark, schema] : declared->entries) {
      in_order.push_back({name, true, child(scope, schema)});
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
  contains.schema = subschema(value, context, scope.keyword);
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

template <Op op>
void Compiler::schema_list(Scope& scope, const Node& value) {
  if (!expect(value.is_sequence() && !value.items.empty(), value, scope.keyword,
              "a list of schemas")) {
    return;
  }
  Context context = below(scope, scope.keyword);
  context.is_trial = context.is_trial || op != Op::all_of;
  context.is_condition = context.is_condition || op == Op::exactly_one_of;
  std::vector<SchemaId> list;
  for (const Node& item : value.items)
    list.push_back(in_place(scope, scope.keyword, item, context));
  const std::uint32_t first = keep_list(list);
  Rule& rule = op == Op::all_of ? add_without_row(scope, op) : add(scope, op);
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

template <Op op>
void Compiler::size_limit(Scope& scope, const Node& value) {
  if (const auto limit = count(scope.keyword, value)) add(scope, op).limit = *limit;
}

template <Op op>
void Compiler::number_limit(Scope& scope, const Node& value) {
  const auto limit = number(scope, value);
  if (!limit) return;
  add(scope, op).first = static_cast<std::uint32_t>(program_.numbers_.size());
  program_.numbers_.push_back(*limit);
}

void Compiler::multiple_of(Scope& scope, const Node& value) {
  const auto divisor = number(scope, value);
  if (!divisor || !expect(divisor->is_divisor(), value, scope.keyword,
                          "a number above 0 with at most 19 significant digits")) {
    return;
  }
  number_limit<Op::multiple_of>(scope, value);
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

// -------------------------------------------------------------------------------------- helpers

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

Context Compiler::below(const Scope& scope, std::string_view keyword) const {
  Context context = scope.context;
  context.row = row_of(scope, keyword);
  return context;
}

SchemaId Compiler::in_place(Scope& scope, std::string_view applicator, const Node& schema,
                            const Context& context) {
  const SchemaId id = subschema(schema, context, applicator);
  in_place_steps_.emplace(scope.id, InPlaceStep{id, schema.mark});
  return id;
}

SchemaId Compiler::child(Scope& scope, const Node& schema) {
  return subschema(schema, below(scope, scope.keyword), scope.keyword);
}

std::uint32_t Compiler::keep_list(const std::vector<SchemaId>& list) {
  const auto first = static_cast<std::uint32_t>(program_.schema_lists_.size());
  program_.schema_lists_.insert(program_.schema_lists_.end(), list.begin(), list.end());
  return first;
}

std::optional<std::uint64_t> Compiler::count(std::string_view keyword, const Node& value) {
  const auto limit = is_json_number(value) ? Decimal(value.text).to_count() : std::nullopt;
  expect(limit.has_value(), value, keyword, "a whole number that is not negative");
  return limit;
}

std::optional<Decimal> Compiler::number(const Scope& scope, const Node& value) {
  if (!expect(is_json_number(value), value, scope.keyword, "a number")) return std::nullopt;
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
  if (value == nullptr || !expect(is_json_number(*value), *value, name, "a number")) {
    return std::nullopt;
  }
  const Decimal bound(value->text);
  if (!expect(DecimalSum::is_exact(bound), *value, name,
              "a number with at most 30 digits before and 30 behind the point")) {
    return std::nullopt;
  }
  return DecimalSum(bound);
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

// What is no flag is reported by flag().
bool Compiler::read_flag(const Node& schema, std::string_view keyword, bool inherited) {
  const Node* value = schema.find(keyword);
  return value != nullptr && value->is_boolean() ? value->boolean : inherited;
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

std::optional<Program> compile(const Node& document, const Node& schema, const FindRow& find_row,
                               Problems& problems) {
  const std::size_t before = problems.size();
  Program program = Compiler(document, find_row, problems).run(schema);
  if (problems.size() != before) return std::nullopt;
  return program;
}

}  // namespace trackly::json_schema
