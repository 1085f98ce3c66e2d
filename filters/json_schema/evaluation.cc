#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "filters/json_schema/compact_size.h"
#include "filters/json_schema/equality.h"
#include "filters/json_schema/pointer.h"
#include "filters/json_schema/program.h"
#include "filters/json_schema/verdict_memory.h"

namespace trackly::json_schema {
namespace {

using json::Kind;
using json::Value;

std::uint8_t type_bits(Value value) {
  switch (value.kind()) {
    case Kind::null:
      return kNull;
    case Kind::boolean:
      return kBoolean;
    case Kind::number:
      return Decimal(value.number()).is_integer() ? kNumber | kInteger : kNumber;
    case Kind::string:
      return kString;
    case Kind::array:
      return kArray;
    case Kind::object:
      return kObject;
  }
  return 0;
}

std::uint64_t code_points(std::string_view text) {
  return static_cast<std::uint64_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool is_empty(Value value) {
  return value.is_null() || (value.is_string() && value.string().empty());
}

// The first of these properties that is there and not null.
std::optional<Value> first_of(Value object, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto value = object.find(name);
    if (value && !value->is_null()) return value;
  }
  return std::nullopt;
}

}  // namespace

/// One run of a program over one value. Every judge_...() is true for a value that keeps the rule;
/// after the first one that is false, violation() tells why.
class Evaluation {
 public:
  Evaluation(const Program& program, Value root) : program_(program), root_(root) {}

  bool judge(SchemaId id, Value value) {
    const Program::Schema& schema = program_.schemas_[id];
    const bool is_junction = schema.junction != Program::Schema::kNoJunction;
    return is_junction ? judge_once(schema, value) : judge_rules(schema, value);
  }

  Violation take_violation() { return std::move(violation_); }

 private:
  bool judge_rules(const Program::Schema& schema, Value value) {
    const Rule* const rules = program_.rules_.data() + schema.first;
    return std::all_of(rules, rules + schema.count,
                       [this, value](const Rule& rule) { return judge(rule, value); });
  }
  bool judge_once(const Program::Schema& schema, Value value);
  bool judge(const Rule& rule, Value value);

  // Any kind of value.
  bool judge_literals(const Rule& rule, Value value);
  bool judge_all_of(const Rule& rule, Value value);
  bool judge_any_of(const Rule& rule, Value value);
  bool judge_exactly_one_of(const Rule& rule, Value value);
  bool judge_condition(const Rule& rule, Value value);

  // Require an object.
  bool judge_properties(const Rule& rule, Value object);
  bool judge_pattern_property(const Rule& rule, Value object);
  bool judge_additional_properties(const Rule& rule, Value object);
  bool judge_property_names(const Rule& rule, Value object);
  bool judge_dependent_names(const Rule& rule, Value object);
  bool judge_dependent_schema(const Rule& rule, Value object);
  bool judge_placeholders(const Rule& rule, Value object);

  // Require an array.
  bool judge_items(const Rule& rule, Value array);
  bool judge_prefix_items(const Rule& rule, Value array);
  bool judge_contains(const Rule& rule, Value array);
  bool judge_sum(const Rule& rule, Value array);

  // A member that `rule` finds a schema for, other than by its declaration.
  bool judge_member(const Rule& rule, SchemaId schema, const json::Member& member) {
    if (rule.null_passes && member.value.is_null()) return true;
    return judge(schema, member.value) || at_name(member.name.string());
  }
  // Whether a property is there for the purpose of being required.
  static bool is_present(const Rule& rule, Value object, std::string_view name) {
    const auto value = object.find(name);
    return value && !(rule.empty_is_missing && is_empty(*value));
  }
  // Whether a property is there for the purpose of requiring others.
  static bool triggers(const Rule& rule, Value object, std::string_view name) {
    const auto value = object.find(name);
    return value && !(rule.null_passes && value->is_null());
  }

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
  const Decimal& number(const Rule& rule) const { return program_.numbers_[rule.first]; }

  // Always false, so that it can stand in a condition.
  bool violated(std::string_view keyword, std::uint32_t error) {
    if (trials_ == 0) {
      violation_.keyword = keyword;
      violation_.error = program_.errors_[error];
    }
    return false;
  }
  bool violated(const Rule& rule) { return violated(rule.keyword, rule.error); }
  // On the way back from a violation: where it was.
  bool at_name(std::string_view name) {
    if (trials_ == 0) violation_.pointer.insert(0, pointer_token(name));
    return false;
  }
  bool at_index(std::size_t index) {
    if (trials_ == 0) violation_.pointer.insert(0, "/" + std::to_string(index));
    return false;
  }

