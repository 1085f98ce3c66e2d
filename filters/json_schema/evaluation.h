#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filters/json_schema/program.h"
#include "filters/json_schema/verdict_memory.h"
#include "gateway/json/document.h"

namespace trackly::json_schema {

/// One run of a program over one value. Every judge_...() is true for a value that keeps the rule;
/// after the first one that is false, take_violation() tells why.
///
/// These functions call each other several times for each level that a value is nested, so those
/// that do are small and keep little on the stack.
class Evaluation {
 public:
  using Value = json::Value;

  Evaluation(const Program& program, Value root) : program_(program), root_(root) {}

  bool judge(SchemaId id, Value value) {
    const Program::Schema& schema = program_.schemas_[id];
    if ((schema.kinds & kind_bit(value.kind())) == 0) return true;
    const bool is_junction = schema.junction != Program::Schema::kNoJunction;
    return is_junction ? judge_once(schema, value) : judge_rules(schema, value);
  }

  Violation take_violation();

 private:
  bool judge_rules(const Program::Schema& schema, Value value);
  bool judge_once(const Program::Schema& schema, Value value);
  // Requires: the value is of a kind that can violate the rule.
  bool judge(const Rule& rule, Value value);

  // Any kind of value.
  bool judge_type(const Rule& rule, Value value);
  bool judge_literals(const Rule& rule, Value value);
  bool judge_all_of(const Rule& rule, Value value);
  bool judge_any_of(const Rule& rule, Value value);
  bool judge_exactly_one_of(const Rule& rule, Value value);
  bool judge_not(const Rule& rule, Value value);
  bool judge_condition(const Rule& rule, Value value);
  bool judge_max_bytes(const Rule& rule, Value value);

  bool judge_length(const Rule& rule, Value string);
  bool judge_pattern(const Rule& rule, Value string);
  bool judge_format(const Rule& rule, Value string);
  bool judge_number(const Rule& rule, Value number);

  // Of objects.
  bool judge_properties(const Rule& rule, Value object);
  bool judge_found(const Rule& rule, Value object, const std::uint32_t* found);
  bool judge_pattern_property(const Rule& rule, Value object);
  bool judge_additional_properties(const Rule& rule, Value object);
  bool judge_property_names(const Rule& rule, Value object);
  bool judge_dependent_names(const Rule& rule, Value object);
  bool judge_dependent_schema(const Rule& rule, Value object);
  bool judge_placeholders(const Rule& rule, Value object);

  // A member that `rule` finds a schema for, other than by its declaration.
  bool judge_member(const Rule& rule, SchemaId schema, const json::Member& member);
  bool is_described(const AdditionalProperties& additional, std::string_view name) const;

  // Of arrays.
  bool judge_items(const Rule& rule, Value array);
  bool judge_prefix_items(const Rule& rule, Value array);
  bool judge_unique_items(const Rule& rule, Value array);
  bool judge_contains(const Rule& rule, Value array);
  bool judge_sum(const Rule& rule, Value array);

  // Of both.
  bool judge_size(const Rule& rule, Value value);

  // Whether a value keeps a schema, where it is no violation if it does not.
  bool holds(SchemaId schema, Value value) {
    ++trials_;
    const bool result = judge(schema, value);
    --trials_;
    return result;
  }

  std::span<const SchemaId> schemas(const Rule& rule) const {
    return {program_.schema_lists_.data() + rule.first, rule.count};
  }
  std::span<const std::string_view> names(const Rule& rule) const {
    return {program_.names_.data() + rule.first, rule.count};
  }

  // All three are always false, so that they can stand in a condition.
  [[gnu::cold]] bool violated(std::string_view keyword, std::uint32_t error);
  bool violated(const Rule& rule) { return violated(rule.keyword, rule.error); }
  // On the way back from a violation: where it was.
  [[gnu::cold]] bool at_name(std::string_view name);
  [[gnu::cold]] bool at_index(std::size_t index);

  const Program& program_;
  const Value root_;
  int trials_ = 0;
  std::size_t visits_of_junctions_ = 0;
  std::optional<VerdictMemory> memory_;

  // Made when there is something to tell: a valid value must not pay for it.
  struct Finding {
    Violation violation;
    std::vector<std::string> place;  // tokens of its pointer, the last one first
  };
  std::optional<Finding> finding_;
};

}  // namespace trackly::json_schema
