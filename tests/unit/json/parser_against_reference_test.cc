#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>
#include <string>
#include <string_view>

#include "gateway/json/parser.h"
#include "tests/unit/json/reference_parser.h"

namespace trackly::json {
namespace {

constexpr std::size_t kDepth = 6;

// Random texts that are JSON, most of the time.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return random_() % limit; }

  std::string value(std::size_t depth) {
    switch (below(depth == 0 ? 4 : 6)) {
      case 0:
        return pick({"true", "false", "null"});
      case 1:
        return number();
      case 2:
      case 3:
        return string();
      case 4:
        return container('[', ']', depth, [this, depth] { return value(depth - 1); });
      default:
        return container('{', '}', depth,
                         [this, depth] { return string() + space() + ":" + value(depth - 1); });
    }
  }

  std::string mutated(std::string text) {
    static constexpr std::string_view kBytes =
        "{}[]:,\"\\ \n\t\f0123456789.eE+-truefalsnu\0\x1A/\x80\xC3\xED\xF0\xEF\xBB\xBF";
    for (std::size_t count = below(4); count > 0 && !text.empty(); --count) {
      const std::size_t at = below(text.size());
      const char byte = kBytes[below(kBytes.size())];
      switch (below(4)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        case 2:
          text.erase(at, 1 + below(3));
          break;
        default:
          text.insert(at, text.substr(below(text.size()), below(20)));
      }
    }
    return text;
  }

 private:
  std::string pick(std::initializer_list<std::string_view> choices) {
    return std::string(choices.begin()[below(choices.size())]);
  }

  std::string space() {
    std::string out;
    while (below(4) == 0) out += pick({" ", "\n", "\t", "\r", "        "});
    return out;
  }

  std::string number() {
    return pick({"0", "-0", "1", "12", "-3.25", "1e5", "1E-400", "1e400", "18446744073709551616",
                 "0.1", "01", "1.", "-", "1e", "123456789012345678901234567890.5e+7"});
  }

  std::string string() {
    std::string out = "\"";
    while (below(5) != 0) {
      out += pick({"a",
                   "b",
                   "to",
                   "name",
                   "\\n",
                   "\\\"",
                   "\\\\",
                   "\\/",
                   "\\u0061",
                   "\\ud83d\\ude00",
                   "\\ud83d",
                   "\\udc00",
                   "\\x",
                   "\xC3\xA9",
                   "\xF0\x9F\x98\x80",
                   " ",
                   ",",
                   "{",
                   "]",
                   ":",
                   "a long run of plain text that spans more than one block of the index ..."});
    }
    return out + "\"";
  }

  template <class Element>
  std::string container(char open, char close, std::size_t depth, Element element) {
    std::string out(1, open);
    for (std::size_t count = below(depth == 5 ? 40 : 5); count > 0; --count) {
      out += space() + element() + space();
      if (count > 1) out += ',';
    }
    return out + close;
  }

  std::mt19937 random_;
};

class OnProcessor : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    before_ = simdjson::get_active_implementation();
    const auto* implementation = simdjson::get_available_implementations()[GetParam()];
    if (!implementation->supported_by_runtime_system()) GTEST_SKIP() << "not this processor";
    simdjson::get_active_implementation() = implementation;
  }
  void TearDown() override { simdjson::get_active_implementation() = before_; }

 private:
  const simdjson::implementation* before_ = nullptr;
};

TEST_P(OnProcessor, RandomTextsAreReadAsTheReferenceReadsThem) {
  Generator generator(20250314);
  std::size_t accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = generator.mutated(generator.value(i % 7));
    const auto expected = reference_normal_form(text, kDepth);
    Parser parser;  // a new one has no memory to spare, so that AddressSanitizer sees every byte
    const auto actual = parser.parse(text, kDepth, Root::any);
    ASSERT_EQ(actual.ok(), expected.has_value()) << text;
    if (!expected) continue;
    ++accepted;
    ASSERT_EQ(normal_form(*actual), *expected) << text;
  }
  EXPECT_GT(accepted, 2000U);
  EXPECT_LT(accepted, 18000U);
}

std::vector<std::string> implementations() {
  std::vector<std::string> names;
  for (const auto* implementation : simdjson::get_available_implementations()) {
    names.push_back(implementation->name());
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Parser, OnProcessor, testing::ValuesIn(implementations()),
                         [](const auto& test) { return test.param; });

TEST(ParserAgainstSimdjson, WhatItsDomAcceptsIsAcceptedUnlessAmbiguous) {
  Generator generator(7);
  Parser parser;
  simdjson::dom::parser dom;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = generator.mutated(generator.value(i % 5));
    const bool dom_accepts = dom.parse(text).error() == simdjson::SUCCESS;
    const auto actual = parser.parse(text, kMaxDepth, Root::any);
    if (actual.ok()) continue;
    const ParseFault fault = actual.error().fault;
    const bool stricter = fault == ParseFault::duplicate_name ||
                          fault == ParseFault::lone_surrogate ||
                          fault == ParseFault::byte_order_mark;
    ASSERT_TRUE(stricter || !dom_accepts) << to_string(fault) << ": " << text;
  }
}

}  // namespace
}  // namespace trackly::json
