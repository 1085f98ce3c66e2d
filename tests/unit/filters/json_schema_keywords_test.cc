#include <gtest/gtest.h>

#include <string>

#include "tests/unit/filters/schema_judge.h"

namespace trackly::json_schema {
namespace {

struct Case {
  const char* name;
  const char* schema;
  std::vector<const char*> valid;
  std::vector<const char*> invalid;
};

class Keyword : public testing::TestWithParam<Case> {};

TEST_P(Keyword, AcceptsAndRefuses) {
  Judge judge(GetParam().schema);
  ASSERT_TRUE(judge.compiled()) << judge.problems().front();
  for (const char* instance : GetParam().valid) EXPECT_EQ(judge(instance), "valid") << instance;
  for (const char* instance : GetParam().invalid) EXPECT_NE(judge(instance), "valid") << instance;
}

INSTANTIATE_TEST_SUITE_P(
    JsonSchema, Keyword,
    testing::Values(
        Case{"True", "true", {"1", "{}", "null"}, {}},
        Case{"False", "false", {}, {"1", "{}", "null"}},
        Case{"Empty", "{}", {"1", "{}", "null"}, {}},
        Case{"TypeNull", R"({"type":"null"})", {"null"}, {"0", "\"\"", "{}", "[]", "false"}},
        Case{"TypeInteger",
             R"({"type":"integer"})",
             {"1", "-0", "1.0", "1e2", "1.50e1", "123456789012345678901234567890", "1e400", "0.0"},
             {"1.5", "1e-1", "\"1\"", "null", "123456789012345678901234567890.5"}},
        Case{"TypeNumber", R"({"type":"number"})", {"1", "1.5", "1e400"}, {"\"1\"", "true"}},
        Case{"TypeList", R"({"type":["string","null"]})", {"\"\"", "null"}, {"1", "[]"}},
        Case{"Enum",
             R"({"enum":["a",1,null,[1,{"b":2,"c":3}]]})",
             {"\"a\"", "1.0", "null", "[1e0,{\"c\":3,\"b\":2.0}]"},
             {"\"A\"", "2", "false", "[]", "[1,{\"b\":2}]"}},
        Case{"ConstFalseIsNotZero", R"({"const":false})", {"false"}, {"0", "[]", "null", "true"}},
        Case{"ConstObject", R"({"const":{"a":1}})", {"{\"a\":1}"}, {"{}", "{\"a\":1,\"b\":1}"}},
        Case{"ConstBeyondDoubles",
             R"({"const":9007199254740993})",
             {"9007199254740993", "9007199254740993.0"},
             {"9007199254740992"}},
        Case{"MinLengthCountsCodePoints",
             R"({"minLength":2})",
             {"\"ab\"", "1", "\"\\ud83d\\ude00x\""},
             {"\"a\"", "\"\\ud83d\\ude00\"", "\"\xC3\xA9\""}},
        Case{"MaxLengthCountsCodePoints",
             R"({"maxLength":2.0})",
             {"\"\xF0\x9F\x98\x80\xF0\x9F\x98\x80\"", "\"\""},
             {"\"abc\""}},
        Case{"PatternIsNotAnchored", R"({"pattern":"b+"})", {"\"abc\"", "1"}, {"\"ac\"", "\"\""}},
        Case{"PatternAnchored",
             R"({"pattern":"^\\+[1-9][0-9]{1,14}$"})",
             {"\"+14155551234\""},
             {"\"14155551234\"", "\"+14155551234\\n\"", "\"+1\\u00004\"", "\"+0155\""}},
        Case{"Minimum",
             R"({"minimum":1.1})",
             {"1.1", "1.10", "11e-1", "2", "1e400", "\"x\"",
              "1.10000000000000000000000000000000000001"},
             {"1", "1.0999999999999999999999999999999999", "-1e400", "1e-400"}},
        Case{"Maximum", R"({"maximum":-2})", {"-2", "-2.0", "-1e9"}, {"-1.99", "0", "-0"}},
        Case{"ExclusiveBounds",
             R"({"exclusiveMinimum":0,"exclusiveMaximum":1})",
             {"0.5", "1e-400", "0.99999999999999999999999"},
             {"0", "-0.0", "1", "1.000"}},
        Case{"MultipleOfIsDecimal",
             R"({"multipleOf":0.01})",
             {"0.07", "19.99", "0", "4.35", "1e400", "123456789012345678901234567890.12"},
             {"0.075", "1e-3", "0.001"}},
        Case{"MultipleOfSeven", R"({"multipleOf":7})", {"49", "7e3", "-21", "70.0"}, {"1", "1e20"}},
        Case{"Properties",
             R"({"properties":{"a":{"type":"integer"},"b":false}})",
             {"{}", "{\"a\":1}", "{\"c\":\"x\"}", "[]"},
             {"{\"a\":\"1\"}", "{\"b\":1}"}},
        Case{"Required",
             R"({"required":["a","b"]})",
             {"{\"a\":1,\"b\":null}", "1"},
             {"{}", "{\"a\":1}"}},
        Case{
            "AdditionalProperties",
            R"({"properties":{"a":{}},"patternProperties":{"^x-":{}},"additionalProperties":false})",
            {"{\"a\":1,\"x-b\":2}", "{}"},
            {"{\"b\":1}", "{\"ax-\":1}"}},
        Case{"AdditionalPropertiesDoNotSeeRequired",
             R"({"required":["a"],"additionalProperties":false})",
             {},
             {"{\"a\":1}", "{}"}},
        Case{"AdditionalPropertiesByThemselves",
             R"({"additionalProperties":{"type":"boolean"}})",
             {"{\"a\":true}"},
             {"{\"a\":1}"}},
        Case{"PatternProperties",
             R"({"patternProperties":{"^n":{"type":"number"},"x$":{"minimum":5}}})",
             {"{\"n\":1,\"nx\":5}", "{\"a\":\"\"}"},
             {"{\"nx\":4}", "{\"n\":\"\"}"}},
        Case{"PropertyNames",
             R"({"propertyNames":{"maxLength":2}})",
             {"{\"ab\":1}", "[]"},
             {"{\"abc\":1}"}},
        Case{"PropertyCounts",
             R"({"minProperties":1,"maxProperties":2})",
             {"{\"a\":1}", "{\"a\":1,\"b\":1}", "[]"},
             {"{}", "{\"a\":1,\"b\":1,\"c\":1}"}},
        Case{"DependentRequired",
             R"({"dependentRequired":{"a":["b","c"]}})",
             {"{}", "{\"b\":1}", "{\"a\":1,\"b\":1,\"c\":1}"},
             {"{\"a\":1}", "{\"a\":1,\"b\":1}"}},
        Case{"DependentSchemas",
             R"({"dependentSchemas":{"a":{"required":["b"]}}})",
             {"{}", "{\"a\":1,\"b\":1}"},
             {"{\"a\":1}"}},
        Case{"Items", R"({"items":{"type":"integer"}})", {"[]", "[1,2]", "{}"}, {"[1,\"2\"]"}},
        Case{"PrefixItems",
             R"({"prefixItems":[{"type":"integer"},{"type":"string"}],"items":false})",
             {"[]", "[1]", "[1,\"a\"]"},
             {"[\"a\"]", "[1,1]", "[1,\"a\",1]"}},
        Case{"ItemCounts",
             R"({"minItems":1,"maxItems":2})",
             {"[1]", "[1,2]", "{}"},
             {"[]", "[1,2,3]"}},
        Case{"UniqueItems",
             R"({"uniqueItems":true})",
             {"[]", "[1,2]", "[1,true]", "[0,false]", "[{\"a\":1},{\"a\":2}]", "[[1],[2]]",
              "[\"a\",\"A\"]", "[1,\"1\"]"},
             {"[1,1.0]", "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]", "[[1],[1]]",
              "[\"a\",\"\\u0061\"]", "[null,null]"}},
        Case{"UniqueItemsFalse", R"({"uniqueItems":false})", {"[1,1]"}, {}},
        Case{"Contains", R"({"contains":{"type":"string"}})", {"[1,\"a\"]", "{}"}, {"[]", "[1]"}},
        Case{"ContainsCounts",
             R"({"contains":{"const":1},"minContains":2,"maxContains":3})",
             {"[1,1]", "[1,2,1,1]"},
             {"[1]", "[1,1,1,1]"}},
        Case{"ContainsNone", R"({"contains":{"const":1},"minContains":0})", {"[]", "[2]"}, {}},
        Case{"MinContainsAlone", R"({"minContains":2})", {"[]"}, {}},
        Case{"AllOf", R"({"allOf":[{"minimum":1},{"maximum":2}]})", {"1", "2"}, {"0", "3"}},
        Case{"AnyOf", R"({"anyOf":[{"type":"string"},{"minimum":2}]})", {"\"a\"", "2"}, {"1"}},
        Case{"OneOf", R"({"oneOf":[{"minimum":1},{"maximum":2}]})", {"0", "3"}, {"1", "2"}},
        Case{"Not", R"({"not":{"type":"string"}})", {"1"}, {"\"\""}},
        Case{"NotFalse", R"({"not":false})", {"1"}, {}},
        Case{"IfThenElse",
             R"({"if":{"minimum":10},"then":{"multipleOf":2},"else":{"multipleOf":3}})",
             {"10", "3"},
             {"11", "4"}},
        Case{"IfWithoutElse", R"({"if":{"minimum":10},"then":false})", {"9"}, {"10"}},
        Case{"ThenWithoutIf", R"({"then":false,"else":false})", {"1"}, {}},
        Case{"RefToRoot",
             R"({"properties":{"child":{"$ref":"#"}},"additionalProperties":false})",
             {"{\"child\":{\"child\":{}}}"},
             {"{\"child\":{\"x\":1}}"}},
        Case{"RefWithSiblings",
             R"({"$ref":"#/$defs/a","maximum":5,"$defs":{"a":{"minimum":1}}})",
             {"3"},
             {"0", "6"}},
        Case{
            "RefEscaped",
            R"({"properties":{"x":{"$ref":"#/$defs/a~1b%25"}},"$defs":{"a/b%":{"type":"string"}}})",
            {"{\"x\":\"\"}"},
            {"{\"x\":1}"}},
        Case{"RefToAnchor",
             R"({"$ref":"#here","$defs":{"a":{"$anchor":"here","minimum":1}}})",
             {"1"},
             {"0"}},
        Case{"RefToId",
             R"({"$id":"http://h/a/root.json","$ref":"b.json",
                 "$defs":{"b":{"$id":"b.json","$ref":"#/$defs/c","$defs":{"c":{"minimum":1}}}}})",
             {"1"},
             {"0"}},
        Case{"RefToAnchorInId",
             R"({"$id":"urn:x:root","$ref":"urn:x:b#c",
                 "$defs":{"b":{"$id":"urn:x:b","$defs":{"c":{"$anchor":"c","minimum":1}}}}})",
             {"1"},
             {"0"}},
        Case{"FormatsAreNotes", R"({"format":"ipv4"})", {"\"x\""}, {}},
        Case{"FormatsAssertWhereAsked",
             R"({"x-assert-formats":true,"items":{"format":"ipv4"}})",
             {"[\"1.2.3.4\",5]"},
             {"[\"x\"]"}},
        Case{
            "KeysThatNoVocabularyCouldHaveAreAnnotations",
            R"({"x-internal":{"type":"x"},"unknown-keyword":[{"$id":"#a"}],"team/owner":1,"a.b":2})",
            {"1"},
            {}},
        Case{"RefIntoAnAnnotation",
             R"({"$ref":"#/our_schemas/0","our_schemas":[{"type":"string"}]})",
             {"\"\""},
             {"1"}},
        Case{"RefIntoDefinitions",
             R"({"$ref":"#/definitions/a","definitions":{"a":{"type":"string"}}})",
             {"\"\""},
             {"1"}},
        Case{"MaxBytesCountTheCompactForm",
             R"({"properties":{"a":{"x-max-bytes":6}}})",
             {R"({"a" :  [1, 2]})", R"({"a":"abcd"})", R"({"a":[ 1, 	12 ]})",
              R"({"a":{ "" : 1 } })"},
             {R"({"a":[1,234]})", R"({"a":"abcde"})", R"({"a":{"b":12}})", R"({"a":123.000})"}},
        Case{"MaxBytesCountNoEscapeThatIsNotNeeded",
             R"({"x-max-bytes":7})",
             {R"("\u0061\/\u00e9")", R"("\u000a\"")", R"({"\u0061":1})", R"("\ud83d\ude00")"},
             {R"("\u0001")", R"("\n\n\n")", R"("\\\\\\")", R"("\u00e9\u00e9aa")"}},
        Case{"MaxBytesOfNothing",
             R"({"x-max-bytes":2})",
             {"[ ]", "{ }", "\"\"", "10"},
             {"[0]", "100"}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(JsonSchema, JudgesManyPropertiesAndMembers) {
  std::string schema = R"({"properties":{)", instance = "{";
  for (int i = 0; i < 200; ++i) {
    const std::string name = "\"property" + std::to_string(i) + "\":";
    schema += (i == 0 ? "" : ",") + name + R"({"type":"integer"})";
    instance += (i == 0 ? "" : ",") + name + "1";
  }
  Judge judge(schema + "}}");
  EXPECT_EQ(judge(instance + "}"), "valid");
  EXPECT_EQ(judge(instance + R"(,"other":"x"})"), "valid");
  const std::size_t last = instance.rfind('1');
  EXPECT_EQ(judge(instance.substr(0, last) + "\"\"}"), "/property199 type");
}

TEST(JsonSchema, FindsTheOnlyTwinAmongManyItems) {
  Judge judge(R"({"uniqueItems":true})");
  std::string items = "[";
  for (int i = 0; i < 3000; ++i) {
    const std::string n = std::to_string(i);
    items += "{\"a\":[" + n + ",\"" + n + "\"],\"b\":" + n + "." + n + "},";
  }
  EXPECT_TRUE(judge.accepts(items + "0]"));
  EXPECT_FALSE(judge.accepts(items + R"({"b":1.10e0,"a":[1,"1"]},{"b":1.1,"a":[1.0,"1"]}])"));
}

TEST(JsonSchema, RecursesAsDeepAsAValueMay) {
  Judge judge(R"({"items":{"$ref":"#"},"not":{"type":"string"}})");
  const std::size_t levels = json::kMaxDepth;
  EXPECT_TRUE(judge.accepts(std::string(levels, '[') + std::string(levels, ']')));
  const std::string bad = std::string(levels, '[') + "\"\"" + std::string(levels, ']');
  EXPECT_FALSE(judge.accepts(bad));
}

}  // namespace
}  // namespace trackly::json_schema
