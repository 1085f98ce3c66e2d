#include <gtest/gtest.h>

#include <string>

#include "tests/unit/filters/schema_judge.h"

namespace trackly::json_schema {
namespace {

// --------------------------------------------------------------------------------- x-placeholders

class PlaceholdersTest : public testing::Test {
 protected:
  /// The names without an item.
  std::string missing(std::string_view instance) { return judge_.found_values(instance); }

  Judge judge_{R"({
    "x-placeholders": {"text": "/message", "pattern": "\\{\\{(link[0-9]+)\\}\\}",
                       "list": "/offer_links", "key": "key"},
    "x-error": {"x-placeholders": "row"}
  })"};
};

TEST_F(PlaceholdersTest, EachNameHasItsItem) {
  EXPECT_EQ(judge_(R"({"message":"a {{link1}} b {{link2}}",
                       "offer_links":[{"key":"link2"},{"key":"link1"},{"key":"link9"}]})"),
            "valid");
  EXPECT_EQ(judge_(R"({"message":"nothing {{link}} {{name}}","offer_links":[]})"), "valid");
}

TEST_F(PlaceholdersTest, MissingOnesAreListedOnceInOrderOfAppearance) {
  const char* body = R"({"message":"{{link3}}{{link1}}{{link2}}{{link3}} {{link10}}",
                         "offer_links":[{"key":"link1"}]})";
  EXPECT_EQ(judge_(body), " x-placeholders");
  EXPECT_EQ(judge_.row(body), "row");
  EXPECT_EQ(missing(body), "link3, link2, link10");
}

TEST_F(PlaceholdersTest, OnlyTextsAreKeys) {
  EXPECT_EQ(missing(R"({"message":"{{link1}}{{link2}}",
                        "offer_links":["link1",null,{"key":1},{"Key":"link1"},{"key":"link2"}]})"),
            "link1");
}

TEST_F(PlaceholdersTest, NamesAndKeysAreComparedUnescaped) {
  EXPECT_EQ(judge_(R"({"message":"\u007b{link1}}","offer_links":[{"\u006bey":"lin\u006b1"}]})"),
            "valid");
}

TEST_F(PlaceholdersTest, WhereEitherHalfIsNotThereNothingIsJudged) {
  for (const char* instance :
       {R"({"message":"{{link1}}"})", R"({"message":"{{link1}}","offer_links":null})",
        R"({"message":"{{link1}}","offer_links":{"key":"link2"}})", R"({"offer_links":[]})",
        R"({"message":["{{link1}}"],"offer_links":[]})", R"("{{link1}}")", "[]"}) {
    EXPECT_EQ(judge_(instance), "valid") << instance;
  }
}

TEST_F(PlaceholdersTest, ManyNamesAndItemsTakeTimeInProportion) {
  std::string text, items;
  for (int i = 0; i < 100'000; ++i) {
    const std::string name = "link" + std::to_string(i);
    text += "{{" + name + "}}";
    items += (i == 0 ? "{\"key\":\"" : ",{\"key\":\"") + name + "\"}";
  }
  const std::string whole = R"({"message":")" + text + R"(","offer_links":[)" + items;
  EXPECT_EQ(judge_(whole + "]}"), "valid");
  const std::string half = whole.substr(0, whole.size() - items.size() / 2);
  const std::string names = missing(half.substr(0, half.rfind(',')) + "]}");
  EXPECT_LT(names.size(), 70'000U) << "an answer is not as long as the request";
  EXPECT_TRUE(names.starts_with("link5"));
}

TEST(Placeholders, LeadAnywhereBelowTheObject) {
  Judge judge(R"({"properties":{"creative":{"x-placeholders":
      {"text":"/parts/1/text","pattern":"<[a-z]>","list":"/links","key":"name"}}}})");
  EXPECT_EQ(judge(R"({"creative":{"parts":[0,{"text":"<a> <b>"}],
                                  "links":[{"name":"<a>"},{"name":"<b>"}]}})"),
            "valid");
  const char* bad = R"({"creative":{"parts":[0,{"text":"<a> <b>"}],"links":[{"name":"a"}]}})";
  EXPECT_EQ(judge(bad), "/creative x-placeholders");
  EXPECT_EQ(judge.found_values(bad), "<a>, <b>") << "without a group the match is the name";
}

TEST(Placeholders, AGroupThatHasNoPartInTheMatchLeavesTheMatch) {
  Judge judge(
      R"-({"x-placeholders":{"text":"/t","pattern":"%(?:([a-z]+)%|[0-9])","list":"/l","key":"k"}})-");
  EXPECT_EQ(judge.found_values(R"({"t":"%ab% %7","l":[]})"), "ab, %7");
}

