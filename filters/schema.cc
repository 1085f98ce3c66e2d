#include "filters/schema.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/json_body.h"
#include "filters/json_schema/compiler.h"
#include "filters/json_schema/error_rows.h"
#include "filters/parameter_rule.h"

namespace trackly::filters {
namespace {

/// The row that answers for keywords that name none.
constexpr std::string_view kValidationFailed = "validation_failed";

using ProgramRef = std::shared_ptr<const json_schema::Program>;

/// What the requests of one operation must be.
struct OperationRules {
  std::vector<ParameterRule> parameters;  // path before query, else in declared order
  std::optional<JsonBody> body;           // absent: there is none, or it is not described as JSON
  bool body_required = false;
  ProgramRef body_program;  // nullptr: any object
  std::vector<PossibleAnswer> answers;

  bool empty() const { return parameters.empty() && !body; }
};

class SchemaFilter final : public Filter {
 public:
  SchemaFilter(std::shared_ptr<const OperationRules> rules, const ErrorCatalogue& catalogue)
      : rules_(std::move(rules)), catalogue_(catalogue) {}

  Verdict on_request(Exchange& exchange, Resume) const override {
    // With the body at hand this may be the second call, but the first one may also have been
    // spared, by a filter before this one that held the body.
    for (const ParameterRule& parameter : rules_->parameters) {
      if (ErrorRef refusal = parameter.refusal(exchange)) {
        return Verdict::reject(std::move(refusal), parameter.name);
      }
    }
    return rules_->body ? judge_body(exchange) : Verdict::next();
  }

 private:
  Verdict judge_body(Exchange& exchange) const {
    JsonBody::Outcome body = rules_->body->read(exchange);
    if (!body.document || rules_->body_program == nullptr) return std::move(body.verdict);
    auto violation = rules_->body_program->check(*body.document);
    if (!violation) return Verdict::next();
    ErrorRef answer = violation->values.empty()
                          ? std::move(violation->error)
                          : catalogue_.reply(violation->error->id, {{"values", violation->values}});
    return Verdict::reject(std::move(answer), std::move(violation->pointer));
  }

  std::shared_ptr<const OperationRules> rules_;
  const ErrorCatalogue& catalogue_;  // of the configuration that the factory is a part of
};

/// The place of a parameter among those of a path template.
std::size_t path_index(std::string_view path, const std::string& name) {
  const std::size_t at = path.find("{" + name + "}");
  return static_cast<std::size_t>(std::count(
      path.begin(), path.begin() + static_cast<std::ptrdiff_t>(std::min(at, path.size())), '{'));
}

/// Compiles the schemas of an API description, each one once.
class RuleCompiler {
 public:
  RuleCompiler(const FilterSetup& setup, const Mark& mark)
      : setup_(setup), invalid_input_(setup.error("invalid_input", mark, problems_)) {}

  OperationRules rules_for(const Operation& operation) {
    OperationRules rules;
    for (const Parameter& parameter : operation.parameters) {
      auto rule = rule_for(operation, parameter, rules.answers);
      if (rule) rules.parameters.push_back(std::move(*rule));
    }
    std::stable_partition(rules.parameters.begin(), rules.parameters.end(),
                          [](const ParameterRule& p) { return p.in == Parameter::In::path; });
    if (operation.json_body) {
      rules.body.emplace(operation.body_required, invalid_input_);
      rules.body_required = operation.body_required;
      rules.answers.push_back({invalid_input_, "body"});
      if (operation.body_schema != nullptr) {
        rules.body_program = program(*operation.body_schema, rules.answers);
      }
    }
    return rules;
  }

  // A schema that several operations share is wrong once.
  void report(Problems& problems) const {
    std::set<std::string_view> reported;
    for (const std::string& line : problems_.lines()) {
      if (reported.insert(line).second) problems.add(Mark(), line);
    }
  }

 private:
  std::optional<ParameterRule> rule_for(const Operation& operation, const Parameter& parameter,
                                        std::vector<PossibleAnswer>& answers) {
    if (parameter.node == nullptr) return std::nullopt;
    ParameterRule rule;
    rule.in = parameter.in;
    rule.name = parameter.name;
    rule.path_index = path_index(operation.path, parameter.name);
    rule.required = parameter.required && parameter.in == Parameter::In::query;
    if (parameter.schema != nullptr) read_schema(*parameter.schema, rule, answers);
    rule.missing = missing_row(parameter);
    if (rule.required) answers.push_back({rule.missing, place(parameter.node->mark)});
    if (rule.program == nullptr && !rule.required) return std::nullopt;
    return rule;
  }

