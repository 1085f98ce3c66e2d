#include "filters/schema.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/filters/filter_bench.h"

namespace trackly::filters {
namespace {

class SchemaFilterTest : public testing::Test {
 protected:
  SchemaFilterTest() : operation_(bench_.operation("POST", "/lists/{list}/send/{to}")) {}

  void body_schema(std::string_view json) {
    operation_.has_body = operation_.json_body = operation_.body_required = true;
    operation_.body_schema = &bench_.document(json);
  }
  void parameter(Parameter::In in, std::string name, const Node& node) {
    const Node* required = node.find("required");
    operation_.parameters.push_back({in, std::move(name), required != nullptr && required->boolean,
                                     false, node.find("schema"), &node});
  }
  RequestToFilter request() { return RequestToFilter(operation_); }
  std::string ask(RequestToFilter& request) { return request.ask(*bench_.filter(operation_)); }
  std::string ask_body(std::string_view body) {
    RequestToFilter to_ask(operation_);
    const std::string verdict = ask(to_ask.body(body));
    detail_ = to_ask.detail;
    text_ = to_ask.text;
    return verdict;
  }
  std::string ask_query(std::string_view query) {
    RequestToFilter to_ask(operation_);
    const std::string verdict = ask(to_ask.query(query));
    detail_ = to_ask.detail;
    return verdict;
  }

  FilterBench bench_{{"invalid_input", "validation_failed", "missing_to", "invalid_to", "row"}};
  Operation& operation_;
  std::string detail_;
  std::string text_;
};

// ---------------------------------------------------------------------------------------- bodies

TEST_F(SchemaFilterTest, AValidBodyPasses) {
  body_schema(R"({"required":["to"],"properties":{"to":{"type":"string"}}})");
  bench_.make(make_schema);
  EXPECT_EQ(ask_body(R"({"to":"x","other":1e400})"), "next");
}

TEST_F(SchemaFilterTest, TheFirstViolationDecidesAndItsPlaceIsTheDetail) {
  body_schema(R"({"properties":{"to":{"type":"string","x-error":"invalid_to"}},"required":["to"],
                  "x-error":{"required":{"to":"missing_to"}}})");
  bench_.make(make_schema);
  EXPECT_EQ(ask_body("{}"), "missing_to");
  EXPECT_EQ(detail_, "/to");
  EXPECT_EQ(ask_body(R"({"to":1})"), "invalid_to");
}

TEST_F(SchemaFilterTest, AKeywordWithoutARowIsAnsweredWithValidationFailed) {
  body_schema(R"({"maxProperties":0})");
  bench_.make(make_schema);
  EXPECT_EQ(ask_body(R"({"a":1})"), "validation_failed");
}

TEST_F(SchemaFilterTest, TheAnswerListsTheAllowedValues) {
  body_schema(R"({"properties":{"s":{"enum":["draft","off"],"x-error":"row"}}})");
  bench_.make(make_schema);
  EXPECT_EQ(ask_body(R"({"s":"x"})"), "row");
  EXPECT_EQ(text_, "row draft, off");
}

TEST_F(SchemaFilterTest, TheAnswerListsWhatIsMissingInThisBody) {
  body_schema(R"({"x-placeholders":{"text":"/t","pattern":"<([a-z])>","list":"/l","key":"k"},
                  "x-error":{"x-placeholders":"row"}})");
  bench_.make(make_schema);
  EXPECT_EQ(ask_body(R"({"t":"<b><a><c>","l":[{"k":"a"}]})"), "row");
  EXPECT_EQ(text_, "row b, c");
  EXPECT_EQ(ask_body(R"({"t":"<x>","l":[]})"), "row");
  EXPECT_EQ(text_, "row x");
  EXPECT_EQ(ask_body(R"({"t":"<a>","l":[{"k":"a"}]})"), "next");
}

TEST_F(SchemaFilterTest, AnAmbiguousBodyIsRefusedWhateverTheSchema) {
  body_schema("true");
  bench_.make(make_schema);
  for (const char* body : {"", "[]", "1", "{", "{}x", R"({"a":1,"\u0061":1})", "\xEF\xBB\xBF{}",
                           "{\"a\":\"\xFF\"}", R"({"a":"\ud800"})"}) {
    EXPECT_EQ(ask_body(body), "invalid_input") << body;
  }
  EXPECT_EQ(ask_body(R"({"a":123456789012345678901234567890})"), "next");
}

TEST_F(SchemaFilterTest, AnEmptyBodyPassesWhereNoneIsRequired) {
  body_schema(R"({"required":["a"]})");
  operation_.body_required = false;
  bench_.make(make_schema);
  EXPECT_EQ(ask_body(""), "next");
  EXPECT_EQ(ask_body("{}"), "validation_failed");
}

TEST_F(SchemaFilterTest, ABodyWithoutASchemaMustStillBeUnambiguous) {
  operation_.json_body = operation_.body_required = true;
  bench_.make(make_schema);
  EXPECT_EQ(ask_body("{}"), "next");
  EXPECT_EQ(ask_body("{}}"), "invalid_input");
}

