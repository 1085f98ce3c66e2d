#include "gateway/cli/examples.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "config/json_pointer.h"
#include "gateway/api/error.h"

namespace trackly::cli {
namespace {

/// What a `$ref` in place of the node leads to, if there is one.
const Node* followed(const ApiDescription& api, const Node* node) {
  const Node* reference = node == nullptr ? nullptr : node->find("$ref");
  return reference == nullptr ? node : config::resolve_reference(api.document, reference->text);
}

/// The operation as the document writes it; nullptr where that is elsewhere (`$ref`).
const Node* written(const ApiDescription& api, const Operation& operation) {
  const Node* paths = api.document.find("paths");
  if (paths == nullptr) return nullptr;
  for (const Node::Entry& path : paths->entries) {
    for (const Node::Entry& member : path.value.entries) {
      if (member.value.is_mapping() && member.value.mark == operation.mark) return &member.value;
    }
  }
  return nullptr;
}

bool is_unreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/// RFC 3986 section 2.1.
std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4];
    encoded += kDigits[byte & 15];
  }
  return encoded;
}

std::string text_of(const Node& value) { return value.is_string() ? value.text : json_of(value); }

/// nullopt where the parameter has no example.
std::optional<std::string> first_example(const Parameter& parameter) {
  if (parameter.node == nullptr) return std::nullopt;
  for (const Example& example : examples_of(*parameter.node)) {
    if (example.expected_error.empty()) return percent_encoded(text_of(*example.value));
  }
  return std::nullopt;
}

/// Makes requests of one operation that differ in one example each.
class Requests {
 public:
  Requests(const ApiDescription& api, const Operation& operation)
      : operation_(operation), bodies_(body_examples(api, operation)) {}

  std::vector<ExampleRequest> all() {
    if (!find_place()) return {};
    add_bodies();
    for (const Parameter& parameter : operation_.parameters) {
      if (parameter.in == Parameter::In::query) add_values(parameter);
    }
    return std::move(requests_);
  }

 private:
  using Query = std::vector<std::pair<std::string, std::string>>;

  /// Path and query that every request has; false where no example says what.
  bool find_place() {
    path_ = operation_.path;
    for (const Parameter& parameter : operation_.parameters) {
      const bool in_path = parameter.in == Parameter::In::path;
      if (!in_path && !parameter.required) continue;
      const auto value = first_example(parameter);
      if (!value) return false;
      if (in_path) {
        const std::string name = "{" + parameter.name + "}";
        path_.replace(path_.find(name), name.size(), *value);
      } else {
        query_.emplace_back(parameter.name, *value);
      }
    }
    return true;
  }

  void add_bodies() {
    for (const Example& example : bodies_) {
      const std::string name = example.name.empty() ? "example" : "example " + example.name;
      add(name, query_, json_of(*example.value), example.expected_error);
    }
    if (bodies_.empty() && !operation_.body_required) add("the path", query_, {}, {});
  }

  void add_values(const Parameter& parameter) {
    if (parameter.node == nullptr) return;
    for (const Example& example : examples_of(*parameter.node)) {
      Query query = query_;
      std::erase_if(query, [&](const auto& known) { return known.first == parameter.name; });
      query.emplace_back(parameter.name, percent_encoded(text_of(*example.value)));
      add("example " + example.name + (example.name.empty() ? "of " : " of ") + parameter.name,
          query, good_body(), example.expected_error);
    }
  }

  std::string good_body() const {
    const auto good = std::find_if(bodies_.begin(), bodies_.end(), [](const Example& example) {
      return example.expected_error.empty();
    });
    return good == bodies_.end() ? std::string() : json_of(*good->value);
  }

  void add(std::string name, const Query& query, const std::string& body,
           std::string expected_error) {
    std::string text = operation_.method + " " + path_;
    char separator = '?';
    for (const auto& [key, value] : query) {
      text.append(1, separator).append(percent_encoded(key)).append("=").append(value);
      separator = '&';
    }
    text += " HTTP/1.1\r\nHost: localhost\r\n";
    if (!body.empty()) {
      text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n";
    }
    text.append("\r\n").append(body);
    requests_.push_back({std::move(name), std::move(text), std::move(expected_error)});
  }

  const Operation& operation_;
  const std::vector<Example> bodies_;
  std::string path_;
  Query query_;
  std::vector<ExampleRequest> requests_;
};

}  // namespace

std::vector<Example> examples_of(const Node& node) {
  std::vector<Example> all;
  if (const Node* example = node.find("example")) all.push_back({{}, example, {}});
  const Node* named = node.find("examples");
  if (named == nullptr) return all;
  for (const Node::Entry& entry : named->entries) {
    const Node* value = entry.value.find("value");
    if (value == nullptr) continue;
    const Node* error = entry.value.find("x-error");
    all.push_back({entry.key, value, error == nullptr ? std::string() : error->text});
  }
  return all;
}

std::vector<Example> body_examples(const ApiDescription& api, const Operation& operation) {
  const Node* node = written(api, operation);
  for (const char* key : {"requestBody", "content", "application/json"}) {
    if (node != nullptr) node = followed(api, node->find(key));
  }
  return node == nullptr ? std::vector<Example>() : examples_of(*node);
}

std::vector<ExampleRequest> example_requests(const ApiDescription& api,
                                             const Operation& operation) {
  return Requests(api, operation).all();
}

std::string json_of(const Node& node) {
  std::string text;
  switch (node.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::boolean:
      return node.boolean ? "true" : "false";
    case Node::Kind::number:
      return node.text;
    case Node::Kind::string:
      return "\"" + json_escaped(node.text) + "\"";
    case Node::Kind::sequence:
      for (const Node& item : node.items) text += (text.empty() ? "" : ",") + json_of(item);
      return "[" + text + "]";
    case Node::Kind::mapping:
      for (const Node::Entry& entry : node.entries) {
        text += (text.empty() ? "\"" : ",\"") + json_escaped(entry.key) + "\":";
        text += json_of(entry.value);
      }
      return "{" + text + "}";
  }
  return text;
}

}  // namespace trackly::cli
