#include "filters/json_schema/pattern.h"

#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace trackly::json_schema
