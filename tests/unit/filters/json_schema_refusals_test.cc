#include <gtest/gtest.h>

#include <string>

#include "tests/unit/filters/schema_judge.h"

namespace trackly::json_schema {
namespace {

struct Refusal {
  const char* name;
  const char* schema;
  const char* problem;
};

class RefusedSchema : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedSchema, IsReportedWithItsPlace) {
  Judge judge(GetParam().schema);
  EXPECT_FALSE(judge.compiled());
  ASSERT_EQ(judge.problems().size(), 1U) << judge.problems().back();
  EXPECT_EQ(judge.problems().front(), GetParam().problem);
}

INSTANTIATE_TEST_SUITE_P(
    JsonSchema, RefusedSchema,
    testing::Values(
        Refusal{"NoSchema", "1",
                "s.json:1:1: expected a schema: a mapping, true or false; found a number"},
        Refusal{"Unevaluated", "{\n \"unevaluatedProperties\": false}",
                "s.json:2:2: keyword \"unevaluatedProperties\" is not supported"},
        Refusal{"Misspelt", R"({"properties":{"a":{"patern":"x"}}})",
                "s.json:1:21: keyword \"patern\" is not supported; did you mean \"pattern\"?"},
        Refusal{"UnknownExtension", R"({"x-errors":"a"})",
                "s.json:1:2: keyword \"x-errors\" is not supported; did you mean \"x-error\"?"},
        Refusal{"OfAnotherDialect", R"({"nullable":true})",
                "s.json:1:2: keyword \"nullable\" is not supported"},
        Refusal{"OfADynamicKind", R"({"$dynamicAnchor":"a"})",
                "s.json:1:2: keyword \"$dynamicAnchor\" is not supported"},
        Refusal{"MisspeltWithASeparator", R"({"min_length":1})",
                "s.json:1:2: keyword \"min_length\" is not supported; did you mean \"minLength\"?"},
        Refusal{"MisspeltInItsCase", R"({"X-Error":"a"})",
                "s.json:1:2: keyword \"X-Error\" is not supported; did you mean \"x-error\"?"},
        Refusal{"OfTheOperation", R"({"x-sensitive":true})",
                "s.json:1:2: \"x-sensitive\" does not belong in a schema"},
        Refusal{"OtherDialect", R"({"$schema":"http://json-schema.org/draft-07/schema#"})",
                "s.json:1:12: $schema: expected https://json-schema.org/draft/2020-12/schema"},
        Refusal{
            "UnknownType", R"({"type":"text"})",
            "s.json:1:9: type: expected null, boolean, number, integer, string, array or object"},
        Refusal{"NegativeLength", R"({"minLength":-1})",
                "s.json:1:14: minLength: expected a whole number that is not negative"},
        Refusal{"FractionalCount", R"({"maxItems":1.5})",
                "s.json:1:13: maxItems: expected a whole number that is not negative"},
        Refusal{"NumberInQuotes", R"({"minimum":"1"})", "s.json:1:12: minimum: expected a number"},
        Refusal{"MultipleOfZero", R"({"multipleOf":0})",
                "s.json:1:15: multipleOf: expected a number above 0 with at most 19 significant "
                "digits"},
        Refusal{"LookAhead", R"({"pattern":"(?=a)b"})",
                "s.json:1:12: pattern: not supported: look-ahead"},
        Refusal{"BackReference", R"({"patternProperties":{"(a)\\1":{}}})",
                "s.json:1:23: patternProperties: not supported: a back-reference"},
        Refusal{"BrokenPattern", R"({"pattern":"a("})", "s.json:1:12: pattern: missing ): a("},
        Refusal{"RefToNowhere", R"({"items":{"$ref":"#/$defs/x"}})",
                "s.json:1:18: $ref: \"#/$defs/x\" leads nowhere in this document"},
        Refusal{"RefToAnotherDocument", R"({"$ref":"http://example.com/s.json"})",
                "s.json:1:9: $ref: \"http://example.com/s.json\" leads nowhere in this document"},
        Refusal{"RefToItself", R"({"$ref":"#"})",
                "s.json:1:9: the schema refers to itself without end"},
        Refusal{
            "RefInACircle",
            R"({"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}}})",
            "s.json:1:78: the schema refers to itself without end"},
        Refusal{"AnchorTwice", R"({"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}})",
                "s.json:1:46: $anchor: \"x\" is defined twice"},
        Refusal{"RequiredTwice", R"({"required":["a","a"]})",
                "s.json:1:18: required: expected each name once"},
        Refusal{"ItemsAsList", R"({"items":[{}]})",
                "s.json:1:10: expected a schema: a mapping, true or false; found a sequence"},
        Refusal{"EmptyAllOf", R"({"allOf":[]})", "s.json:1:10: allOf: expected a list of schemas"},
        Refusal{
            "MistakeInAnUntakenBranch", R"({"then":{"type":"x"}})",
            "s.json:1:17: type: expected null, boolean, number, integer, string, array or object"},
        Refusal{"RowForAnAbsentKeyword", R"({"type":"string","x-error":{"pattern":"p"}})",
                "s.json:1:29: x-error: the schema has no keyword \"pattern\""},
        Refusal{"RowForAPropertyNotRequired",
                R"({"required":["a"],"x-error":{"required":{"b":"r"}}})",
                "s.json:1:42: x-error: the schema does not require \"b\""},
        Refusal{"RowThatIsNoId", R"({"type":"string","x-error":{"type":1}})",
                "s.json:1:36: x-error: expected the id of a row of the error catalogue"},
        Refusal{"LenientThatIsNoFlag", R"({"x-lenient":"yes"})",
                "s.json:1:14: x-lenient: expected true or false"},
        Refusal{"PlaceholdersThatAreNoMapping", R"({"x-placeholders":["/a"]})",
                "s.json:1:19: x-placeholders: expected a mapping"},
        Refusal{"PlaceholdersWithoutAKey",
                R"({"x-placeholders":{"text":"/t","pattern":"x","list":"/l"}})",
                "s.json:1:19: missing key \"key\""},
        Refusal{"PlaceholdersWithAnotherOperand",
                R"({"x-placeholders":{"text":"/t","pattern":"x","list":"/l","key":"k","kye":1}})",
                "s.json:1:68: unknown key \"kye\"; did you mean \"key\"?"},
        Refusal{"PlaceholdersInNoText",
                R"({"x-placeholders":{"text":"t","pattern":"x","list":"/l","key":"k"}})",
                "s.json:1:27: text: expected a JSON Pointer, such as /message"},
        Refusal{"PlaceholdersWithoutAList",
                R"({"x-placeholders":{"text":"/t","pattern":"x","list":"","key":"k"}})",
                "s.json:1:53: list: expected a JSON Pointer, such as /message"},
        Refusal{"PlaceholdersWithAKeyThatIsNoName",
                R"({"x-placeholders":{"text":"/t","pattern":"x","list":"/l","key":1}})",
                "s.json:1:64: key: expected a string that is not empty"},
        Refusal{"PlaceholdersWithABrokenPattern",
                R"({"x-placeholders":{"text":"/t","pattern":"(x","list":"/l","key":"k"}})",
                "s.json:1:42: x-placeholders: missing ): (x"},
        Refusal{"SumOfNothing", R"({"x-sum":{"of":[],"minimum":1}})",
                "s.json:1:16: of: expected at least one name"},
        Refusal{"SumOfSomethingTwice", R"({"x-sum":{"of":["a","a"],"minimum":1}})",
                "s.json:1:21: of: expected each name once"},
        Refusal{"SumThatDoesNotSayOfWhat", R"({"x-sum":{"minimum":1}})",
                "s.json:1:10: missing key \"of\""},
        Refusal{"SumWithoutABound", R"({"x-sum":{"of":["a"]}})",
                "s.json:1:10: x-sum: expected a minimum, a maximum or both"},
        Refusal{"SumWithABoundThatIsNoNumber", R"({"x-sum":{"of":["a"],"maximum":"1"}})",
                "s.json:1:32: maximum: expected a number"},
        Refusal{"SumWithABoundBeyondItsDigits", R"({"x-sum":{"of":["a"],"maximum":1e-31}})",
                "s.json:1:32: maximum: expected a number with at most 30 digits before and 30 "
                "behind the point"},
        Refusal{"SumThatNothingFits", R"({"x-sum":{"of":["a"],"minimum":2,"maximum":1}})",
                "s.json:1:10: x-sum: expected a minimum up to the maximum"},
        Refusal{"SumWithAnotherOperand", R"({"x-sum":{"of":["a"],"minimun":2,"maximum":1}})",
                "s.json:1:22: unknown key \"minimun\"; did you mean \"minimum\"?"},
        Refusal{
            "AssertedFormatThatIsUnknown", R"({"format":"color","x-error":"r"})",
            "s.json:1:11: format: expected date-time, date, time, ipv4, ipv6, uri, uuid or email "
            "where it is asserted"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(RefusedSchema, AllProblemsAreReportedAtOnce) {
  Judge judge(R"({"type":"x","minLength":-1,"properties":{"a":{"foo":1}}})");
  EXPECT_EQ(judge.problems().size(), 3U);
}

TEST(RefusedSchema, WhatCouldExhaustTheStackOnADeepValue) {
  const auto nested = [](int schemas) {
    std::string schema = R"({"items":{"$ref":"#"}})";
    for (int i = 0; i < schemas; ++i) schema = R"({"anyOf":[)" + schema + "]}";
    return schema;
  };
  EXPECT_TRUE(Judge(nested(31)).compiled());
  Judge judge(nested(32));
  ASSERT_EQ(judge.problems().size(), 1U);
  EXPECT_EQ(judge.problems().front(),
            "s.json:1:1: a recursive schema may apply at most 32 schemas, one within the other, to "
            "the same value");
}

}  // namespace
}  // namespace trackly::json_schema
