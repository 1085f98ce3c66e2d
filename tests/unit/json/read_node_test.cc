#include "gateway/json/read_node.h"

#include <gtest/gtest.h>

namespace trackly::json {
namespace {

Node read(std::string_view text) {
  Problems problems;
  Node node = read_node(text, "s.json", problems);
  EXPECT_TRUE(problems.empty()) << problems.lines().front();
  return node;
}

std::string problem(std::string_view text) {
  Problems problems;
  const Node node = read_node(text, "s.json", problems);
  EXPECT_TRUE(node.is_null());
  return problems.empty() ? "" : problems.lines().front();
}

TEST(ReadNode, KeepsOrderDigitsAndKinds) {
  const Node node = read(R"({"b":1.50,"a":[null,true,"\ud83d\ude00"],"c":{}})");
  ASSERT_TRUE(node.is_mapping());
  ASSERT_EQ(node.entries.size(), 3U);
  EXPECT_EQ(node.entries[0].key, "b");
  EXPECT_EQ(node.find("b")->text, "1.50");
  EXPECT_TRUE(node.find("b")->is_number());
  const Node& list = *node.find("a");
  EXPECT_TRUE(list.items[0].is_null());
  EXPECT_TRUE(list.items[1].boolean);
  EXPECT_EQ(list.items[2].text, "\xF0\x9F\x98\x80");
  EXPECT_TRUE(node.find("c")->is_mapping());
}

TEST(ReadNode, TakesAnyValueAsRoot) {
  EXPECT_TRUE(read("true").boolean);
  EXPECT_EQ(read(" \"x\" ").text, "x");
  EXPECT_TRUE(read("[]").is_sequence());
}

TEST(ReadNode, MarksLinesAndColumns) {
  const Node node = read("{\n  \"a\": [\n    1,\n    2\n  ]\n}");
  EXPECT_EQ(node.mark.to_string(), "s.json:1:1");
  EXPECT_EQ(node.entries[0].key_mark.to_string(), "s.json:2:3");
  EXPECT_EQ(node.find("a")->mark.to_string(), "s.json:2:8");
  EXPECT_EQ(node.find("a")->items[1].mark.to_string(), "s.json:4:5");
}

TEST(ReadNode, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(problem("{\n  \"a\": 01}"), "s.json:2:8: not valid JSON: invalid number");
  EXPECT_EQ(problem("[1,\n2,]"), "s.json:2:3: not valid JSON: unexpected token");
  EXPECT_EQ(problem("{\"a\":\n \"b}"), "s.json:2:2: not valid JSON: unclosed string");
  EXPECT_EQ(problem("{\"a\": \"b,\n\"c\": \"d\"}"), "s.json:1:10: not valid JSON: unclosed string");
  EXPECT_EQ(problem("[\"a\tb\"]"), "s.json:1:4: not valid JSON: control character in a string");
  EXPECT_EQ(problem("\"\xFF\""), "s.json: not valid JSON: invalid UTF-8");
  EXPECT_EQ(problem(""), "s.json:1:1: not valid JSON: empty");
}

}  // namespace
}  // namespace trackly::json