TEST(Placeholders, MatchesOfNothingAreNoNames) {
  Judge judge(R"({"x-placeholders":{"text":"/t","pattern":"x*","list":"/l","key":"k"}})");
  EXPECT_EQ(judge.found_values(R"({"t":"a\u00e9xxb","l":[]})"), "xx");
  EXPECT_EQ(judge(R"({"t":"","l":[]})"), "valid");
}

TEST(Placeholders, LeaveNothingBehindWhereTheyAreOnlyTried) {
  Judge judge(R"({"anyOf":[{"x-placeholders":{"text":"/t","pattern":"x","list":"/l","key":"k"}},
                           {"required":["a"]}],"maxProperties":2})");
  EXPECT_EQ(judge.found_values(R"({"t":"x","l":[],"a":1})"), "");
  EXPECT_EQ(judge(R"({"t":"x","l":[],"a":1})"), " maxProperties");
}

// ------------------------------------------------------------------------------------------ x-sum

class SumTest : public testing::Test {
 protected:
  Judge judge_{R"({"x-sum":{"of":["percent_audience","percent"],
                            "minimum":99.99,"maximum":100.01}})"};
};

TEST_F(SumTest, IsExact) {
  EXPECT_EQ(judge_(R"([{"percent":33.33},{"percent":33.33},{"percent":33.33}])"), "valid");
  EXPECT_EQ(judge_(R"([{"percent":99.99}])"), "valid");
  EXPECT_EQ(judge_(R"([{"percent":1.0001e2},{"percent":0e9}])"), "valid");
  EXPECT_EQ(judge_(R"([{"percent":33.33},{"percent":33.33},{"percent":33.329999999999999999}])"),
            " x-sum");
  EXPECT_EQ(judge_(R"([{"percent":100},{"percent":0.010000000000000000000000000001}])"), " x-sum");
}

TEST_F(SumTest, TakesTheFirstPropertyThatIsThereAndNotNull) {
  EXPECT_EQ(
      judge_(R"([{"percent":7,"percent_audience":60},{"percent_audience":null,"percent":40}])"),
      "valid");
  EXPECT_EQ(judge_(R"([{"percent":60,"percent_audience":0},{"percent":40}])"), " x-sum");
}

TEST_F(SumTest, AnItemWithoutOneCountsNothing) {
  EXPECT_EQ(judge_(R"([{"percent":100},{},{"percent":null},{"other":50}])"), "valid");
  EXPECT_EQ(judge_("[{}]"), " x-sum");
  EXPECT_EQ(judge_("[]"), " x-sum");
}

TEST_F(SumTest, WhatCannotBeAddedIsNotJudgedHere) {
  for (const char* instance : {R"([{"percent":"50"}])", R"([{"percent":true},{"percent":1}])",
                               R"([5])", R"([{"percent":500},[]])", "{}", "\"x\"", "0"}) {
    EXPECT_EQ(judge_(instance), "valid") << instance;
  }
}

TEST_F(SumTest, SharesOfTheOtherSignAreTakenOff) {
  EXPECT_EQ(judge_(R"([{"percent":150.5},{"percent":-50.5}])"), "valid");
  EXPECT_EQ(judge_(R"([{"percent":-0.5},{"percent":-99.5}])"), " x-sum");
  EXPECT_EQ(judge_(R"([{"percent":-0.25},{"percent":100.25},{"percent":-0.0}])"), "valid");
}

TEST_F(SumTest, NumbersOfAnySizeAreAdded) {
  EXPECT_EQ(judge_(R"([{"percent":1e400}])"), " x-sum");
  EXPECT_EQ(judge_(R"([{"percent":100},{"percent":1e-400}])"), "valid");
  EXPECT_EQ(judge_(R"([{"percent":123456789012345678901234567890},
                       {"percent":-123456789012345678901234567790}])"),
            "valid");
}

TEST(Sum, OneBoundSuffices) {
  Judge at_least(R"({"x-sum":{"of":["n"],"minimum":-1.5}})");
  EXPECT_TRUE(at_least.accepts(R"([{"n":-1.5}])"));
  EXPECT_TRUE(at_least.accepts(R"([{"n":1e400}])"));
  EXPECT_FALSE(at_least.accepts(R"([{"n":-1.51}])"));
  Judge at_most(R"({"x-sum":{"of":["n"],"maximum":10},"x-error":"row"})");
  EXPECT_TRUE(at_most.accepts("[]"));
  EXPECT_EQ(at_most.row(R"([{"n":10.1}])"), "row");
}

}  // namespace
}  // namespace trackly::json_schema
