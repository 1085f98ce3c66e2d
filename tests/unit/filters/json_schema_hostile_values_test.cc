#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/unit/filters/schema_judge.h"

// Values that are made to be costly. What takes more than time in proportion to its size does not
// end within the time that a test has.

namespace trackly::json_schema {
namespace {

constexpr std::size_t kLargestBody = 5U << 20;

/// `inside` within so many pairs of `open` and `close`.
std::string nested(std::size_t levels, std::string_view open, std::string_view inside,
                   std::string_view close) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += open;
  text += inside;
  for (std::size_t i = 0; i < levels; ++i) text += close;
  return text;
}

/// "[item,item,…]", as many as there is room for.
std::string array_of(std::string_view item, std::size_t bytes = kLargestBody) {
  std::string text = "[";
  while (text.size() + item.size() + 2 < bytes) text.append(item).append(",");
  text.back() = ']';
  return text;
}

// ------------------------------------------------------------------------- recursion with choices

// A group is two levels of JSON.
constexpr std::size_t kGroups = json::kMaxDepth / 2;

/// Both kinds of group go down before they look at what kind it is.
constexpr std::string_view kFilters = R"({
  "$ref": "#/$defs/filter",
  "$defs": {
    "filter": {"anyOf": [{"$ref": "#/$defs/leaf"}, {"$ref": "#/$defs/all"}, {"$ref": "#/$defs/any"}],
               "x-error": "filter"},
    "leaf": {"type": "object", "required": ["field"]},
    "all": {"properties": {"of": {"items": {"$ref": "#/$defs/filter"}}, "op": {"const": "all"}},
            "required": ["of", "op"]},
    "any": {"properties": {"of": {"items": {"$ref": "#/$defs/filter"}}, "op": {"const": "any"}},
            "required": ["of", "op"]}
  }
})";

TEST(HostileValue, DeepGroupsOfEitherKind) {
  Judge judge(kFilters);
  EXPECT_TRUE(
      judge.accepts(nested(kGroups - 1, R"({"of":[)", R"({"field":1})", R"(],"op":"any"})")));
  EXPECT_FALSE(judge.accepts(nested(kGroups - 1, R"({"of":[)", "{}", R"(],"op":"any"})")));
  EXPECT_FALSE(judge.accepts(nested(kGroups, R"({"of":[)", "", R"(],"op":"none"})")));
}

TEST(HostileValue, DeepGroupsThatAreBroadAtTheBottom) {
  Judge judge(kFilters);
  std::string leaves = array_of(R"({"field":1})", std::size_t{1} << 20);
  leaves = leaves.substr(1, leaves.size() - 2);
  EXPECT_TRUE(judge.accepts(nested(kGroups - 1, R"({"of":[)", leaves, R"(],"op":"any"})")));
}

TEST(HostileValue, BroadGroupsOnEachLevel) {
  Judge judge(kFilters);
  const std::string sister = R"({"of":[{"field":1},{"field":2}],"op":"any"},)";
  EXPECT_TRUE(judge.accepts(nested(kGroups - 2, R"({"of":[)" + sister + sister,
                                   sister + R"({"field":1})", R"(],"op":"any"})")));
}

TEST(HostileValue, DeepGroupsWithConditions) {
  Judge judge(R"({
    "$ref": "#/$defs/group",
    "$defs": {"group": {
      "if": {"properties": {"of": {"items": {"$ref": "#/$defs/group"}}}},
      "then": {"properties": {"of": {"items": {"$ref": "#/$defs/group"}}, "op": {"type": "string"}}},
      "else": {"not": {"properties": {"of": {"items": {"$ref": "#/$defs/group"}}}}}
    }}
  })");
  EXPECT_TRUE(judge.accepts(nested(kGroups, R"({"of":[)", "", R"(],"op":""})")));
}

TEST(HostileValue, DeepGroupsOfWhichExactlyOneKindMayFit) {
  Judge judge(R"({"oneOf": [
    {"type": "array", "items": {"$ref": "#"}, "maxItems": 1},
    {"type": "array", "items": {"$ref": "#"}, "minItems": 2},
    {"type": "null"}
  ]})");
  EXPECT_TRUE(judge.accepts(nested(json::kMaxDepth, "[", "null", "]")));
  EXPECT_FALSE(judge.accepts(nested(json::kMaxDepth, "[", "1", "]")));
}

