#include <algorithm>
#include <array>
#include <vector>

#include "filters/json_schema/equality.h"
#include "filters/json_schema/evaluation.h"

// The rules about objects, arrays and what they contain.

namespace trackly::json_schema {
namespace {

using json::Value;

bool is_empty(Value value) {
  return value.is_null() || (value.is_string() && value.string().empty());
}

// Whether a property is there for the purpose of being required.
bool is_present(const Rule& rule, Value object, std::string_view name) {
  const auto value = object.find(name);
  return value && !(rule.empty_is_missing && is_empty(*value));
}

// Whether a property is there for the purpose of requiring others.
bool triggers(const Rule& rule, Value object, std::string_view name) {
  const auto value = object.find(name);
  return value && !(rule.null_passes && value->is_null());
}

// The first of these properties that is there and not null.
std::optional<Value> first_of(Value object, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto value = object.find(name);
    if (value && !value->is_null()) return value;
  }
  return std::nullopt;
}

// One pass over the members, however many a client sends: where each property is, 0 where it is
// absent (the root of a text is no member).
void find_members(const Properties& properties, Value object, std::uint32_t* found) {
  std::fill_n(found, properties.size(), 0U);
  for (const auto& [name, value] : object.members()) {
    if (const auto index = properties.find(name.string())) found[*index] = value.index();
  }
}

}  // namespace

// ---------------------------------------------------------------------------------------- objects

bool Evaluation::judge_properties(const Rule& rule, Value object) {
  const Properties& properties = program_.properties_[rule.first];
  constexpr std::size_t kUsualCount = 48;
  if (properties.size() > kUsualCount) {
    std::vector<std::uint32_t> found(properties.size());
    find_members(properties, object, found.data());
    return judge_found(rule, object, found.data());
  }
  std::array<std::uint32_t, kUsualCount> found;
  find_members(properties, object, found.data());
  return judge_found(rule, object, found.data());
}

bool Evaluation::judge_found(const Rule& rule, Value object, const std::uint32_t* found) {
  const Properties& properties = program_.properties_[rule.first];
  for (std::size_t i = 0; i < properties.size(); ++i) {
    const Property& property = properties[i];
    const bool absent = found[i] == 0;
    const Value value = object.value_at(found[i]);
    if (property.required) {
      if (absent || (rule.empty_is_missing && is_empty(value))) {
        violated("required", property.missing_error);
        return at_name(property.name);
      }
    } else if (absent || (rule.null_passes && value.is_null())) {
      continue;
    }
    if (property.judged && !judge(property.schema, value)) return at_name(property.name);
  }
  return true;
}

bool Evaluation::judge_pattern_property(const Rule& rule, Value object) {
  const Pattern& pattern = program_.patterns_[rule.first];
  for (const json::Member member : object.members()) {
    if (pattern.matches(member.name.string()) && !judge_member(rule, rule.count, member)) {
      return false;
    }
  }
  return true;
}

bool Evaluation::judge_additional_properties(const Rule& rule, Value object) {
  const AdditionalProperties& additional = program_.additional_[rule.first];
  for (const json::Member member : object.members()) {
    if (!is_described(additional, member.name.string()) &&
        !judge_member(rule, additional.schema, member)) {
      return false;
    }
  }
  return true;
}

bool Evaluation::is_described(const AdditionalProperties& additional, std::string_view name) const {
  return (additional.properties && program_.properties_[*additional.properties].declares(name)) ||
         std::any_of(
             additional.patterns.begin(), additional.patterns.end(),
             [&](std::uint32_t pattern) { return program_.patterns_[pattern].matches(name); });
}

bool Evaluation::judge_member(const Rule& rule, SchemaId schema, const json::Member& member) {
  if (rule.null_passes && member.value.is_null()) return true;
  return judge(schema, member.value) || at_name(member.name.string());
}

bool Evaluation::judge_property_names(const Rule& rule, Value object) {
  for (const json::Member member : object.members()) {
    if (!judge(rule.first, member.name)) return at_name(member.name.string());
  }
  return true;
}

bool Evaluation::judge_dependent_names(const Rule& rule, Value object) {
  const auto all = names(rule);
  if (!triggers(rule, object, all.front())) return true;
  for (const std::string_view name : all.subspan(1)) {
    if (!is_present(rule, object, name)) return violated(rule), at_name(name);
  }
  return true;
}

bool Evaluation::judge_dependent_schema(const Rule& rule, Value object) {
  return !triggers(rule, object, program_.names_[rule.first]) || judge(rule.count, object);
}

bool Evaluation::judge_placeholders(const Rule& rule, Value object) {
  const Placeholders& placeholders = program_.placeholders_[rule.first];
  auto names = names_without_item(placeholders, program_.patterns_[placeholders.pattern], object);
  if (!names) return true;
  violated(rule);
  if (trials_ == 0) finding_->violation.values = std::move(*names);
  return false;
}

// ----------------------------------------------------------------------------------------- arrays

bool Evaluation::judge_items(const Rule& rule, Value array) {
  std::size_t index = 0;
  for (const Value item : array.items()) {
    if (index >= rule.limit && !judge(rule.first, item)) return at_index(index);
    ++index;
  }
  return true;
}

bool Evaluation::judge_prefix_items(const Rule& rule, Value array) {
  const auto prefix = schemas(rule);
  std::size_t index = 0;
  for (const Value item : array.items()) {
    if (index == prefix.size()) break;
    if (!judge(prefix[index], item)) return at_index(index);
    ++index;
  }
  return true;
}

bool Evaluation::judge_unique_items(const Rule& rule, Value array) {
  return all_unique(array) || violated(rule);
}

bool Evaluation::judge_contains(const Rule& rule, Value array) {
  const Contains& contains = program_.contains_[rule.first];
  std::uint64_t count = 0;
  for (const Value item : array.items()) {
    if (!holds(contains.schema, item)) continue;
    if (++count > contains.maximum) return violated("maxContains", contains.maximum_error);
    if (count >= contains.minimum && contains.maximum == UINT64_MAX) return true;
  }
  return count >= contains.minimum || violated(contains.minimum_keyword, contains.minimum_error);
}

bool Evaluation::judge_sum(const Rule& rule, Value array) {
  const Sum& wanted = program_.sums_[rule.first];
  DecimalSum sum;
  for (const Value item : array.items()) {
    // What an item and its parts must be is said by their own schemas.
    if (!item.is_object()) return true;
    const auto share = first_of(item, wanted.of);
    if (!share) continue;
    if (!share->is_number()) return true;
    sum.add(Decimal(share->number()));
  }
  return ((!wanted.minimum || sum >= *wanted.minimum) &&
          (!wanted.maximum || sum <= *wanted.maximum)) ||
         violated(rule);
}

// -------------------------------------------------------------------------------------------- both

bool Evaluation::judge_size(const Rule& rule, Value value) {
  const bool is_minimum = rule.op == Op::min_items || rule.op == Op::min_properties;
  return (is_minimum ? value.size() >= rule.limit : value.size() <= rule.limit) || violated(rule);
}

}  // namespace trackly::json_schema