TEST_F(SchemaFilterTest, OnlyIdentityIsAContentCoding) {
  body_schema("true");
  bench_.make(make_schema);
  for (const char* coding : {"gzip", "br", "identity, gzip", "GZIP", "x"}) {
    auto coded = request();
    EXPECT_EQ(ask(coded.field("content-encoding", coding).body("{}")), "invalid_input") << coding;
    EXPECT_FALSE(coded.was_held) << "the head suffices";
    EXPECT_EQ(coded.detail, "content-encoding");
  }
  for (const char* coding : {"identity", "Identity", "", "identity, identity"}) {
    auto plain = request();
    EXPECT_EQ(ask(plain.field("Content-Encoding", coding).body("{}")), "next") << coding;
  }
}

TEST_F(SchemaFilterTest, OnlyUtf8IsACharset) {
  body_schema("true");
  bench_.make(make_schema);
  for (const char* type :
       {"application/json; charset=iso-8859-1", "text/plain;charset=\"utf-16\"",
        "application/json; a=\"x;y\"; Charset=ascii", "application/json; charset=utf-8; charset=x",
        "application/json; charset="}) {
    auto other = request();
    EXPECT_EQ(ask(other.field("Content-Type", type).body("{}")), "invalid_input") << type;
    EXPECT_FALSE(other.was_held) << "the head suffices";
  }
  for (const char* type :
       {"application/json", "application/json; charset=UTF-8", "text/html;charset=\"utf-8\"",
        "application/json; x=\"; charset=latin1\"", "nonsense", "",
        "application/json;charset=utf8"}) {
    auto utf8 = request();
    EXPECT_EQ(ask(utf8.field("Content-Type", type).body("{}")), "next") << type;
  }
}

TEST_F(SchemaFilterTest, TheBodyIsJsonWhateverItsContentTypeSays) {
  body_schema(R"({"required":["a"]})");
  bench_.make(make_schema);
  auto form = request();
  EXPECT_EQ(ask(form.field("Content-Type", "application/x-www-form-urlencoded").body("a=1")),
            "invalid_input");
}

TEST_F(SchemaFilterTest, ABodyThatWasHeldBeforeIsJudgedAtOnce) {
  body_schema(R"({"required":["a"]})");
  bench_.make(make_schema);
  json::Parser parser;
  json::HeldBody held(parser, 64);
  held.append("{}");
  auto second = request();
  second.exchange.body = &held;
  EXPECT_EQ(ask(second), "validation_failed");
  EXPECT_FALSE(second.was_held);
}

// ------------------------------------------------------------------------------------ parameters

TEST_F(SchemaFilterTest, ParametersComeBeforeTheBodyAndPathBeforeQuery) {
  const Node& document = bench_.document(R"({
    "q": {"name": "q", "schema": {"maxLength": 1, "x-error": "row"}},
    "to": {"name": "to", "required": true, "schema": {"pattern": "^\\+", "x-error": "invalid_to"}}
  })");
  operation_.json_body = operation_.body_required = true;
  parameter(Parameter::In::query, "q", *document.find("q"));
  parameter(Parameter::In::path, "to", *document.find("to"));
  bench_.make(make_schema);
  const auto asked = [this](const char* to, const char* query, const char* body) {
    auto to_ask = request();
    return ask(to_ask.path_value("list").path_value(to).query(query).body(body));
  };
  EXPECT_EQ(asked("1", "q=xx", ""), "invalid_to");
  EXPECT_EQ(asked("+1", "q=xx", ""), "row");
  EXPECT_EQ(asked("+1", "q=x", ""), "invalid_input");
  EXPECT_EQ(asked("+1", "q=x", "{}"), "next");
}

TEST_F(SchemaFilterTest, QueryValuesAreDecoded) {
  const Node& node = bench_.document(
      R"({"required":true,"schema":{"pattern":"^\\+1 2$","x-error":"row"},"x-error":{"required":"missing_to"}})");
  parameter(Parameter::In::query, "a b", node);
  bench_.make(make_schema);
  EXPECT_EQ(ask_query("a%20b=%2B1%202"), "next");
  EXPECT_EQ(ask_query("a%20b=+1%202"), "next") << "a plus is a plus";
  EXPECT_EQ(ask_query("x=y&a%20b=1"), "row");
  EXPECT_EQ(detail_, "a b");
  EXPECT_EQ(ask_query("a%20b"), "row") << "there, and empty";
  EXPECT_EQ(ask_query("ab=1"), "missing_to");
  EXPECT_EQ(ask_query("a%20b=%zz%2"), "row") << "broken escapes stay as they are";
}

TEST_F(SchemaFilterTest, AnOptionalParameterMayBeAbsent) {
  const Node& node = bench_.document(R"({"schema":{"minLength":1}})");
  parameter(Parameter::In::query, "q", node);
  bench_.make(make_schema);
  EXPECT_EQ(ask_query(""), "next");
  EXPECT_EQ(ask_query("q="), "validation_failed");
}

