#include "config/core_schema.h"

#include <gtest/gtest.h>

namespace trackly::config {
namespace {

std::string number(std::string_view plain) {
  const auto node = typed(plain);
  return node && node->is_number() ? node->text : "no number";
}

TEST(Numbers, KeepEveryDigit) {
  EXPECT_EQ(number("123456789012345678901234567890.000000000000000000001"),
            "123456789012345678901234567890.000000000000000000001");
  EXPECT_EQ(number("1.50"), "1.50");
  EXPECT_EQ(number("1e400"), "1e400");
}

TEST(Numbers, LoseWhatJsonLacks) {
  EXPECT_EQ(number("+1"), "1");
  EXPECT_EQ(number("007"), "7");
  EXPECT_EQ(number("-000"), "-0");
  EXPECT_EQ(number(".5"), "0.5");
  EXPECT_EQ(number("-.5E+3"), "-0.5e+3");
  EXPECT_EQ(number("5."), "5");
  EXPECT_EQ(number("5.e1"), "5e1");
}

TEST(Numbers, OfOtherBasesBecomeDecimal) {
  EXPECT_EQ(number("0o17"), "15");
  EXPECT_EQ(number("0xfF"), "255");
  EXPECT_EQ(number("0xffffffffffffffff"), "18446744073709551615");
  EXPECT_FALSE(typed("0x10000000000000000").ok());
}

TEST(Strings, ThatOnlyLookLikeNumbers) {
  for (const std::string_view text :
       {"1_0", "0b1", "0o8", "0xg", "0x", "-0x1", "1e", "1e+", "e1", ".", "-", "+", "--1", "1.2.3",
        "1 2", "0X1", "inf", "nan", ".infinity"}) {
    EXPECT_TRUE(typed(text)->is_string()) << text;
  }
}

TEST(Strings, ThatYaml11TookForBooleans) {
  for (const std::string_view text : {"yes", "no", "on", "off", "y", "n", "Yes", "OFF", "tRue"}) {
    EXPECT_TRUE(typed(text)->is_string()) << text;
  }
}

}  // namespace
}  // namespace trackly::config
