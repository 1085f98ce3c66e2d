#pragma once

// Inside the compiler: what its source files share. Everybody else includes compiler.h.
//
//   compiler.cc            whole schemas: the order, and who inherits what
//   keyword_table.cc       every keyword, and which function compiles it
//   keywords_*.cc          these functions, by the kind of value that a keyword is about
//   operands.cc            what a keyword's own value may be

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "filters/json_schema/compiler.h"
#include "filters/json_schema/error_rows.h"
#include "filters/json_schema/locations.h"
#include "gateway/api/node_reader.h"

namespace trackly::json_schema {

class Compiler {
 public:
  Compiler(const Node& document, const FindRow& find_row, Problems& problems)
      : locations_(document), find_row_(find_row), problems_(problems) {}

  Program run(const Node& schema);

 private:
  /// What a schema inherits from those around it. One schema compiles once for each context that it
  /// is reached in.
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

  /// The schema that is being compiled.
  struct Scope {
    const Node& schema;
    Context context;
    ErrorRows rows;
    SchemaId id;
    std::vector<Rule> rules;
    std::string_view keyword;  // the one that is being compiled
    Op op = Op::never;         // as the table has it for that keyword

    const Node* find(std::string_view name) const { return schema.find(name); }
  };

  enum class Judges : std::uint8_t {
    nothing,   // an annotation, or read together with another keyword
    value,     // the value itself
    children,  // items or members
  };

  using Handler = void (Compiler::*)(Scope&, const Node&);
  struct Keyword {
    std::string_view name;
    Judges judges;
    Handler compile = nullptr;  // nullptr: nothing to do
    Op op = Op::never;          // for functions that compile several keywords
  };
  static const Keyword kKeywords[];
  static const Keyword* find_keyword(std::string_view name);
  // The one that a key is probably meant to be; empty: none.
  static std::string_view nearest_keyword(const std::string& key);

  // Whole schemas.
  SchemaId subschema(const Node& schema, const Context& context, std::string_view applicator);
  void compile_false(const Node& schema, const Context& context, std::string_view applicator,
                     SchemaId id);
  void compile_mapping(const Node& schema, Context context, SchemaId id);
  void compile_keyword(Scope& scope, std::string_view name);
  void finish(SchemaId id, const std::vector<Rule>& rules);
  void refuse_unknown_keywords(const Node& schema);
  void close_graph(const Mark& mark);
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
  void schema_list(Scope& scope, const Node& value);
  void not_schema(Scope& scope, const Node& value);
  void condition(Scope& scope, const Node& value);
  void branch_of_condition(Scope& scope, const Node& value);
  void count_of_contains(Scope& scope, const Node& value);
  void size_limit(Scope& scope, const Node& value);
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

  // What a keyword adds to its schema.
  Rule& add(Scope& scope, Op op);
  Rule& add_without_row(Scope& scope, Op op);
  Row row_of(const Scope& scope, std::string_view keyword) const;
  std::uint32_t error(const Scope& scope, std::string_view keyword, const Row& row);
  Context below(const Scope& scope, std::string_view keyword) const;
  SchemaId in_place(Scope& scope, std::string_view applicator, const Node& schema,
                    const Context& context);
  SchemaId child(Scope& scope, const Node& schema);
  SchemaId child(Scope& scope, const Node& schema, const Context& context);
  std::uint32_t keep_list(const std::vector<SchemaId>& list);

  // Operands. Those that return an optional or a pointer have reported why there is none.
  std::optional<std::uint64_t> count(std::string_view keyword, const Node& value);
  std::optional<Decimal> number(std::string_view keyword, const Node& value);
  std::optional<std::uint32_t> pattern_index(std::string_view keyword, const std::string& text,
                                             const Mark& mark);
  std::vector<std::string_view> unique_strings(std::string_view keyword, const Node& value);
  bool read_flag(const Node& schema, std::string_view keyword, bool inherited);
  const Node* required_operand(MappingReader& operands, std::string_view name);
  const Node* required_string(MappingReader& operands, std::string_view name);
  std::optional<Pointer> pointer(MappingReader& operands, std::string_view name);
  std::optional<DecimalSum> bound_of_sum(MappingReader& operands, std::string_view name);
  bool expect(bool fits, const Node& value, std::string_view keyword, std::string_view what);
  void expect_json(const Node& literal, std::string_view keyword);
  // The types that a value of `type` names; 0 for a name that is none.
  static std::uint8_t named_types(const Node& value);

  Locations locations_;
  const FindRow& find_row_;
  Problems& problems_;
  Program program_;

  using MemoKey = std::tuple<const Node*, bool, bool, bool, bool, bool, std::string, std::string>;
  std::map<MemoKey, SchemaId> compiled_;
  // By their text; nullopt for one that does not compile, which was reported.
  std::map<std::string, std::optional<std::uint32_t>, std::less<>> patterns_;
  SchemaGraph graph_;
};

}  // namespace trackly::json_schema
