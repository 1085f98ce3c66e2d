#include "tests/contract/rules/description.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

namespace trackly::test {

const Node& written(const ApiDescription& api, const Operation& operation) {
  static const Node kNothing;
  std::string method = operation.method;
  std::transform(method.begin(), method.end(), method.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const Node* paths = api.document.find("paths");
  for (const Node::Entry& path : paths->entries) {
    if (!operation.path.ends_with(path.key)) continue;
    const Node* node = path.value.find(method);
    if (node != nullptr) return *node;
  }
  ADD_FAILURE() << name_of(operation) << " is not written anywhere";
  return kNothing;
}

std::vector<const Node*> examples(const Node& parameter) {
  std::vector<const Node*> all;
  if (const Node* example = parameter.find("example")) all.push_back(example);
  if (const Node* named = parameter.find("examples")) {
    for (const Node::Entry& entry : named->entries) all.push_back(entry.value.find("value"));
  }
  return all;
}

std::vector<const Node*> body_examples(const ApiDescription& api, const Operation& operation) {
  const Node* node = written(api, operation).find("requestBody");
  for (const char* key : {"content", "application/json"}) {
    if (node != nullptr) node = node->find(key);
  }
  return node == nullptr ? std::vector<const Node*>() : examples(*node);
}

}  // namespace trackly::test