  const Program& program_;
  const Value root_;
  int trials_ = 0;
  Violation violation_;

  std::size_t visits_of_junctions_ = 0;
  std::optional<VerdictMemory> memory_;
};

// Where several ways lead to a recursive schema, they meet at the same value with each level again:
// `if` and `then` that both go down take twice the time for every level. So what a junction has
// said of a value is kept, once there were more visits than usual values need.
bool Evaluation::judge_once(const Program::Schema& schema, Value value) {
  constexpr std::size_t kUsualVisits = 512;
  if (++visits_of_junctions_ <= kUsualVisits) return judge_rules(schema, value);
  if (!memory_) memory_.emplace(program_.junction_count_, root_);
  const auto known = memory_->find(schema.junction, value);
  // A violation that decides must be found again, to tell where it is.
  if (known && (*known || trials_ > 0)) return *known;
  const bool kept = judge_rules(schema, value);
  memory_->remember(schema.junction, value, kept);
  return kept;
}

bool Evaluation::judge(const Rule& rule, Value value) {
  const auto check = [this, &rule](bool kept) { return kept || violated(rule); };
  switch (rule.op) {
    case Op::never:
      return violated(rule);
    case Op::type:
      return check((type_bits(value) & rule.limit) != 0);
    case Op::one_of_literals:
      return judge_literals(rule, value);
    case Op::schema:
      return judge(rule.first, value);
    case Op::all_of:
      return judge_all_of(rule, value);
    case Op::any_of:
      return judge_any_of(rule, value);
    case Op::exactly_one_of:
      return judge_exactly_one_of(rule, value);
    case Op::not_schema:
      return check(!holds(rule.first, value));
    case Op::condition:
      return judge_condition(rule, value);
    case Op::max_bytes:
      // The text as received is an upper bound, and settles nearly all values.
      return check(value.bytes().size() <= rule.limit || compact_size(value) <= rule.limit);
    default:
      break;
  }
  // The rest is about one kind of value, and others keep it.
  switch (value.kind()) {
    case Kind::object:
      switch (rule.op) {
        case Op::properties:
          return judge_properties(rule, value);
        case Op::pattern_property:
          return judge_pattern_property(rule, value);
        case Op::additional_properties:
          return judge_additional_properties(rule, value);
        case Op::property_names:
          return judge_property_names(rule, value);
        case Op::dependent_names:
          return judge_dependent_names(rule, value);
        case Op::dependent_schema:
          return judge_dependent_schema(rule, value);
        case Op::placeholders:
          return judge_placeholders(rule, value);
        case Op::min_properties:
          return check(value.size() >= rule.limit);
        case Op::max_properties:
          return check(value.size() <= rule.limit);
        default:
          return true;
      }
    case Kind::array:
      switch (rule.op) {
        case Op::items:
          return judge_items(rule, value);
        case Op::prefix_items:
          return judge_prefix_items(rule, value);
        case Op::min_items:
          return check(value.size() >= rule.limit);
        case Op::max_items:
          return check(value.size() <= rule.limit);
        case Op::unique_items:
          return check(all_unique(value));
        case Op::contains:
          return judge_contains(rule, value);
        case Op::sum:
          return judge_sum(rule, value);
        default:
          return true;
      }
    case Kind::string:
      switch (rule.op) {
        case Op::min_length:
          return check(code_points(value.string()) >= rule.limit);
        case Op::max_length:
          // No text has more code points than bytes.
          return check(value.string().size() <= rule.limit ||
                       code_points(value.string()) <= rule.limit);
        case Op::pattern:
          return check(program_.patterns_[rule.first].matches(value.string()));
        case Op::format:
          return check(program_.formats_[rule.first](value.string()));
        default:
          return true;
      }
    case Kind::number:
      switch (rule.op) {
        case Op::minimum:
          return check(Decimal(value.number()) >= number(rule));
        case Op::maximum:
          return check(Decimal(value.number()) <= number(rule));
        case Op::exclusive_minimum:
          return check(Decimal(value.number()) > number(rule));
        case Op::exclusive_maximum:
          return check(Decimal(value.number()) < number(rule));
        case Op::multiple_of:
          return check(Decimal(value.number()).is_multiple_of(number(rule)));
        default:
          return true;
      }
    case Kind::null:
    case Kind::boolean:
      return true;
  }
  return true;
}

bool Evaluation::judge_literals(const Rule& rule, Value value) {
  const Node* const* const literals = program_.literals_.data() + rule.first;
  return std::any_of(literals, literals + rule.count,
                     [value](const Node* literal) { return equal(value, *literal); }) ||
         violated(rule);
}

bool Evaluation::judge_all_of(const Rule& rule, Value value) {
  const auto all = schemas(rule);
  return std::all_of(all.begin(), all.end(),
                     [this, value](SchemaId schema) { return judge(schema, value); });
}

bool Evaluation::judge_any_of(const Rule& rule, Value value) {
  const auto any = schemas(rule);
  return std::any_of(any.begin(), any.end(),
                     [this, value](SchemaId schema) { return holds(schema, value); }) ||
         violated(rule);
}

bool Evaluation::judge_exactly_one_of(const Rule& rule, Value value) {
  int kept = 0;
  for (const SchemaId schema : schemas(rule)) {
    if (holds(schema, value) && ++kept == 2) break;
  }
  return kept == 1 || violated(rule);
}

bool Evaluation::judge_condition(const Rule& rule, Value value) {
  const auto parts = schemas(rule);
  return judge(holds(parts[0], value) ? parts[1] : parts[2], value);
}

bool Evaluation::judge_properties(const Rule& rule, Value object) {
  const Properties& properties = program_.properties_[rule.first];
  // One pass over the members, however many a client sends; 0 is the root, which is no member.
  constexpr std::size_t kUsualCount = 48;
  std::array<std::uint32_t, kUsualCount> usual;
  std::vector<std::uint32_t> unusual;
  std::uint32_t* found = usual.data();
  if (properties.size() > kUsualCount) {
    unusual.resize(properties.size());
    found = unusual.data();
  }
  std::fill_n(found, properties.size(), 0U);
  for (const auto& [name, value] : object.members()) {
    if (const auto index = properties.find(name.string())) found[*index] = value.index();
  }

  for (std::size_t i = 0; i < properties.size(); ++i) {
    const Property& property = properties[i];
    const Value value = object.value_at(found[i]);
    const bool absent = found[i] == 0;
    if (property.required && (absent || (rule.empty_is_missing && is_empty(value)))) {
      violated("required", property.missing_error);
      return at_name(property.name);
    }
    if (absent || !property.declared) continue;
    if (!property.required && rule.null_passes && value.is_null()) continue;
    if (!judge(property.schema, value)) return at_name(property.name);
  }
  return true;
}

bool Evaluation::judge_pattern_property(const Rule& rule, Value object) {
  const Pattern& pattern = program_.patterns_[rule.first];
  const auto members = object.members();
  return std::all_of(members.begin(), members.end(), [&](const json::Member& member) {
    return !pattern.matches(member.name.string()) || judge_member(rule, rule.count, member);
  });
}

bool Evaluation::judge_additional_properties(const Rule& rule, Value object) {
  const AdditionalProperties& additional = program_.additional_[rule.first];
  const auto is_described = [this, &additional](std::string_view name) {
    return (additional.properties && program_.properties_[*additional.properties].declares(name)) ||
           std::any_of(additional.patterns.begin(), additional.patterns.end(),
                       [this, name](std::uint32_t index) {
                         return program_.patterns_[index].matches(name);
                       });
  };
  const auto members = object.members();
  return std::all_of(members.begin(), members.end(), [&](const json::Member& member) {
    return is_described(member.name.string()) || judge_member(rule, additional.schema, member);
  });
}

bool Evaluation::judge_property_names(const Rule& rule, Value object) {
  const auto members = object.members();
  return std::all_of(members.begin(), members.end(), [&](const json::Member& member) {
    return judge(rule.first, member.name) || at_name(member.name.string());
  });
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
  if (trials_ == 0) violation_.values = std::move(*names);
  return violated(rule);
}

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

std::optional<Violation> Program::check(json::Value value) const {
  Evaluation evaluation(*this, value);
  if (evaluation.judge(root_, value)) return std::nullopt;
  return evaluation.take_violation();
}

}  // namespace trackly::json_schema
