#include "filters/json_schema/simplifier.h"

#include <algorithm>
#include <cstddef>
#include <span>

namespace trackly::json_schema {
namespace {

// More would grow the program without saving much.
constexpr std::size_t kMostInlined = 16;

KindBits kinds(const std::vector<Rule>& rules) {
  KindBits kinds = 0;
  for (const Rule& rule : rules) kinds = static_cast<KindBits>(kinds | rule.kinds);
  return kinds;
}

}  // namespace

void Simplifier::run() {
  for (const Program::Schema& schema : program_.schemas_) {
    const auto first = program_.rules_.begin() + schema.first;
    rules_.emplace_back(first, first + schema.count);
  }
  drop_rules_without_effect();
  is_expanded_.resize(rules_.size());
  for (SchemaId schema = 0; schema < rules_.size(); ++schema) expanded(schema);
  mark_properties();

  program_.rules_.clear();
  for (SchemaId schema = 0; schema < rules_.size(); ++schema) {
    program_.schemas_[schema].first = static_cast<std::uint32_t>(program_.rules_.size());
    program_.schemas_[schema].count = static_cast<std::uint32_t>(rules_[schema].size());
    program_.rules_.insert(program_.rules_.end(), rules_[schema].begin(), rules_[schema].end());
    program_.schemas_[schema].kinds = kinds(rules_[schema]);
  }
}

// What goes may take away the effect of rules that apply its schema.
void Simplifier::drop_rules_without_effect() {
  for (bool changed = true; changed;) {
    changed = false;
    for (Rules& rules : rules_) {
      changed |= std::erase_if(rules, [this](const Rule& rule) { return !has_effect(rule); }) != 0;
    }
  }
}

bool Simplifier::has_effect(const Rule& rule) const {
  const auto any_has_rules = [this](std::uint32_t first, std::uint32_t count) {
    const auto list = std::span(program_.schema_lists_).subspan(first, count);
    return std::any_of(list.begin(), list.end(), [this](SchemaId id) { return has_rules(id); });
  };
  switch (rule.op) {
    case Op::schema:
    case Op::items:
    case Op::property_names:
      return has_rules(rule.first);
    case Op::pattern_property:
    case Op::dependent_schema:
      return has_rules(rule.count);
    case Op::additional_properties:
      return has_rules(program_.additional_[rule.first].schema);
    case Op::all_of:
    case Op::prefix_items:
      return any_has_rules(rule.first, rule.count);
    case Op::condition:
      return any_has_rules(rule.first + 1, 2);
    case Op::properties: {
      const Properties& properties = program_.properties_[rule.first];
      for (std::size_t i = 0; i < properties.size(); ++i) {
        const Property& property = properties[i];
        if (property.required || (property.declared && has_rules(property.schema))) return true;
      }
      return false;
    }
    default:
      return true;
  }
}

// Ends, because no schema comes back to itself in place.
const Simplifier::Rules& Simplifier::expanded(SchemaId schema) {
  if (!is_expanded_[schema]) {
    is_expanded_[schema] = true;
    Rules out;
    for (const Rule& rule : rules_[schema]) {
      if (!expand(rule, out)) out.push_back(rule);
    }
    rules_[schema] = std::move(out);
  }
  return rules_[schema];
}

// Whether `out` has got what `rule` stands for.
bool Simplifier::expand(const Rule& rule, Rules& out) {
  if (rule.op != Op::schema && rule.op != Op::all_of) return false;
  const std::span<const SchemaId> schemas =
      rule.op == Op::schema ? std::span(&rule.first, 1)
                            : std::span(program_.schema_lists_).subspan(rule.first, rule.count);
  std::size_t size = 0;
  for (const SchemaId schema : schemas) {
    if (program_.schemas_[schema].junction != Program::Schema::kNoJunction) return false;
    size += expanded(schema).size();
  }
  if (size > kMostInlined) return false;
  for (const SchemaId schema : schemas) {
    out.insert(out.end(), rules_[schema].begin(), rules_[schema].end());
  }
  return true;
}

void Simplifier::mark_properties() {
  for (Properties& properties : program_.properties_) {
    for (std::size_t i = 0; i < properties.size(); ++i) {
      properties[i].judged = properties[i].declared && has_rules(properties[i].schema);
    }
  }
}

}  // namespace trackly::json_schema
