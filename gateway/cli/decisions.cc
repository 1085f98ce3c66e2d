#include "gateway/cli/decisions.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace trackly::cli {
namespace {

using config::Configuration;

// More of them would hide what they have in common.
constexpr std::size_t kMostNamed = 8;

struct Decision {
  std::string id;
  std::string rule;  // the filter, and where in it
  bool by_state = false;
  std::vector<std::string> operations;
};

class Collector {
 public:
  explicit Collector(const Configuration& configuration) : configuration_(configuration) {
    for (std::size_t i = 0; i < configuration.filters.size(); ++i) {
      for (const Operation& operation : configuration.api.operations) collect(i, operation);
    }
  }

  std::map<std::string, std::vector<std::string>> lines() const {
    std::map<std::string, std::vector<std::string>> all;
    for (const Decision& decision : decisions_) all[decision.id].push_back(line(decision));
    return all;
  }

 private:
  void collect(std::size_t filter, const Operation& operation) {
    const FilterFactory& factory = configuration_.factory_for(filter, operation);
    for (const PossibleAnswer& answer : factory.answers(operation)) {
      if (answer.error == nullptr) continue;
      const std::string rule =
          configuration_.filters[filter].name +
          (configuration_.in_shadow(filter, operation) ? " in shadow (" : " (") + answer.rule + ")";
      Decision& decision = decision_of(answer.error->id, rule, answer.by_state);
      std::string name = operation.method + " " + operation.path;
      auto& names = decision.operations;
      // A schema may name a row several times in one line.
      if (names.empty() || names.back() != name) names.push_back(std::move(name));
    }
  }

  Decision& decision_of(const std::string& id, const std::string& rule, bool by_state) {
    const auto [entry, is_new] = index_.emplace(std::pair(id, rule), decisions_.size());
    if (is_new) decisions_.push_back({id, rule, by_state, {}});
    return decisions_[entry->second];
  }

  std::string line(const Decision& decision) const {
    std::string text = decision.by_state ? "state: " : "";
    const std::size_t count = decision.operations.size();
    if (count == configuration_.api.operations.size()) {
      text += "every operation";
    } else if (count > kMostNamed) {
      text += std::to_string(count) + " operations";
    } else {
      for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ", ") + decision.operations[i];
    }
    return text + ": " + decision.rule;
  }

  const Configuration& configuration_;
  std::vector<Decision> decisions_;
  std::map<std::pair<std::string, std::string>, std::size_t> index_;  // by id and rule
};

}  // namespace

std::map<std::string, std::vector<std::string>> decisions(const Configuration& configuration) {
  return Collector(configuration).lines();
}

}  // namespace trackly::cli
