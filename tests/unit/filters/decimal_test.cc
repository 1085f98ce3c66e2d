#include "filters/json_schema/decimal.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace trackly::json_schema {
namespace {

std::string normal_form(std::string_view text) {
  std::string out;
  Decimal(text).append_normal_form(out);
  return out;
}

TEST(Decimal, EqualNumbersAreEqualHoweverTheyAreWritten) {
  const char* groups[][4] = {{"0", "-0", "0.000", "0e9"},
                             {"1", "1.0", "10e-1", "0.1E+1"},
                             {"-120", "-1.2e2", "-0.12e3", "-120.00"},
                             {"1e400", "10e399", "0.001e403", "1.0e400"}};
  for (const auto& group : groups) {
    for (const char* text : group) {
      EXPECT_EQ(Decimal(text), Decimal(group[0])) << text;
      EXPECT_EQ(normal_form(text), normal_form(group[0])) << text;
    }
  }
}

TEST(Decimal, NumbersAreOrderedByValue) {
  const char* rising[] = {"-1e400",
                          "-2",
                          "-1.5",
                          "-1",
                          "-1e-400",
                          "0",
                          "1e-400",
                          "0.09",
                          "0.1",
                          "0.10000000000000000000000001",
                          "1",
                          "9",
                          "10",
                          "10.01",
                          "18446744073709551615",
                          "18446744073709551616",
                          "1e99999999999999999999"};
  for (const char* const* a = rising; a != std::end(rising); ++a) {
    for (const char* const* b = rising; b != std::end(rising); ++b) {
      EXPECT_EQ(Decimal(*a) <=> Decimal(*b), a <=> b) << *a << " and " << *b;
    }
  }
}

TEST(Decimal, IntegersAreRecognisedByValue) {
  for (const char* text : {"0", "1", "-3.0", "1.5e1", "1e400", "120e-1"}) {
    EXPECT_TRUE(Decimal(text).is_integer()) << text;
  }
  for (const char* text : {"0.5", "1e-1", "125e-1", "1e-400"}) {
    EXPECT_FALSE(Decimal(text).is_integer()) << text;
  }
}

TEST(Decimal, MultiplesAreExact) {
  const auto multiple = [](const char* value, const char* divisor) {
    return Decimal(value).is_multiple_of(Decimal(divisor));
  };
  EXPECT_TRUE(multiple("4.35", "0.01"));
  EXPECT_TRUE(multiple("1e308", "0.5"));
  EXPECT_TRUE(multiple("9007199254740993", "3"));
  EXPECT_FALSE(multiple("9007199254740992", "3"));
  EXPECT_TRUE(multiple("0", "7"));
  EXPECT_TRUE(multiple("100", "2.5"));
  EXPECT_FALSE(multiple("1", "2.5"));
  EXPECT_TRUE(multiple("1e17", "1e17"));
  EXPECT_FALSE(multiple("1e16", "1e17"));
  EXPECT_TRUE(multiple("9999999999999999999e5", "9999999999999999999"));
}

TEST(Decimal, SmallNumbersBehaveAsIntegersDo) {
  std::mt19937 random(11);
  const auto scaled = [](int value) {
    const std::string digits = std::to_string(std::abs(value) + 1000);
    return std::string(value < 0 ? "-" : "") + "0." + digits.substr(1);
  };
  for (int i = 0; i < 2000; ++i) {
    const int a = static_cast<int>(random() % 1999) - 999;
    const int b = static_cast<int>(random() % 999) + 1;
    EXPECT_EQ(Decimal(scaled(a)) <=> Decimal(scaled(b)), a <=> b);
    EXPECT_EQ(Decimal(scaled(a)).is_multiple_of(Decimal(scaled(b))), a % b == 0) << a << " " << b;
  }
}

TEST(Decimal, CountsAreWholeAndNotNegative) {
  EXPECT_EQ(Decimal("1600").to_count(), 1600U);
  EXPECT_EQ(Decimal("1.6e3").to_count(), 1600U);
  EXPECT_EQ(Decimal("0").to_count(), 0U);
  EXPECT_EQ(Decimal("-0").to_count(), 0U);
  EXPECT_EQ(Decimal("1e400").to_count(), UINT64_MAX);
  EXPECT_EQ(Decimal("-1").to_count(), std::nullopt);
  EXPECT_EQ(Decimal("0.5").to_count(), std::nullopt);
}

}  // namespace
}  // namespace trackly::json_schema