TEST_F(SchemaFilterTest, AnEmptyValueMayCountAsMissing) {
  const Node& node = bench_.document(
      R"({"required":true,"schema":{"x-empty-is-missing":true,"type":"string"},"x-error":"missing_to"})");
  parameter(Parameter::In::query, "q", node);
  bench_.make(make_schema);
  EXPECT_EQ(ask_query("q="), "missing_to");
  EXPECT_EQ(ask_query("q=&q=1"), "next");
}

TEST_F(SchemaFilterTest, ValuesAreReadAsTheDeclaredType) {
  const Node& document = bench_.document(R"({
    "page": {"schema": {"type": "integer", "minimum": 1, "x-error": "row"}},
    "active": {"schema": {"$ref": "#/flag"}},
    "flag": {"type": "boolean", "x-error": "row"},
    "text": {"schema": {"type": ["string", "number"], "maxLength": 2}},
    "loose": {"schema": {"type": "integer", "x-lenient": true}}
  })");
  for (const char* name : {"page", "active", "text", "loose"}) {
    parameter(Parameter::In::query, name, *document.find(name));
  }
  bench_.make(make_schema);
  EXPECT_EQ(ask_query("page=1"), "next");
  EXPECT_EQ(ask_query("page=1.0"), "next");
  EXPECT_EQ(ask_query("page=0"), "row");
  EXPECT_EQ(ask_query("page=one"), "row");
  EXPECT_EQ(ask_query("page=1.5"), "row");
  EXPECT_EQ(ask_query("active=true"), "next");
  EXPECT_EQ(ask_query("active=1"), "row");
  EXPECT_EQ(ask_query("text=123"), "validation_failed") << "a string where it may be one";
  EXPECT_EQ(ask_query("loose=x"), "next");
}

TEST_F(SchemaFilterTest, OneGoodValueOfARepeatedParameterSuffices) {
  const Node& node = bench_.document(R"({"schema":{"const":"a","x-error":"row"}})");
  parameter(Parameter::In::query, "q", node);
  bench_.make(make_schema);
  EXPECT_EQ(ask_query("q=b&q=a"), "next");
  EXPECT_EQ(ask_query("q=b&q=c"), "row");
}

// --------------------------------------------------------------------------------------- loading

TEST_F(SchemaFilterTest, OperationsWithNothingToJudgeDoNotNeedIt) {
  Operation& other = bench_.operation("GET", "/");
  other.has_body = true;  // not JSON
  bench_.make(make_schema);
  EXPECT_EQ(bench_.filter(other), nullptr);
  EXPECT_EQ(bench_.describe(other), "");
}

TEST_F(SchemaFilterTest, SaysWhatItEnforces) {
  const Node& document =
      bench_.document(R"({"to": {"schema": {"minLength": 1}}, "body": {"minProperties": 1}})");
  parameter(Parameter::In::path, "to", *document.find("to"));
  bench_.make(make_schema);
  EXPECT_EQ(bench_.describe(operation_), "to");
  operation_.json_body = true;
  operation_.body_schema = document.find("body");
  bench_.make(make_schema);
  EXPECT_EQ(bench_.describe(operation_), "to, optional body (1 rule)");
}

TEST_F(SchemaFilterTest, WhatDoesNotCompileIsReportedOnceWithItsPlace) {
  body_schema(
      R"({"properties":{"a":{"type":"strin"}},"x-error":{"required":"r"},"maxProperties":1})");
  Operation& second = bench_.operation("PUT", "/");
  second.json_body = true;
  second.body_schema = operation_.body_schema;
  bench_.make(make_schema, R"({"strict":true})");
  ASSERT_EQ(bench_.problems().size(), 3U);
  EXPECT_EQ(bench_.problems()[0].find("gateway.json:1:2: unknown key \"strict\""), 0U);
  EXPECT_EQ(bench_.problems()[1].find("openapi.json:1:"), 0U);
}

TEST_F(SchemaFilterTest, AnUnknownRowIsReported) {
  body_schema(R"({"required":["to"],"x-error":{"required":{"to":"mising_to"}}})");
  bench_.make(make_schema);
  ASSERT_EQ(bench_.problems().size(), 1U);
  EXPECT_EQ(bench_.problems()[0],
            "openapi.json:1:48: unknown error \"mising_to\"; did you mean \"missing_to\"?");
}

TEST_F(SchemaFilterTest, APathParameterThatIsNotDescribedIsReportedElsewhere) {
  operation_.parameters.push_back({.in = Parameter::In::path, .name = "list"});
  bench_.make(make_schema);
  EXPECT_TRUE(bench_.problems().empty());
}

TEST_F(SchemaFilterTest, AParameterThatIsAnArrayIsNotSupported) {
  const Node& node = bench_.document(R"({"schema":{"type":"array"}})");
  parameter(Parameter::In::query, "q", node);
  bench_.make(make_schema);
  ASSERT_EQ(bench_.problems().size(), 1U);
  EXPECT_NE(bench_.problems()[0].find("array"), std::string::npos);
}

}  // namespace
}  // namespace trackly::filters
