#include "filters/json_schema/evaluation.h"

#include <algorithm>
#include <utility>

#include "filters/json_schema/compact_size.h"
#include "filters/json_schema/equality.h"
#include "filters/json_schema/pointer.h"

namespace trackly::json_schema {
namespace {

using json::Kind;
using json::Value;

std::uint64_t code_points(std::string_view text) {
  return static_cast<std::uint64_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool is_integer(std::string_view number) {
  return number.find_first_of(".eE") == std::string_view::npos || Decimal(number).is_integer();
}

}  // namespace

bool Evaluation::judge_rules(const Program::Schema& schema, Value value) {
  const Rule* const rules = program_.rules_.data() + schema.first;
  const KindBits kind = kind_bit(value.kind());
  for (std::uint32_t i = 0; i < schema.count; ++i) {
    if ((rules[i].kinds & kind) != 0 && !judge(rules[i], value)) return false;
  }
  return true;
}

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
  switch (rule.op) {
    case Op::never:
      return violated(rule);
    case Op::type:
      return judge_type(rule, value);
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
      return judge_not(rule, value);
    case Op::condition:
      return judge_condition(rule, value);
    case Op::max_bytes:
      return judge_max_bytes(rule, value);

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

    case Op::items:
      return judge_items(rule, value);
    case Op::prefix_items:
      return judge_prefix_items(rule, value);
    case Op::unique_items:
      return judge_unique_items(rule, value);
    case Op::contains:
      return judge_contains(rule, value);
    case Op::sum:
      return judge_sum(rule, value);

    case Op::min_properties:
    case Op::max_properties:
    case Op::min_items:
    case Op::max_items:
      return judge_size(rule, value);

    case Op::min_length:
    case Op::max_length:
      return judge_length(rule, value);
    case Op::pattern:
      return judge_pattern(rule, value);
    case Op::format:
      return judge_format(rule, value);

    case Op::minimum:
    case Op::maximum:
    case Op::exclusive_minimum:
    case Op::exclusive_maximum:
    case Op::multiple_of:
      return judge_number(rule, value);
  }
  return true;
}

// ------------------------------------------------------------------------------ any kind of value

// Of the kinds that the rule names, only numbers come here: where it names integers alone.
bool Evaluation::judge_type(const Rule& rule, Value value) {
  const bool may_be_integer = value.is_number() && (rule.limit & kInteger) != 0;
  return (may_be_integer && is_integer(value.number())) || violated(rule);
}

bool Evaluation::judge_literals(const Rule& rule, Value value) {
  const Node* const* const literals = program_.literals_.data() + rule.first;
  for (std::uint32_t i = 0; i < rule.count; ++i) {
    if (equal(value, *literals[i])) return true;
  }
  return violated(rule);
}

bool Evaluation::judge_all_of(const Rule& rule, Value value) {
  for (const SchemaId schema : schemas(rule)) {
    if (!judge(schema, value)) return false;
  }
  return true;
}

bool Evaluation::judge_any_of(const Rule& rule, Value value) {
  for (const SchemaId schema : schemas(rule)) {
    if (holds(schema, value)) return true;
  }
  return violated(rule);
}

bool Evaluation::judge_exactly_one_of(const Rule& rule, Value value) {
  int kept = 0;
  for (const SchemaId schema : schemas(rule)) {
    if (holds(schema, value) && ++kept == 2) break;
  }
  return kept == 1 || violated(rule);
}

bool Evaluation::judge_not(const Rule& rule, Value value) {
  return !holds(rule.first, value) || violated(rule);
}

bool Evaluation::judge_condition(const Rule& rule, Value value) {
  const auto parts = schemas(rule);
  return judge(holds(parts[0], value) ? parts[1] : parts[2], value);
}

bool Evaluation::judge_max_bytes(const Rule& rule, Value value) {
  // The text as received is an upper bound, and settles nearly all values.
  return value.bytes().size() <= rule.limit || compact_size(value) <= rule.limit || violated(rule);
}

// ---------------------------------------------------------------------------- strings and numbers

bool Evaluation::judge_length(const Rule& rule, Value value) {
  const std::string_view text = value.string();
  if (rule.op == Op::min_length) return code_points(text) >= rule.limit || violated(rule);
  // No text has more code points than bytes.
  return text.size() <= rule.limit || code_points(text) <= rule.limit || violated(rule);
}

bool Evaluation::judge_pattern(const Rule& rule, Value value) {
  return program_.patterns_[rule.first].matches(value.string()) || violated(rule);
}

bool Evaluation::judge_format(const Rule& rule, Value value) {
  return program_.formats_[rule.first](value.string()) || violated(rule);
}

bool Evaluation::judge_number(const Rule& rule, Value value) {
  const Decimal number(value.number());
  const Decimal& operand = program_.numbers_[rule.first];
  bool kept = false;
  switch (rule.op) {
    case Op::minimum:
      kept = number >= operand;
      break;
    case Op::maximum:
      kept = number <= operand;
      break;
    case Op::exclusive_minimum:
      kept = number > operand;
      break;
    case Op::exclusive_maximum:
      kept = number < operand;
      break;
    default:
      kept = number.is_multiple_of(operand);
      break;
  }
  return kept || violated(rule);
}

// ------------------------------------------------------------------------------------- violations

bool Evaluation::violated(std::string_view keyword, std::uint32_t error) {
  if (trials_ != 0) return false;
  if (!finding_) finding_.emplace();
  finding_->violation.keyword = keyword;
  finding_->violation.error = program_.errors_[error];
  return false;
}

bool Evaluation::at_name(std::string_view name) {
  if (trials_ == 0) finding_->place.push_back(pointer_token(name));
  return false;
}

bool Evaluation::at_index(std::size_t index) {
  if (trials_ == 0) finding_->place.push_back("/" + std::to_string(index));
  return false;
}

Violation Evaluation::take_violation() {
  Violation violation = std::move(finding_->violation);
  for (auto token = finding_->place.rbegin(); token != finding_->place.rend(); ++token) {
    violation.pointer += *token;
  }
  return violation;
}

std::optional<Violation> Program::check(json::Value value) const {
  Evaluation evaluation(*this, value);
  if (evaluation.judge(root_, value)) return std::nullopt;
  return evaluation.take_violation();
}

}  // namespace trackly::json_schema