  void read_schema(const Node& schema, ParameterRule& rule, std::vector<PossibleAnswer>& answers) {
    const Node* empty_is_missing = schema.find("x-empty-is-missing");
    rule.empty_is_missing = empty_is_missing != nullptr && empty_is_missing->boolean;
    rule.program = program(schema, answers);
    if (rule.program == nullptr) return;
    if (rule.program->declared_types() & (json_schema::kArray | json_schema::kObject)) {
      problems_.add(schema.mark, "type: a parameter that is an array or object is not supported");
    }
    if (rule.program->rule_count() == 0) rule.program.reset();
  }

  ErrorRef missing_row(const Parameter& parameter) {
    const json_schema::ErrorRows rows(*parameter.node, problems_);
    const json_schema::Row row = rows.of("required", false);
    return row.is_named() ? setup_.error(row.id, row.mark, problems_)
                          : setup_.error(kValidationFailed, parameter.node->mark, problems_);
  }

  struct Compiled {
    ProgramRef program;
    std::vector<PossibleAnswer> answers;
  };

  /// Adds what the program may answer with to `answers`.
  ProgramRef program(const Node& schema, std::vector<PossibleAnswer>& answers) {
    const auto [entry, is_new] = programs_.try_emplace(&schema);
    Compiled& compiled = entry->second;
    if (is_new) compile(schema, compiled);
    answers.insert(answers.end(), compiled.answers.begin(), compiled.answers.end());
    return compiled.program;
  }

  void compile(const Node& schema, Compiled& compiled) {
    const auto find_row = [&](const std::string& id, const std::string& values, const Mark& mark,
                              Problems& problems) {
      ErrorRef row = setup_.error(id, mark, problems);
      if (row != nullptr && !values.empty()) row = setup_.errors.reply(id, {{"values", values}});
      // The row of keywords without one: asked for also where a violation is no answer, as in `if`.
      if (row != nullptr && id != kValidationFailed) compiled.answers.push_back({row, place(mark)});
      return row;
    };
    auto program = json_schema::compile(setup_.api.document, schema, find_row, problems_);
    if (program) {
      for (const auto& [mark, keyword] : program->keywords_without_row()) {
        compiled.answers.push_back({setup_.error(kValidationFailed, mark, problems_), place(mark)});
      }
      compiled.program = std::make_shared<const json_schema::Program>(std::move(*program));
    }
  }

  /// Where a rule is written: the file's name and the line.
  static std::string place(const Mark& mark) {
    const std::string file = mark.file == nullptr ? std::string() : *mark.file;
    return file.substr(file.rfind('/') + 1) + ":" + std::to_string(mark.line);
  }

  const FilterSetup& setup_;
  Problems problems_;
  ErrorRef invalid_input_;
  std::map<const Node*, Compiled> programs_;
};

std::string parameter_names(const std::vector<ParameterRule>& parameters) {
  std::string names;
  for (const ParameterRule& parameter : parameters) {
    names.append(names.empty() ? "" : ", ").append(parameter.name);
  }
  return names;
}

class SchemaFactory final : public FilterFactory {
 public:
  SchemaFactory(const FilterSetup& setup, const Mark& mark, Problems& problems)
      : catalogue_(setup.errors) {
    RuleCompiler compiler(setup, mark);
    for (const Operation& operation : setup.api.operations) {
      OperationRules rules = compiler.rules_for(operation);
      if (rules.empty()) continue;
      rules_.emplace(&operation, std::make_shared<const OperationRules>(std::move(rules)));
    }
    compiler.report(problems);
  }

  std::unique_ptr<Filter> make(const Operation& operation, Services&) const override {
    const auto rules = rules_.find(&operation);
    if (rules == rules_.end()) return nullptr;
    return std::make_unique<SchemaFilter>(rules->second, catalogue_);
  }

  std::string describe(const Operation& operation) const override {
    const auto found = rules_.find(&operation);
    if (found == rules_.end()) return {};
    const OperationRules& rules = *found->second;
    std::string text = parameter_names(rules.parameters);
    if (!rules.body) return text;
    text.append(text.empty() ? "" : ", ").append(rules.body_required ? "body" : "optional body");
    const std::size_t count = rules.body_program == nullptr ? 0 : rules.body_program->rule_count();
    return text + " (" + std::to_string(count) + (count == 1 ? " rule)" : " rules)");
  }

  std::vector<PossibleAnswer> answers(const Operation& operation) const override {
    const auto found = rules_.find(&operation);
    return found == rules_.end() ? std::vector<PossibleAnswer>() : found->second->answers;
  }

 private:
  std::map<const Operation*, std::shared_ptr<const OperationRules>> rules_;
  const ErrorCatalogue& catalogue_;
};

}  // namespace

std::unique_ptr<FilterFactory> make_schema(MappingReader& settings, const FilterSetup& setup) {
  settings.finish();
  return std::make_unique<SchemaFactory>(setup, settings.mark(), settings.problems());
}

}  // namespace trackly::filters
