#include "gateway/json/parser.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

namespace trackly::json {
namespace {

constexpr std::size_t kDepth = 8;

using namespace std::string_view_literals;

// "" for a text that parses, else the fault.
std::string_view fault_of(std::string_view text, Root root = Root::object) {
  Parser parser;
  const auto result = parser.parse(text, kDepth, root);
  return result ? std::string_view() : to_string(result.error().fault);
}

std::string nested(std::string_view open, std::string_view close, std::size_t levels) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += open;
  for (std::size_t i = 0; i < levels; ++i) text += close;
  return text;
}

struct Ambiguity {
  std::string_view situation;
  std::string_view text;
  ParseFault fault;
};

class AmbiguousText : public testing::TestWithParam<Ambiguity> {};

TEST_P(AmbiguousText, IsRefused) {
  EXPECT_EQ(fault_of(GetParam().text), to_string(GetParam().fault)) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Parser, AmbiguousText,
    testing::Values(
        Ambiguity{"NoByte", "", ParseFault::empty},
        Ambiguity{"OnlyWhiteSpace", " \r\n\t ", ParseFault::empty},
        Ambiguity{"ByteOrderMark", "\xEF\xBB\xBF{}", ParseFault::byte_order_mark},
        Ambiguity{"Utf16", "\xFF\xFE{\0}\0"sv, ParseFault::invalid_utf8},
        Ambiguity{"OverlongUtf8", "{\"a\":\"\xC0\xAF\"}", ParseFault::invalid_utf8},
        Ambiguity{"SurrogateInUtf8", "{\"a\":\"\xED\xA0\x80\"}", ParseFault::invalid_utf8},
        Ambiguity{"Utf8BeyondUnicode", "{\"a\":\"\xF4\x90\x80\x80\"}", ParseFault::invalid_utf8},
        Ambiguity{"TruncatedUtf8AtTheEnd", "{}\xC3", ParseFault::invalid_utf8},
        Ambiguity{"HighSurrogateAlone", R"({"a":"\uD83D"})", ParseFault::lone_surrogate},
        Ambiguity{"HighSurrogateThenText", R"({"a":"\uD83Dxxxxxx"})", ParseFault::lone_surrogate},
        Ambiguity{"HighSurrogateTwice", R"({"a":"\uD83D\uD83D"})", ParseFault::lone_surrogate},
        Ambiguity{"LowSurrogateAlone", R"({"a":"\uDE00"})", ParseFault::lone_surrogate},
        Ambiguity{"SurrogatesInWrongOrder", R"({"a":"\uDE00\uD83D"})", ParseFault::lone_surrogate},
        Ambiguity{"LoneSurrogateInAName", R"({"\uD83D":1})", ParseFault::lone_surrogate},
        Ambiguity{"NameTwice", R"({"a":1,"a":1})", ParseFault::duplicate_name},
        Ambiguity{"NameTwiceApart", R"({"a":1,"b":{"a":1},"a":2})", ParseFault::duplicate_name},
        Ambiguity{"NameTwiceByEscape", R"({"to":1,"\u0074o":2})", ParseFault::duplicate_name},
        Ambiguity{"NameTwiceByTwoEscapes", R"({"\/":1,"\u002F":2})", ParseFault::duplicate_name},
        Ambiguity{"EmptyNameTwice", R"({"":1,"":2})", ParseFault::duplicate_name},
        Ambiguity{"NameTwiceInside", R"({"x":[{"a":1,"a":1}]})", ParseFault::duplicate_name},
        Ambiguity{"LongNameTwice", R"({"abcdefghijklmnop":1,"abcdefghijklmnop":2})",
                  ParseFault::duplicate_name},
        Ambiguity{"SecondValue", "{}{}", ParseFault::trailing_bytes},
        Ambiguity{"CommaAfterTheValue", "{},", ParseFault::trailing_bytes},
        Ambiguity{"NulAfterTheValue", "{}\0"sv, ParseFault::trailing_bytes},
        Ambiguity{"CommentAfterTheValue", "{}//", ParseFault::trailing_bytes},
        Ambiguity{"TooDeep", R"({"a":[[[[[[[[1]]]]]]]]})", ParseFault::too_deep},
        Ambiguity{"ArrayAsRoot", "[]", ParseFault::root_not_object},
        Ambiguity{"StringAsRoot", R"("{}")", ParseFault::root_not_object},
        Ambiguity{"NullAsRoot", "null", ParseFault::root_not_object}),
    [](const auto& test) { return std::string(test.param.situation); });

class BrokenText : public testing::TestWithParam<std::string_view> {};

TEST_P(BrokenText, IsRefused) { EXPECT_NE(fault_of(GetParam(), Root::any), ""); }

INSTANTIATE_TEST_SUITE_P(Parser, BrokenText,
                         testing::Values("{", "}", "[", "]", "{]", "[}", "{\"a\"}", "{\"a\":}",
                                         "{\"a\" 1}", "{\"a\":1,}", "{,}", "[,]", "[1,]", "[1 2]",
                                         "[1,,2]", "{\"a\":1 \"b\":2}", "{1:2}", "{a:1}", "{'a':1}",
                                         "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"",
                                         "\"\\u12G4\"", "\"\\", "\"a\nb\"", "\"\x01\"", "\"\0\""sv,
                                         "\"a\"b", "\"a\"\"b\"", "1\"a\"", "tru", "truE", "true1",
                                         "nullnull", "True", "NaN", "Infinity", "undefined", "+1",
                                         "01", "-", "-01", ".5", "1.", "1.e1", "1e", "1e+", "0x10",
                                         "1_000", "--1", "1 2", "1/**/", "/**/1", "#", "\\u0022a\"",
                                         "[1\f]", "[\v1]",
                                         "\xC2\xA0"
                                         "1",
                                         "[1\xE2\x80\xA8]", "\x1A",
                                         "{\"a\"\x1A"
                                         "1}",
                                         "[1\x0C"
                                         "2]",
                                         "\\"));

class NumberOfAnySize : public testing::TestWithParam<std::string_view> {};

TEST_P(NumberOfAnySize, IsKeptAsWritten) {
  Parser parser;
  const auto root = parser.parse(GetParam(), kDepth, Root::any);
  ASSERT_TRUE(root.ok());
  ASSERT_TRUE(root->is_number());
  EXPECT_EQ(root->number(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Parser, NumberOfAnySize,
    testing::Values("0", "-0", "-0.0", "1", "18446744073709551615", "18446744073709551616",
                    "-9223372036854775809", "123456789012345678901234567890", "1e400", "-1E+400",
                    "1e-400", "1e99999999999999999999", "0e0", "1.0",
                    "0.1000000000000000055511151231257827021181583404541015625",
                    "3.14159265358979323846264338327950288419716939937510"));

TEST(Parser, AcceptsWhatIsOddButUnambiguous) {
  for (const auto text :
       {" {} "sv, "\n{\t}\r\n"sv, R"({"":""})"sv, R"({"a":"\u0000"})"sv, R"({"\u0000":1})"sv,
        R"({"a":1,"A":2})"sv, R"({"a":"\uD83D\uDE00"})"sv, "{\"\xF0\x9F\x98\x80\":\"\x7F\"}"sv,
        R"({"a":"\uFFFF\uFFFE"})"sv, R"({"a":{"a":{"a":1}}})"sv, R"([{"a":1},{"a":1}])"sv}) {
    EXPECT_EQ(fault_of(text, Root::any), "") << text;
  }
}

TEST(Parser, ReadsEveryKindOfValue) {
  Parser parser;
  const auto root = parser.parse(
      R"( {"s":"x\ny", "n":-1.50e2 , "t":true,"f":false,"z":null,"a":[1,[2,3],{}],"o":{"k":"v"}} )",
      kDepth, Root::object);
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->size(), 7U);
  EXPECT_EQ(root->find("s")->string(), "x\ny");
  EXPECT_EQ(root->find("s")->bytes(), R"("x\ny")");
  EXPECT_EQ(root->find("n")->number(), "-1.50e2");
  EXPECT_TRUE(root->find("t")->boolean());
  EXPECT_FALSE(root->find("f")->boolean());
  EXPECT_TRUE(root->find("z")->is_null());
  EXPECT_EQ(root->find("a")->size(), 3U);
  EXPECT_EQ(root->find("a")->bytes(), "[1,[2,3],{}]");
  EXPECT_EQ(root->find("o")->find("k")->string(), "v");
  EXPECT_FALSE(root->find("absent").has_value());

  std::string kinds;
  for (const Value item : root->find("a")->items()) kinds += item.is_number() ? 'n' : 'c';
  EXPECT_EQ(kinds, "ncc");
  std::string names;
  for (const auto& [name, value] : root->members()) names += name.string();
  EXPECT_EQ(names, "sntfzao");
}

TEST(Parser, TellsContainersApartFromWhatFollowsThem) {
  Parser parser;
  const auto root = parser.parse(R"([[],{},[[]],{"a":{}},1])", kDepth, Root::any);
  ASSERT_TRUE(root.ok());
  std::vector<std::string_view> items;
  for (const Value item : root->items()) items.push_back(item.bytes());
  EXPECT_EQ(items, (std::vector<std::string_view>{"[]", "{}", "[[]]", R"({"a":{}})", "1"}));
}

TEST(Parser, UnescapesEveryEscape) {
  Parser parser;
  const auto root = parser.parse(R"(["\"\\\/\b\f\n\r\t","\u0041\u00e9\u20AC\ud83d\ude00","plain"])",
                                 kDepth, Root::any);
  ASSERT_TRUE(root.ok());
  std::vector<std::string_view> strings;
  for (const Value item : root->items()) strings.push_back(item.string());
  EXPECT_EQ(strings, (std::vector<std::string_view>{
                         "\"\\/\b\f\n\r\t", "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "plain"}));
}

TEST(Parser, AllowsNestingUpToTheLimitAndNotBeyond) {
  EXPECT_EQ(fault_of(nested("[", "]", kDepth), Root::any), "");
  EXPECT_EQ(fault_of(nested("[", "]", kDepth + 1), Root::any), to_string(ParseFault::too_deep));
  EXPECT_EQ(fault_of(nested("{\"a\":[", "]}", kDepth / 2)), "");
  EXPECT_EQ(fault_of(std::string(1'000'000, '['), Root::any), to_string(ParseFault::too_deep));
}

TEST(Parser, FindsADuplicateAmongManyNames) {
  std::string text = "{";
  for (int i = 0; i < 5000; ++i) text += "\"name" + std::to_string(i) + "\":0,";
  EXPECT_EQ(fault_of(text + "\"other\":0}"), "");
  EXPECT_EQ(fault_of(text + "\"name4321\":0}"), to_string(ParseFault::duplicate_name));
  EXPECT_EQ(fault_of(text + R"("\u006eame17":0})"), to_string(ParseFault::duplicate_name));
}

TEST(Parser, FindsADuplicateAmongNamesThatLookAlike) {
  std::string text = "{";
  for (char c = 'a'; c <= 'w'; ++c) text += std::string("\"n") + c + "e\":{\"nae\":[0,{}]},";
  EXPECT_EQ(fault_of(text + R"("nxe":0})"), "");
  EXPECT_EQ(fault_of(text + R"("nxe":0,"nye":0})"), "");
  for (const char* again :
       {R"("nae":0})", R"("nwe":0})", R"("n\u0067e":0})", R"("nxe":0,"nae":0})"}) {
    EXPECT_EQ(fault_of(text + again), to_string(ParseFault::duplicate_name)) << again;
  }
}

TEST(Parser, SaysWhereTheFaultIs) {
  Parser parser;
  const auto result = parser.parse("{\"a\": 01}", kDepth, Root::object);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().offset, 6U);
}

TEST(Parser, ReadsNothingBehindTheEndOfTheText) {
  // For AddressSanitizer: texts of every length around a block of the index, in exact memory.
  Parser parser;
  for (std::size_t size = 2; size < 200; ++size) {
    std::vector<char> text(size, 'x');
    text.front() = text.back() = '"';
    EXPECT_TRUE(parser.parse({text.data(), text.size()}, kDepth, Root::any).ok());
    text.back() = 'x';
    EXPECT_FALSE(parser.parse({text.data(), text.size()}, kDepth, Root::any).ok());
  }
}

TEST(Parser, GivesItsMemoryBackAfterALargeText) {
  Parser parser;
  ASSERT_TRUE(parser.parse(R"({"a":1})", kDepth, Root::object).ok());
  const std::size_t small = parser.memory();
  parser.release();
  EXPECT_EQ(parser.memory(), small) << "small texts would allocate again and again";

  std::string text = "[0";
  while (text.size() < (5U << 20)) text += ",0";
  text += "]";
  ASSERT_TRUE(parser.parse(text, kDepth, Root::any).ok());
  EXPECT_LT(parser.memory(), 17 * text.size()) << "address space; only what is written is resident";
  parser.release();
  EXPECT_LT(parser.memory(), 1U << 20);
  EXPECT_TRUE(parser.parse(R"({"a":1})", kDepth, Root::object).ok());
}

}  // namespace
}  // namespace trackly::json
