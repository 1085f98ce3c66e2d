#include <gtest/gtest.h>

#include "tests/unit/filters/schema_judge.h"

namespace trackly::json_schema {
namespace {

TEST(Rows, AreNamedForEachKeywordAndMissingProperty) {
  Judge judge(R"({
    "properties": {"to": {"type": "string", "pattern": "^\\+", "minLength": 3,
                          "x-error": {"type": "bad_type", "pattern": "bad_pattern"}}},
    "required": ["to", "body", "from"],
    "x-error": {"required": {"to": "missing_to", "body": "missing_body"}}
  })");
  EXPECT_EQ(judge.row("{}"), "missing_to");
  EXPECT_EQ(judge.row(R"({"to":1})"), "bad_type");
  EXPECT_EQ(judge.row(R"({"to":"x"})"), "bad_pattern");
  EXPECT_EQ(judge.row(R"({"to":"+"})"), "validation_failed") << "names none";
  EXPECT_EQ(judge.row(R"({"to":"+12"})"), "missing_body");
  EXPECT_EQ(judge.row(R"({"to":"+12","body":1})"), "validation_failed");
}

TEST(Rows, OneForAllKeywordsOfASchemaDoesNotReachIntoItsParts) {
  Judge judge(R"({
    "type": "object", "required": ["a"], "maxProperties": 1,
    "properties": {"a": {"type": "string"}},
    "x-error": "row"
  })");
  EXPECT_EQ(judge.row("1"), "row");
  EXPECT_EQ(judge.row("{}"), "row");
  EXPECT_EQ(judge.row(R"({"a":"","b":1})"), "row");
  EXPECT_EQ(judge.row(R"({"a":1})"), "validation_failed");
}

TEST(Rows, OfASharedSchemaMayBeLeftToThoseWhoReferToIt) {
  Judge judge(R"({
    "properties": {
      "to": {"$ref": "#/$defs/phone", "x-error": "invalid_phone"},
      "list": {"$ref": "#/$defs/phone", "x-error": {"$ref": "invalid_list"}},
      "own": {"$ref": "#/$defs/owner", "x-error": "not_this"}
    },
    "$defs": {
      "phone": {"type": "string", "pattern": "^\\+"},
      "owner": {"type": "string", "x-error": "owner_row"}
    }
  })");
  EXPECT_EQ(judge.row(R"({"to":1})"), "invalid_phone");
  EXPECT_EQ(judge.row(R"({"to":""})"), "invalid_phone");
  EXPECT_EQ(judge.row(R"({"list":""})"), "invalid_list");
  EXPECT_EQ(judge.row(R"({"own":1})"), "owner_row");
}

TEST(Rows, OfAPartAreTakenFromTheNearestThatNamesOne) {
  Judge judge(R"({
    "items": {"properties": {"a": {"type": "string"}, "b": {"type": "string", "x-error": "b_row"}}},
    "x-error": {"items": "item_row"}
  })");
  EXPECT_EQ(judge.row(R"([{"a":1}])"), "item_row");
  EXPECT_EQ(judge.row(R"([{"b":1}])"), "b_row");
}

TEST(Rows, OfAlternativesAreThoseOfTheWhole) {
  Judge judge(R"({
    "anyOf": [{"required": ["a"], "x-error": "a_row"}, {"required": ["b"]}],
    "x-error": {"anyOf": "a_or_b"}
  })");
  EXPECT_EQ(judge.row("{}"), "a_or_b");
  EXPECT_EQ(judge.row(R"({"b":1})"), "");
  EXPECT_EQ(Judge(R"({"not":{"required":["a"]},"x-error":{"not":"row"}})").row(R"({"a":1})"),
            "row");
}

TEST(Rows, AreFilledWithTheAllowedValues) {
  Judge judge(R"({"properties":{"status":{"type":"string","enum":["draft","off",1,true],
                                          "x-error":"invalid_status"}}})");
  EXPECT_EQ(judge.values(R"({"status":"x"})"), "draft, off, 1, true");
  EXPECT_EQ(judge.values(R"({"status":1.5})"), "draft, off, 1, true");
}

TEST(Rows, ThatAreNotNamedAreListed) {
  const auto unnamed = [](const char* schema) {
    std::string text;
    Judge judge(schema);
    for (const auto& [mark, keyword] : judge.program().keywords_without_row()) {
      text += mark.to_string() + " " + std::string(keyword) + ";";
    }
    return text;
  };
  EXPECT_EQ(unnamed(R"({"properties":{"a":{"pattern":"x"}},"x-lenient":true})"),
            "s.json:1:20 pattern;");
  EXPECT_EQ(unnamed(R"({"required":["a"],"x-error":{"required":"r"}})"), "");
  EXPECT_EQ(unnamed(R"({"required":["a","b"],"x-error":{"required":{"a":"r"}}})"),
            "s.json:1:1 required;");
  EXPECT_EQ(unnamed(R"({"anyOf":[{"required":["a"]},{"minimum":1}],"x-error":{"anyOf":"r"}})"), "");
  EXPECT_EQ(unnamed(R"({"type":"string","x-lenient":true})"), "") << "it does not assert";
}

