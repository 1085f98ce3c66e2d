#pragma once

#include <vector>

#include "filters/json_schema/program.h"

namespace trackly::json_schema {

/// Rewrites a program that is complete, so that it says the same with fewer steps: rules that
/// nothing can violate go, and the rules behind `$ref` and `allOf` take the place of these.
class Simplifier {
 public:
  explicit Simplifier(Program& program) : program_(program) {}

  void run();

 private:
  using Rules = std::vector<Rule>;

  void drop_rules_without_effect();
  bool has_effect(const Rule& rule) const;
  bool has_rules(SchemaId schema) const { return !rules_[schema].empty(); }

  const Rules& expanded(SchemaId schema);
  bool expand(const Rule& rule, Rules& out);

  void mark_properties();

  Program& program_;
  std::vector<Rules> rules_;  // by SchemaId
  std::vector<bool> is_expanded_;
};

}  // namespace trackly::json_schema
