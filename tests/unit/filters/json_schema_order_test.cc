#include <gtest/gtest.h>

#include "tests/unit/filters/schema_judge.h"

namespace trackly::json_schema {
namespace {

TEST(FirstViolation, IsThatOfTheFirstDeclaredProperty) {
  Judge judge(R"({
    "maxProperties": 3,
    "required": ["c", "a", "extra"],
    "properties": {"a": {"minLength": 2, "type": "string"}, "b": {"type": "integer"}, "c": {}}
  })");
  EXPECT_EQ(judge(R"({})"), "/a required");
  EXPECT_EQ(judge(R"({"b":"x"})"), "/a required") << "whatever else is wrong";
  EXPECT_EQ(judge(R"({"b":"x","a":1})"), "/a type") << "whatever the order of the members";
  EXPECT_EQ(judge(R"({"b":"x","a":"x"})"), "/a minLength") << "the type before the value";
  EXPECT_EQ(judge(R"({"b":"x","a":"xx"})"), "/b type");
  EXPECT_EQ(judge(R"({"b":1,"a":"xx"})"), "/c required");
  EXPECT_EQ(judge(R"({"a":"xx","c":1})"), "/extra required") << "after the declared ones";
  EXPECT_EQ(judge(R"({"a":"xx","b":1,"c":1,"extra":1})"), " maxProperties") << "the object last";
}

TEST(FirstViolation, LooksIntoNestedValuesBeforeTheNextProperty) {
  Judge judge(R"({
    "properties": {
      "list": {"type": "array", "items": {"properties": {"x": {"type": "integer"}}}},
      "next": {"type": "string"}
    }
  })");
  EXPECT_EQ(judge(R"({"next":1,"list":[{"x":1},{"x":"1"}]})"), "/list/1/x type");
  EXPECT_EQ(judge(R"({"next":1,"list":[{"x":1}]})"), "/next type");
}

TEST(FirstViolation, OfRulesAcrossFieldsIsInWrittenOrder) {
  EXPECT_EQ(Judge(R"({"minItems":2,"items":{"type":"string"}})")("[1]"), " minItems");
  EXPECT_EQ(Judge(R"({"items":{"type":"string"},"minItems":2})")("[1]"), "/0 type");
  EXPECT_EQ(
      Judge(R"({"allOf":[{"required":["z"]}],"properties":{"a":{"type":"string"}}})")(R"({"a":1})"),
      "/a type");
  EXPECT_EQ(Judge(R"({"allOf":[{"required":["z"]},{"properties":{"a":{"type":"string"}}}]})")(
                R"({"a":1})"),
            "/z required");
}

TEST(FirstViolation, ComesFromWhereverAReferenceLeads) {
  Judge judge(
      R"({"properties":{"a":{"maximum":1,"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"integer"}}})");
  EXPECT_EQ(judge(R"({"a":2.5})"), "/a type");
  EXPECT_EQ(judge(R"({"a":2})"), "/a maximum");
}

TEST(FirstViolation, NamesTheKeywordThatWasBroken) {
  EXPECT_EQ(Judge("false")("1"), " false");
  EXPECT_EQ(Judge(R"({"additionalProperties":false})")(R"({"a":1})"), "/a additionalProperties");
  EXPECT_EQ(Judge(R"({"properties":{"a":false}})")(R"({"a":1})"), "/a properties");
  EXPECT_EQ(Judge(R"({"prefixItems":[true],"items":false})")("[1,2]"), "/1 items");
  EXPECT_EQ(Judge(R"({"if":true,"then":false})")("1"), " then");
  EXPECT_EQ(Judge(R"({"anyOf":[{"type":"string"},{"minimum":5}]})")("1"), " anyOf");
  EXPECT_EQ(Judge(R"({"contains":{"type":"string"}})")("[1]"), " contains");
  EXPECT_EQ(Judge(R"({"contains":true,"minContains":2})")("[1]"), " minContains");
  EXPECT_EQ(Judge(R"({"contains":true,"maxContains":0})")("[1]"), " maxContains");
  EXPECT_EQ(Judge(R"({"dependentRequired":{"a":["b"]}})")(R"({"a":1})"), "/b dependentRequired");
  EXPECT_EQ(Judge(R"({"propertyNames":{"maxLength":1}})")(R"({"ab":1})"), "/ab maxLength");
}

TEST(FirstViolation, EscapesThePlace) {
  EXPECT_EQ(Judge(R"({"properties":{"a/b~c":{"type":"null"}}})")(R"({"a/b~c":1})"),
            "/a~1b~0c type");
}

}  // namespace
}  // namespace trackly::json_schema