TEST(Lenient, ATypeWithoutARowIsDocumentation) {
  Judge judge(R"({
    "x-lenient": true, "type": "object",
    "properties": {
      "flag": {"type": "boolean"},
      "strict": {"type": "boolean", "x-error": {"type": "invalid_force"}},
      "deep": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 2}}},
      "back": {"x-lenient": false, "type": "string"}
    }
  })");
  EXPECT_EQ(judge.row(R"({"flag":"yes"})"), "");
  EXPECT_EQ(judge.row(R"({"strict":"true"})"), "invalid_force");
  EXPECT_EQ(judge.row(R"({"strict":1})"), "invalid_force");
  EXPECT_EQ(judge.row(R"({"deep":{"name":5}})"), "");
  EXPECT_EQ(judge.row(R"({"deep":"x"})"), "");
  EXPECT_EQ(judge.row(R"({"deep":{"name":"abc"}})"), "validation_failed");
  EXPECT_EQ(judge.row(R"({"back":1})"), "validation_failed");
}

TEST(Lenient, ATypeAssertsWhereTheReferenceNamesARow) {
  Judge judge(R"({"x-lenient":true,
                  "properties":{"to":{"$ref":"#/$defs/s","x-error":"row"},"x":{"$ref":"#/$defs/s"}},
                  "$defs":{"s":{"type":"string"}}})");
  EXPECT_EQ(judge.row(R"({"to":1})"), "row");
  EXPECT_EQ(judge.row(R"({"x":1})"), "");
}

TEST(Lenient, ATypeInAConditionIsAQuestion) {
  Judge judge(R"({"x-lenient":true,"if":{"properties":{"a":{"type":"string"}}},
                  "then":{"required":["b"],"x-error":"row"}})");
  EXPECT_EQ(judge.row(R"({"a":""})"), "row");
  EXPECT_EQ(judge.row(R"({"a":1})"), "");
  EXPECT_EQ(Judge(R"({"x-lenient":true,"not":{"type":"string"}})").row("1"), "");
  EXPECT_EQ(Judge(R"({"x-lenient":true,"oneOf":[{"type":"string"},{"type":"number"}]})").row("1"),
            "");
}

TEST(Lenient, NullPassesInOptionalPropertiesOnly) {
  Judge judge(R"({
    "x-lenient": true,
    "properties": {
      "optional": {"type": "string", "enum": ["a"], "x-error": "optional_row"},
      "required": {"type": "string", "x-error": "required_row"}
    },
    "required": ["required"],
    "patternProperties": {"^p": {"type": "string", "x-error": "pattern_row"}},
    "additionalProperties": {"type": "string", "x-error": "additional_row"}
  })");
  EXPECT_EQ(judge.row(R"({"required":"","optional":null,"p":null,"other":null})"), "");
  EXPECT_EQ(judge.row(R"({"required":"","optional":""})"), "optional_row");
  EXPECT_EQ(judge.row(R"({"required":null})"), "required_row");
  EXPECT_EQ(judge.row(R"({"required":"","p":1})"), "pattern_row");
  EXPECT_EQ(judge.row(R"({"required":"","other":1})"), "additional_row");
  EXPECT_EQ(Judge(R"({"properties":{"a":{"type":"string"}}})").row(R"({"a":null})"),
            "validation_failed")
      << "not where nothing is lenient";
}

TEST(EmptyIsMissing, CountsNullAndTheEmptyStringWhereAPropertyIsRequired) {
  Judge judge(R"({
    "x-empty-is-missing": true,
    "properties": {"a": {"type": "string", "x-error": "a_row"}, "b": {"minLength": 1}},
    "required": ["a"],
    "x-error": {"required": "missing"}
  })");
  EXPECT_EQ(judge.row(R"({"a":null})"), "missing");
  EXPECT_EQ(judge.row(R"({"a":""})"), "missing");
  EXPECT_EQ(judge.row(R"({"a":0})"), "a_row");
  EXPECT_EQ(judge.row(R"({"a":" "})"), "");
  EXPECT_EQ(judge.row(R"({"a":"x","b":""})"), "validation_failed") << "judged as a value";
}

TEST(EmptyIsMissing, ReachesIntoBranchesAndNestedObjects) {
  Judge either(R"({"x-empty-is-missing":true,
                   "anyOf":[{"required":["to_msisdn"]},{"required":["to"]}],"x-error":"missing_to"})");
  EXPECT_EQ(either.row(R"({"to_msisdn":"","to":null})"), "missing_to");
  EXPECT_EQ(either.row(R"({"to_msisdn":"","to":"x"})"), "");
  Judge nested(
      R"({"x-empty-is-missing":true,"properties":{"o":{"required":["x"],"x-error":"row"}}})");
  EXPECT_EQ(nested.row(R"({"o":{"x":""}})"), "row");
  Judge dependent(
      R"({"x-empty-is-missing":true,"x-lenient":true,"dependentRequired":{"a":["b"]}})");
  EXPECT_EQ(dependent.row(R"({"a":1,"b":""})"), "validation_failed");
  EXPECT_EQ(dependent.row(R"({"a":null})"), "");
}

}  // namespace
}  // namespace trackly::json_schema
