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

}  // namespace trackly::test
