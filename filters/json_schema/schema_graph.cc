#include "filters/json_schema/schema_graph.h"

#include <algorithm>

namespace trackly::json_schema {

void SchemaGraph::add(SchemaId from, const Step& step) {
  const std::size_t size = std::max<std::size_t>(steps_.size(), std::max(from, step.to) + 1U);
  steps_.resize(size);
  ways_to_.resize(size);
  steps_[from].push_back(step);
  ++ways_to_[step.to];
}

std::optional<Mark> SchemaGraph::endless() const {
  const Step* step = closing_step(Steps::in_place);
  return step == nullptr ? std::nullopt : std::optional(step->mark);
}

bool SchemaGraph::is_recursive() const { return closing_step(Steps::all) != nullptr; }

const SchemaGraph::Step* SchemaGraph::closing_step(Steps steps) const {
  std::vector<State> states(steps_.size(), State::fresh);
  for (SchemaId schema = 0; schema < steps_.size(); ++schema) {
    if (const Step* step = closing_step(schema, steps, states)) return step;
  }
  return nullptr;
}

// The step that leads back to a schema that is still being followed.
const SchemaGraph::Step* SchemaGraph::closing_step(SchemaId from, Steps steps,
                                                   std::vector<State>& states) const {
  if (states[from] != State::fresh) return nullptr;
  states[from] = State::open;
  for (const Step& step : steps_[from]) {
    if (steps == Steps::in_place && !step.in_place) continue;
    if (states[step.to] == State::open) return &step;
    if (const Step* closing = closing_step(step.to, steps, states)) return closing;
  }
  states[from] = State::done;
  return nullptr;
}

std::size_t SchemaGraph::longest_in_place() const {
  std::vector<std::optional<std::size_t>> known(steps_.size());
  std::size_t longest = 0;
  for (SchemaId schema = 0; schema < steps_.size(); ++schema) {
    longest = std::max(longest, longest_in_place(schema, known));
  }
  return longest;
}

std::size_t SchemaGraph::longest_in_place(SchemaId from,
                                          std::vector<std::optional<std::size_t>>& known) const {
  if (!known[from]) {
    std::size_t longest = 0;
    for (const Step& step : steps_[from]) {
      if (step.in_place) longest = std::max(longest, 1 + longest_in_place(step.to, known));
    }
    known[from] = longest;
  }
  return *known[from];
}

std::vector<SchemaId> SchemaGraph::junctions() const {
  std::vector<SchemaId> junctions;
  for (SchemaId schema = 0; schema < steps_.size(); ++schema) {
    if (ways_to_[schema] > 1 && leads_to_itself(schema)) junctions.push_back(schema);
  }
  return junctions;
}

bool SchemaGraph::leads_to_itself(SchemaId schema) const {
  std::vector<bool> reached(steps_.size());
  std::vector<SchemaId> to_follow{schema};
  while (!to_follow.empty()) {
    const SchemaId from = to_follow.back();
    to_follow.pop_back();
    for (const Step& step : steps_[from]) {
      if (step.to == schema) return true;
      if (reached[step.to]) continue;
      reached[step.to] = true;
      to_follow.push_back(step.to);
    }
  }
  return false;
}

}  // namespace trackly::json_schema
