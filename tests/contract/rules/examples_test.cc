// What the description shows: it passes, and it goes on to pass with what no rule is about.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "gateway/cli/examples.h"
#include "gateway/cli/rehearsal.h"
#include "tests/contract/rules/description.h"
#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

using cli::json_of;

/// Calls `visit` for each object in `node`, wherever it is; what it changes stays.
void for_each_object(Node& node, const std::function<void(Node&)>& visit) {
  for (Node& item : node.items) for_each_object(item, visit);
  for (Node::Entry& entry : node.entries) for_each_object(entry.value, visit);
  if (node.is_mapping()) visit(node);
}

/// Calls `visit` for each value below `node`; what it changes is undone.
void for_each_value(Node& node, const std::function<void(Node&)>& visit) {
  const auto once = [&visit](Node& value) {
    for_each_value(value, visit);
    const Node kept = value;
    visit(value);
    value = kept;
  };
  for (Node& item : node.items) once(item);
  for (Node::Entry& entry : node.entries) once(entry.value);
}

Node string_node(std::string text) {
  Node node;
  node.kind = Node::Kind::string;
  node.text = std::move(text);
  return node;
}

/// A value that json_of() writes as it stands.
Node raw(std::string_view json) {
  Node node;
  node.kind = Node::Kind::number;
  node.text = json;
  return node;
}

class Examples : public Rules {
 protected:
  /// Calls `visit` with each operation and each example of its body.
  void for_each_example(const std::function<void(const std::string&, const Node&)>& visit) {
    for (const Operation& operation : shipped().api().operations) {
      for (const cli::Example& example : cli::body_examples(shipped().api(), operation)) {
        visit(name_of(operation), *example.value);
      }
    }
  }
};

TEST_F(Examples, ThereAreSomeOfEachBodyAndEachParameter) {
  for (const Operation& operation : shipped().api().operations) {
    if (operation.json_body) {
      EXPECT_FALSE(cli::body_examples(shipped().api(), operation).empty()) << name_of(operation);
    }
    for (const Parameter& parameter : operation.parameters) {
      EXPECT_FALSE(cli::examples_of(*parameter.node).empty())
          << name_of(operation) << " " << parameter.name;
    }
  }
}

// As `check` tries them: by the whole way of a request.
TEST_F(Examples, OfRequestsAreAnsweredAsDeclared) {
  const auto rehearsal =
      cli::Rehearsal::create(shipped().shared_configuration(), {.requests_only = true});
  ASSERT_TRUE(rehearsal);
  std::size_t tried = 0;
  for (const Operation& operation : shipped().api().operations) {
    for (const cli::ExampleRequest& example : cli::example_requests(shipped().api(), operation)) {
      std::string answered = "nothing";
      (*rehearsal)->run(example.text, [&answered](const Exchange& exchange) {
        answered = exchange.local_reply == nullptr ? "" : exchange.local_reply->id;
      });
      EXPECT_EQ(answered, example.expected_error) << example.text;
      ++tried;
    }
  }
  EXPECT_GE(tried, shipped().api().operations.size());
}

TEST_F(Examples, OfAnswersAreThoseOfTheCatalogue) {
  const Node* responses = shipped().api().document.find("components")->find("responses");
  int refusals = 0;
  for (const Node::Entry& response : responses->entries) {
    const Node* example = response.value.find("content")->find("application/json")->find("example");
    if (example == nullptr || example->find("error") == nullptr) continue;
    ++refusals;
    const auto& entries = shipped().configuration().errors.entries();
    EXPECT_TRUE(std::any_of(entries.begin(), entries.end(), [example](const ErrorEntry& entry) {
      return json_of(*example) == render_error_body(entry.text, entry.code);
    })) << json_of(*example);
  }
  EXPECT_GT(refusals, 0);
}

TEST_F(Examples, PassWithFieldsThatNobodyKnows) {
  for_each_example([this](const std::string& operation, const Node& example) {
    Node more = example;
    for_each_object(more, [](Node& object) {
      object.entries.push_back({"from_the_future", {}, string_node("x")});
    });
    more.entries.push_back({"and_beyond", {}, raw(R"({"a":[1,2.5e400,null,{"":false}]})")});
    expect(operation, {{json_of(more), kPasses}});
  });
}

// So null in an optional field passes, whatever is said of its values, and null in a required one
// is answered as if nothing were there.
TEST_F(Examples, NullIsAsGoodAsNothing) {
  for_each_example([this](const std::string& operation, const Node& example) {
    Node changed = example;
    const auto judge_members = [&](Node& object) {
      for (std::size_t i = 0; i < object.entries.size(); ++i) {
        const Node::Entry kept = object.entries[i];
        object.entries[i].value = Node();
        const std::string with_null = json_of(changed);
        object.entries.erase(object.entries.begin() + static_cast<std::ptrdiff_t>(i));
        const std::string without = json_of(changed);
        object.entries.insert(object.entries.begin() + static_cast<std::ptrdiff_t>(i), kept);
        EXPECT_EQ(judge(operation, with_null), judge(operation, without))
            << operation << " " << with_null;
      }
    };
    for_each_object(changed, judge_members);
    EXPECT_EQ(json_of(changed), json_of(example));
  });
}

// validation_failed stands for a keyword without a row, invalid_input for what cannot be read.
TEST_F(Examples, AreRefusedByRowsOfTheirOwnWhateverStandsInThem) {
  for_each_example([this](const std::string& operation, const Node& example) {
    Node changed = example;
    for_each_value(changed, [&](Node& value) {
      for (const std::string_view odd :
           {"null", "true", "0", "-1e999", R"("")", R"("x")", "[]", "[{}]", "[null]", "{}"}) {
        value = raw(odd);
        const std::string verdict = judge(operation, json_of(changed));
        EXPECT_NE(verdict, "validation_failed") << operation << " " << json_of(changed);
        EXPECT_NE(verdict, "invalid_input") << operation << " " << json_of(changed);
      }
    });
  });
}

}  // namespace
}  // namespace trackly::test