TEST(HostileValue, TheFirstViolationIsTheSameHoweverOftenValuesWereJudged) {
  Judge judge(R"({
    "allOf": [{"anyOf": [{"$ref": "#/$defs/list"}, {"$ref": "#/$defs/list"}]},
              {"$ref": "#/$defs/strict"}],
    "$defs": {
      "list": {"items": {"anyOf": [{"$ref": "#/$defs/list"}, {"items": {"$ref": "#/$defs/list"}}]}},
      "strict": {"type": ["array", "null"],
                 "items": {"allOf": [{"$ref": "#/$defs/strict"}, {"$ref": "#/$defs/strict"}]}}
    }
  })");
  EXPECT_EQ(judge(nested(40, "[", "null", "]")), "valid");
  EXPECT_EQ(judge(nested(40, "[null,", "1", ",2]")), nested(40, "/1", " type", ""));
}

// --------------------------------------------------------------------------------- broad and long

TEST(HostileValue, ManyItemsThatMustBeUnique) {
  Judge judge(R"({"uniqueItems": true})");
  std::string numbers = "[", same = "[";
  for (int i = 0; i < 300'000; ++i) {
    numbers += std::to_string(i) + ",";
    same += "[" + std::to_string(i % 7) + ".0,{\"a\":" + std::to_string(i) + "}],";
  }
  EXPECT_TRUE(judge.accepts(numbers + "\"0\"]"));
  EXPECT_FALSE(judge.accepts(numbers + "2.99999e5]"));
  EXPECT_TRUE(judge.accepts(same + "0]"));
  EXPECT_FALSE(judge.accepts(same + R"([0,{"a":7.0}]])"));
}

TEST(HostileValue, AFewHugeItemsThatDifferInTheirLastMember) {
  Judge judge(R"({"uniqueItems": true})");
  std::string members;
  for (int i = 0; i < 20'000; ++i) members += "\"m" + std::to_string(i) + "\":1,";
  std::string items = "[";
  for (int i = 0; i < 16; ++i) items += "{" + members + "\"z\":" + std::to_string(i) + "},";
  EXPECT_TRUE(judge.accepts(items + "0]"));
}

TEST(HostileValue, ManyMembersForManyPatterns) {
  Judge judge(R"({
    "patternProperties": {"^a": {"type": "integer"}, "(b|c)+$": {"minimum": 0}, "\\d{3}": true},
    "additionalProperties": false, "propertyNames": {"maxLength": 9}, "maxProperties": 200001
  })");
  std::string members = "{";
  for (int i = 0; i < 200'000; ++i) members += "\"a" + std::to_string(i) + "\":1,";
  EXPECT_TRUE(judge.accepts(members + "\"a\":1}"));
  EXPECT_FALSE(judge.accepts(members + "\"d\":1}"));
}

TEST(HostileValue, LongStringsForPatternsThatBacktrackersFear) {
  Judge judge(R"({"pattern": "^(a+)+$|(.*)*x|(a|a|b)*c"})");
  const std::string text(kLargestBody, 'a');
  EXPECT_TRUE(judge.accepts("\"" + text + "\""));
  EXPECT_FALSE(judge.accepts("\"" + text + "!\""));
}

TEST(HostileValue, NumbersWithManyDigits) {
  Judge judge(R"({"multipleOf": 0.01, "minimum": 1e-400, "not": {"const": 12}})");
  const std::string digits(kLargestBody, '7');
  EXPECT_TRUE(judge.accepts(digits));
  EXPECT_TRUE(judge.accepts(digits + ".25"));
  EXPECT_FALSE(judge.accepts("1." + digits));
  EXPECT_FALSE(judge.accepts("1e-" + digits));
  EXPECT_TRUE(judge.accepts("1e" + digits));
}

TEST(HostileValue, ManyItemsOfWhichAFewMustFit) {
  Judge judge(R"({"contains": {"type": "object", "required": ["a"]}, "minContains": 2})");
  EXPECT_FALSE(judge.accepts(array_of(R"({"b":[]})")));
}

// -------------------------------------------------------------------------------------- the depth

TEST(HostileValue, IsJudgedDownToTheDepthThatTheParserAllows) {
  Judge judge(kFilters);
  json::Parser parser;
  for (const std::size_t depth : {64U, 1000U}) {
    const std::string within = nested(depth / 2, R"({"of":[)", "", R"(],"op":"all"})");
    const auto value = parser.parse(within, depth, json::Root::object);
    ASSERT_TRUE(value.ok());
    EXPECT_FALSE(judge.program().check(*value));
    const std::string beyond = R"({"of":[)" + within + R"(],"op":"all"})";
    EXPECT_EQ(parser.parse(beyond, depth, json::Root::object).error().fault,
              json::ParseFault::too_deep);
  }
}

}  // namespace
}  // namespace trackly::json_schema
