#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/api/node.h"

namespace trackly::json_schema {

/// Index of a compiled schema within its program.
using SchemaId = std::uint32_t;

/// Which compiled schema applies which others, and whether to the same value or to parts of it.
class SchemaGraph {
 public:
  struct Step {
    SchemaId to = 0;
    bool in_place = false;  // at the same value
    Mark mark;
  };

  void add(SchemaId from, const Step& step);

  /// Where a schema comes back to itself at the same value, and so would be judged forever. (Coming
  /// back at a part of the value is fine: values end.)
  std::optional<Mark> endless() const;

  bool is_recursive() const;
  /// The most steps that can follow each other in place. Requires: !endless().
  std::size_t longest_in_place() const;

  /// The recursive schemas to which several ways lead. A value could be judged by these again and
  /// again, twice as often with each level that it lies deeper.
  std::vector<SchemaId> junctions() const;

 private:
  enum class State : std::uint8_t { fresh, open, done };
  enum class Steps : std::uint8_t { in_place, all };

  const Step* closing_step(Steps steps) const;
  const Step* closing_step(SchemaId from, Steps steps, std::vector<State>& states) const;
  std::size_t longest_in_place(SchemaId from, std::vector<std::optional<std::size_t>>& known) const;
  bool leads_to_itself(SchemaId schema) const;

  std::vector<std::vector<Step>> steps_;  // by where they begin
  std::vector<std::uint32_t> ways_to_;    // how many steps lead to a schema
};

}  // namespace trackly::json_schema
