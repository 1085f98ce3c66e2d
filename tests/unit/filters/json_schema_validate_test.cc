#include <gtest/gtest.h>

#include "filters/json_schema/validate.h"
#include "gateway/json/read_node.h"

namespace trackly::json_schema {
namespace {

Validation run(std::string_view schema, std::string_view instance) {
  Problems problems;
  const Node node = json::read_node(schema, "s.json", problems);
  Validation result = validate(node, instance, problems);
  EXPECT_EQ(result.compiled, problems.empty());
  return result;
}

TEST(Validate, AnyValueMayBeTheRoot) {
  for (const char* instance : {"1", "\"x\"", "null", "[1]", "{}"}) {
    const auto result = run("{}", instance);
    EXPECT_TRUE(result.compiled);
    EXPECT_FALSE(result.invalid) << instance;
  }
}

TEST(Validate, NamesPlaceAndKeywordOfTheFirstViolation) {
  const auto result = run(R"({"items":{"required":["to"]}})", R"([{"to":1},{}])");
  ASSERT_TRUE(result.invalid);
  EXPECT_EQ(result.invalid->pointer, "/1/to");
  EXPECT_EQ(result.invalid->keyword, "required");
}

TEST(Validate, SaysWhatMakesAnInstanceNoJson) {
  const auto result = run("{}", R"({"a":1,"a":2})");
  ASSERT_TRUE(result.invalid);
  EXPECT_EQ(result.invalid->keyword, "");
  EXPECT_EQ(result.invalid->fault, "duplicate member name");
}

TEST(Validate, JudgesNothingByASchemaThatDoesNotCompile) {
  EXPECT_FALSE(run(R"({"type":"x"})", "1").compiled);
}

TEST(Validate, IsStrictUnlessTheSchemaSaysOtherwise) {
  EXPECT_TRUE(run(R"({"properties":{"a":{"type":"string"}}})", R"({"a":null})").invalid);
  EXPECT_FALSE(
      run(R"({"x-lenient":true,"properties":{"a":{"type":"string"}}})", R"({"a":null})").invalid);
}

TEST(Validate, TakesAnyRowForGranted) {
  EXPECT_TRUE(run(R"({"x-lenient":true,"type":"string","x-error":"any.id"})", "1").invalid);
}

}  // namespace
}  // namespace trackly::json_schema
