#include "filters/json_schema/pattern.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "filters/json_schema/run_pattern.h"

namespace trackly::json_schema {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  const auto compiled = Pattern::compile(pattern);
  EXPECT_TRUE(compiled.ok()) << pattern << ": " << (compiled ? "" : compiled.error().text);
  return compiled && compiled->matches(text);
}

TEST(Pattern, IsFoundAnywhereUnlessAnchored) {
  EXPECT_TRUE(matches("b", "abc"));
  EXPECT_TRUE(matches("^a", "abc"));
  EXPECT_FALSE(matches("^b", "abc"));
  EXPECT_FALSE(matches("^abc$", "abc\n")) << "$ is the end of the text";
  EXPECT_FALSE(matches("^b$", "a\nb")) << "and ^ its start";
  EXPECT_TRUE(matches("", ""));
}

TEST(Pattern, ClassesAreThoseOfEcmaScript) {
  for (const char* space :
       {" ", "\t", "\v", "\xC2\xA0", "\xE2\x80\xA8", "\xEF\xBB\xBF", "\xE3\x80\x80"}) {
    EXPECT_TRUE(matches("^\\s$", space));
    EXPECT_TRUE(matches("^[\\sx]$", space));
    EXPECT_FALSE(matches("\\S", space));
    EXPECT_FALSE(matches("[x\\S]", space));
  }
  EXPECT_TRUE(matches("^\\S$", "\xC3\xA9"));
  EXPECT_TRUE(matches("^[\\S]+$", "a\xC3\xA9!"));
  EXPECT_FALSE(matches("\\d", "\xD9\xA3")) << "only ASCII digits";
  EXPECT_FALSE(matches("\\w", "\xC3\xA9"));
  EXPECT_TRUE(matches("^\\W$", "\xC3\xA9"));
  EXPECT_FALSE(matches(".", "\n"));
  EXPECT_FALSE(matches(".", "\xE2\x80\xA8"));
  EXPECT_TRUE(matches("^.$", "\xF0\x9F\x98\x80")) << "one code point";
  EXPECT_TRUE(matches("^[^]$", "\n"));
  EXPECT_FALSE(matches("[]", "a"));
  EXPECT_TRUE(matches("^[[:]+$", "[:")) << "a bracket in a class is a bracket";
}

TEST(Pattern, EscapesAreThoseOfEcmaScript) {
  EXPECT_TRUE(matches("^\\u0041\\x42\\u{43}$", "ABC"));
  EXPECT_TRUE(matches("^\\ud83d\\ude00$", "\xF0\x9F\x98\x80"));
  EXPECT_TRUE(matches("^\\cA$", "\x01"));
  EXPECT_TRUE(matches("^[\\b]$", "\b"));
  EXPECT_TRUE(matches("^\\/\\.\\-$", "/.-"));
  EXPECT_TRUE(matches("^\\p{Letter}\\p{L}\\p{Script=Greek}$", "\xC3\xA9z\xCE\xB1"));
  EXPECT_TRUE(matches("^\\p{digit}$", "\xD9\xA3"));
  EXPECT_TRUE(matches("^\\P{Lu}$", "a"));
  EXPECT_TRUE(matches("^(?<year>[0-9]{4})$", "2025"));
  EXPECT_TRUE(matches(std::string_view("^\\0$"), std::string_view("\0", 1)));
}

TEST(Pattern, WhatEcmaScriptOrLinearTimeDoesNotAllowDoesNotCompile) {
  for (const char* pattern :
       {"(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(a)\\1", "\\k<a>", "(?i)a",         "(?P<a>b)",
        "\\a",   "\\Q",   "\\z",    "\\A",    "\\pL",   "\\u12",  "\\x1",          "\\ud83d",
        "\\c1",  "\\",    "[a",     "(",      "a**",    "\\07",   "\\p{Nonsense}", "\\u{110000}"}) {
    EXPECT_FALSE(Pattern::compile(pattern).ok()) << pattern;
  }
}

TEST(Pattern, TakesTimeInProportionToTheText) {
  const auto pattern = Pattern::compile("^(a+)+$");
  ASSERT_TRUE(pattern.ok());
  EXPECT_FALSE(pattern->matches(std::string(1'000'000, 'a') + "b"));
}

TEST(RunPattern, IsForExpressionsThatEachNextCharacterDecides) {
  for (const char* of_the_kind :
       {"^\\+[1-9][0-9]{1,14}$", "^[A-Za-z0-9_-]+$", "^\\d{4}-\\d{2}-\\d{2}", "^$", "^", "^a*b?c+$",
        "^[^,]*,$", "^\\w+@\\W*$", "^[0-9A-Fa-f]{24}$", "^[\\w.-]{1,}=", "^a{0}a$"}) {
    EXPECT_TRUE(RunPattern::compile(of_the_kind)) << of_the_kind;
  }
  for (const char* other :
       {"a",    "a$",   "^a|b",    "^(a)",     "^a*a",    "^[ab]?b*",  "^a{1,2}[a-c]",
        "^.$",  "^\\s", "^\\p{L}", "^[^a]{2}", "^[^a]?$", "^\xC3\xA9", "^[\xC3\xA9]",
        "^a??", "^a$b", "^\\b",    "^\\u0041", "^[\\s]",  "^[^]",      "^[]",
        "^a^"}) {
    EXPECT_FALSE(RunPattern::compile(other)) << other;
  }
}

TEST(RunPattern, ManyRunsAreLeftToTheEngine) {
  EXPECT_TRUE(RunPattern::compile("^abcdefghijklmnop$"));
  EXPECT_FALSE(RunPattern::compile("^abcdefghijklmnopq$"));
}

// The engine gets the same expressions in a group, which is not of the kind.
TEST(RunPattern, AgreesWithTheEngine) {
  std::mt19937 random(42);
  const auto one_of = [&random](const auto& choices) {
    return std::string(choices[random() % std::size(choices)]);
  };
  const std::string_view classes[] = {"a",      "b",     "[ab]", "[^a]",   "\\d",
                                      "[\\w-]", "[b-d]", "\\W",  "[^\\d]", "[a\\-]",
                                      "[^a-c]", "[-9]",  "\\."};
  const std::string_view quantifiers[] = {"",  "",    "",      "*",     "+",
                                          "?", "{2}", "{1,3}", "{0,2}", "{2,}"};
  const std::string_view letters[] = {"a", "b", "c", "d", "9", "-", ".", "]", "\xC3\xA9", "\n"};
  int of_the_kind = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string ecma = "^";
    for (std::size_t runs = random() % 5; runs > 0; --runs) {
      ecma += one_of(classes) + one_of(quantifiers);
    }
    if (random() % 2 == 0) ecma += "$";
    const auto pattern = RunPattern::compile(ecma);
    if (!pattern) continue;
    ++of_the_kind;
    const auto engine = Pattern::compile("(?:" + ecma + ")");
    ASSERT_TRUE(engine.ok()) << ecma;
    for (int j = 0; j < 50; ++j) {
      std::string text;
      for (std::size_t length = random() % 8; length > 0; --length) text += one_of(letters);
      ASSERT_EQ(pattern->matches(text), engine->matches(text)) << ecma << " for " << text;
    }
  }
  EXPECT_GT(of_the_kind, 500);
}

}  // namespace
}  // namespace trackly::json_schema
