#include "filters/batch_limit.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "filters/json_body.h"
#include "filters/json_schema/pointer.h"

namespace trackly::filters {
namespace {

struct BatchRules {
  std::string pointer;
  json_schema::Pointer path;
  std::size_t maximum = 0;
  ErrorRef too_many;
  ErrorRef empty;  // nullptr: an empty array passes
  JsonBody body;
};

class BatchLimit final : public Filter {
 public:
  explicit BatchLimit(std::shared_ptr<const BatchRules> rules) : rules_(std::move(rules)) {}

  Verdict on_request(Exchange& exchange, Resume) const override {
    JsonBody::Outcome body = rules_->body.read(exchange);
    if (!body.document) return std::move(body.verdict);
    const auto batch = rules_->path.find(*body.document);
    if (!batch || !batch->is_array()) return Verdict::next();
    exchange.batch_items = batch->size();
    const std::size_t maximum = maximum_for(exchange);
    if (batch->size() > maximum) return Verdict::reject(too_many(maximum), rules_->pointer);
    if (batch->size() == 0 && rules_->empty != nullptr) {
      return Verdict::reject(rules_->empty, rules_->pointer);
    }
    return Verdict::next();
  }

 private:
  std::size_t maximum_for(const Exchange& exchange) const {
    if (exchange.key == nullptr) return rules_->maximum;
    return std::min<std::size_t>(rules_->maximum,
                                 exchange.key->account->batch_maximum.value_or(SIZE_MAX));
  }

  /// The documented text has the operation's number in it: an account of its own number is told
  /// that one.
  ErrorRef too_many(std::size_t maximum) const {
    const ErrorReply& documented = *rules_->too_many;
    const std::string number = std::to_string(rules_->maximum);
    const std::size_t place = documented.text.find(number);
    if (maximum == rules_->maximum || place == std::string::npos) return rules_->too_many;
    auto own = std::make_shared<ErrorReply>(documented);
    own->text.replace(place, number.size(), std::to_string(maximum));
    own->body = render_error_body(own->text, own->code);
    return own;
  }

  std::shared_ptr<const BatchRules> rules_;
};

class BatchLimitFactory final : public FilterFactory {
 public:
  BatchLimitFactory(const FilterSetup& setup, const Mark& mark, Problems& problems) {
    const ErrorRef invalid_input = setup.error("invalid_input", mark, problems);
    for (const Operation& operation : setup.api.operations) {
      if (!operation.batch) continue;
      const Batch& batch = *operation.batch;
      auto path = json_schema::Pointer::parse(batch.pointer);
      if (!path) {
        problems.add(batch.mark, "x-batch: pointer: expected a JSON Pointer such as /messages");
        continue;
      }
      rules_.emplace(&operation, std::make_shared<const BatchRules>(BatchRules{
                                     batch.pointer, std::move(*path), batch.maximum,
                                     setup.error(batch.too_many_error, batch.mark, problems),
                                     batch.empty_error.empty()
                                         ? nullptr
                                         : setup.error(batch.empty_error, batch.mark, problems),
                                     JsonBody(operation.body_required, invalid_input)}));
    }
  }

  std::unique_ptr<Filter> make(const Operation& operation, Services&) const override {
    const auto rules = rules_.find(&operation);
    return rules == rules_.end() ? nullptr : std::make_unique<BatchLimit>(rules->second);
  }

  std::string describe(const Operation& operation) const override {
    const auto rules = rules_.find(&operation);
    if (rules == rules_.end()) return {};
    return std::string(rules->second->empty == nullptr ? "at most " : "1 to ") +
           std::to_string(rules->second->maximum) + " items in " + rules->second->pointer;
  }

  std::vector<PossibleAnswer> answers(const Operation& operation) const override {
    const auto found = rules_.find(&operation);
    if (found == rules_.end()) return {};
    const BatchRules& rules = *found->second;
    std::vector<PossibleAnswer> all{{rules.body.invalid_input(), "body"},
                                    {rules.too_many, "x-batch"}};
    if (rules.empty != nullptr) all.push_back({rules.empty, "x-batch"});
    return all;
  }

 private:
  std::map<const Operation*, std::shared_ptr<const BatchRules>> rules_;
};

}  // namespace

std::unique_ptr<FilterFactory> make_batch_limit(MappingReader& settings, const FilterSetup& setup) {
  settings.finish();
  return std::make_unique<BatchLimitFactory>(setup, settings.mark(), settings.problems());
}

}  // namespace trackly::filters
