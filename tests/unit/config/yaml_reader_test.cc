#include "config/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trackly::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// What becomes of whole files stands in tests/golden/yaml; here are the files that attack.

std::vector<std::string> problems_of(const std::string& text) {
  Problems problems;
  read_yaml(text, "f", problems);
  return problems.lines();
}

TEST(YamlReader, EndlessNestingIsRefusedBeforeTheStackEnds) {
  EXPECT_EQ(problems_of(std::string(1'000'000, '[')).size(), 1U);
  EXPECT_EQ(problems_of(std::string(100'000, '{')).size(), 1U);
  std::string steps;
  for (int i = 0; i < 2000; ++i) steps += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_EQ(problems_of(steps).size(), 1U);
}

TEST(YamlReader, AliasesCannotNestDeeperThanTextCan) {
  // Each line nests what the line before built, so depth grows without any deep text.
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 300; ++i) {
    const std::string before = "a" + std::to_string(i - 1);
    const std::string name = "a" + std::to_string(i);
    text += name + ": &" + name + " [*" + before + "]\n";
  }
  EXPECT_THAT(problems_of(text), ElementsAre(HasSubstr("nested deeper than 200 levels")));
}

TEST(YamlReader, LargeScalarsCountWhenTheyAreRepeated) {
  std::string text = "a: &a " + std::string(1'000'000, 'x') + "\nb: [";
  for (int i = 0; i < 1000; ++i) text += "*a,";
  EXPECT_THAT(problems_of(text + "]\n"), ElementsAre(HasSubstr("expand to too much")));
}

TEST(YamlReader, ManyKeysOfOneMappingTakeNoTime) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(problems_of(text), ElementsAre());
}

TEST(YamlReader, OtherEncodingsAreRefused) {
  EXPECT_THAT(problems_of("\xFF\xFE" + std::string("a\0:\0 \0b\0", 8)),
              ElementsAre("f:1:1: not valid UTF-8"));
  EXPECT_THAT(problems_of(std::string("a\0:\0 \0b\0", 8)),
              ElementsAre("f:1:2: a control character"));
}

TEST(YamlReader, ByteOrderMarkOfUtf8IsNoPartOfTheFirstKey) {
  Problems problems;
  const auto root = read_yaml(
      "\xEF\xBB\xBF"
      "a: 1",
      "f", problems);
  ASSERT_TRUE(root.has_value());
  EXPECT_NE(root->find("a"), nullptr);
}

TEST(YamlReader, TextBeyondAsciiPasses) {
  Problems problems;
  const auto root = read_yaml("a: \"caf\xC3\xA9 \xF0\x9F\x98\x80\"", "f", problems);
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ(root->find("a")->text, "caf\xC3\xA9 \xF0\x9F\x98\x80");
}

TEST(YamlReader, AFileThatCannotBeReadIsAProblemWhereItIsNamed) {
  Problems problems;
  const Mark referrer{std::make_shared<const std::string>("gateway.yaml"), 3, 5};
  EXPECT_FALSE(read_yaml_file("/nowhere.yaml", problems, nullptr, referrer).has_value());
  EXPECT_THAT(problems.lines(), ElementsAre("gateway.yaml:3:5: cannot read /nowhere.yaml: No such "
                                            "file or directory"));
}

}  // namespace
}  // namespace trackly::config
