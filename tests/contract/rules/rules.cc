#include "tests/contract/rules/rules.h"

#include <algorithm>
#include <optional>
#include <set>

#include "gateway/api/error.h"
#include "gateway/json/held_body.h"
#include "tests/support/temp_dir.h"

namespace trackly::test {
namespace {

constexpr std::size_t kDepth = 64;
const std::string kSource = TRACKLY_SOURCE_DIR;

}  // namespace

// ------------------------------------------------------------------------------------ Rulebook

std::unique_ptr<Rulebook> Rulebook::load(const std::string& api_description) {
  const TempDir directory;
  const std::string path =
      directory.write("gateway.yaml",
                      "listeners: [{address: '127.0.0.1:0'}]\n"
                      "upstreams: {default: {endpoints: ['http://127.0.0.1:9']}}\n"
                      "filters: [{batch_limit: {}}, {schema: {}}]\n"
                      "api: " +
                          api_description +
                          "\n"
                          "errors: {catalogue: " +
                          kSource + "/config/trackly/errors.yaml}\n");
  Problems problems;
  auto configuration = config::load_configuration(
      path, filters::registry(), [](const std::string&) { return std::nullopt; }, problems);
  for (const std::string& line : problems.lines()) ADD_FAILURE() << line;
  if (configuration == nullptr) return nullptr;
  return std::unique_ptr<Rulebook>(new Rulebook(std::move(configuration)));
}

const Operation& Rulebook::find(std::string_view method_and_path) const {
  for (const Operation& operation : api().operations) {
    if (operation.method + " " + operation.path == method_and_path) return operation;
  }
  ADD_FAILURE() << "no operation " << method_and_path;
  return api().unknown;
}

std::vector<std::string> Rulebook::path_examples(const Operation& operation) const {
  std::vector<std::string> values;
  for (const Parameter& parameter : operation.parameters) {
    if (parameter.in != Parameter::In::path) continue;
    const Node* example = parameter.node->find("example");
    values.push_back(example == nullptr ? "" : example->text);
  }
  return values;
}

ErrorRef Rulebook::refusal(const Request& request) {
  const Operation& operation = find(request.operation);
  json::HeldBody body(parser_, kDepth);
  body.append(request.body);
  Exchange exchange;
  exchange.operation = &operation;
  exchange.request.method = operation.method;
  exchange.request.content_length = request.body.size();
  exchange.request.fields.add("Content-Type", "application/json");
  exchange.query = request.query;
  exchange.path_values = request.path_values;

  for (std::size_t i = 0; i < configuration_->filters.size(); ++i) {
    const auto filter = configuration_->factory_for(i, operation).make(operation, services_);
    if (filter == nullptr) continue;
    Verdict verdict = filter->on_request(exchange, Resume(nullptr));
    if (verdict.kind() == Verdict::Kind::hold_body) {
      exchange.body = &body;
      verdict = filter->on_request(exchange, Resume(nullptr));
    }
    if (verdict.kind() == Verdict::Kind::reject) return verdict.error();
    EXPECT_EQ(verdict.kind(), Verdict::Kind::next);
  }
  return nullptr;
}

std::string Rulebook::judge(const Request& request) {
  const ErrorRef error = refusal(request);
  return error == nullptr ? std::string(kPasses) : error->id;
}

std::string Rulebook::judge(std::string_view operation, std::string body) {
  return judge(
      Request{std::string(operation), std::move(body), {}, path_examples(find(operation))});
}

// ---------------------------------------------------------------------------------------- JSON

Object Object::with(std::string_view name, std::string_view json) const {
  Object changed = *this;
  const auto member = std::find_if(changed.members_.begin(), changed.members_.end(),
                                   [name](const Member& one) { return one.first == name; });
  if (member == changed.members_.end()) {
    changed.members_.emplace_back(name, json);
  } else {
    member->second = json;
  }
  return changed;
}

Object Object::without(std::string_view name) const {
  Object changed = *this;
  std::erase_if(changed.members_, [name](const Member& one) { return one.first == name; });
  return changed;
}

std::string Object::json() const {
  std::string text = "{";
  for (const auto& [name, value] : members_) {
    text.append(text.size() == 1 ? "\"" : ",\"").append(name).append("\":").append(value);
  }
  return text + "}";
}

std::string with(std::string_view object, std::string_view more) {
  return std::string(object.substr(0, object.size() - 1)) + "," + std::string(more) + "}";
}

std::string object(std::string_view name, std::string_view value) {
  return "{\"" + std::string(name) + "\":" + std::string(value) + "}";
}

std::string array_of(std::size_t count, std::string_view item) {
  std::string array = "[";
  for (std::size_t i = 0; i < count; ++i) array.append(i == 0 ? "" : ",").append(item);
  return array + "]";
}

std::string text_of(std::size_t size) { return "\"" + std::string(size, 'x') + "\""; }

// ------------------------------------------------------------------------------------- fixture

std::unique_ptr<Rulebook> Rules::shipped_;

void Rules::SetUpTestSuite() {
  shipped_ = Rulebook::load(kSource + "/config/trackly/openapi.yaml");
}

std::string Rules::answer(std::string_view operation, std::string body) {
  const ErrorRef error =
      shipped_->refusal(Request{std::string(operation),
                                std::move(body),
                                {},
                                shipped_->path_examples(shipped_->find(operation))});
  return error == nullptr ? std::string(kPasses) : error->text;
}

void Rules::expect(std::string_view operation, const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    EXPECT_EQ(judge(operation, one.body), one.verdict) << operation << " " << one.body;
  }
}

void Rules::expect_field(std::string_view operation, const Object& body, std::string_view field,
                         const std::vector<Value>& values) {
  for (const Value& value : values) {
    expect(operation, {{body.with(field, value.json), value.verdict}});
  }
}

void Rules::expect_in_order(std::string_view operation, const std::vector<Fault>& faults) {
  Object body{};
  std::set<std::string_view> fields;
  for (const Fault& fault : faults) {
    const bool is_first = fields.insert(fault.field).second;
    if (is_first && !fault.json.empty()) body = body.with(fault.field, fault.json);
  }
  for (const Fault& fault : faults) {
    if (!fault.json.empty()) body = body.with(fault.field, fault.json);
    if (fault.verdict != kPasses) expect(operation, {{body, fault.verdict}});
  }
  expect(operation, {{body, kPasses}});
}

}  // namespace trackly::test
