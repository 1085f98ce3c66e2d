#include "config/json_pointer.h"

#include <gtest/gtest.h>

#include "config/yaml_reader.h"

namespace trackly::config {
namespace {

class Reference : public testing::Test {
 protected:
  std::string at(std::string_view reference) const {
    const Node* node = resolve_reference(document_, reference);
    return node == nullptr ? "nothing" : node->text;
  }

  Problems problems_;
  const Node document_ = *read_yaml(
      "{a/b: slash, m~n: tilde, 'x y': space, '': empty, list: [zero, one], k: {k: deep}}", "test",
      problems_);
};

TEST_F(Reference, StepsThroughMappingsAndLists) {
  EXPECT_EQ(at("#/k/k"), "deep");
  EXPECT_EQ(at("#/list/1"), "one");
  EXPECT_EQ(resolve_reference(document_, "#"), &document_);
}

TEST_F(Reference, UndoesEscapes) {
  EXPECT_EQ(at("#/a~1b"), "slash");
  EXPECT_EQ(at("#/m~0n"), "tilde");
  EXPECT_EQ(at("#/x%20y"), "space");
  EXPECT_EQ(at("#/"), "empty");
}

TEST_F(Reference, LeadsNowhereElse) {
  for (const std::string_view reference :
       {"", "other.yaml#/a", "#a", "#/a", "#/list/2", "#/list/-1", "#/list/x", "#/k/k/k", "#/m~n",
        "#/x%2", "#/x%zz", "#/~"}) {
    EXPECT_EQ(at(reference), "nothing") << reference;
  }
}

}  // namespace
}  // namespace trackly::config
