#include "gateway/json/scalar.h"

#include <gtest/gtest.h>

namespace trackly::json {
namespace {

TEST(Scalar, HoldsAStringAsItIs) {
  const auto scalar = Scalar::string("a\"b\\n");
  EXPECT_TRUE(scalar.value().is_string());
  EXPECT_EQ(scalar.value().string(), "a\"b\\n");
  EXPECT_EQ(Scalar::string("").value().string(), "");
  EXPECT_EQ(Scalar::string("\xFF").value().string(), "\xFF");
}

TEST(Scalar, HoldsANumberAndABoolean) {
  EXPECT_EQ(Scalar::number("-1.50")->value().number(), "-1.50");
  EXPECT_FALSE(Scalar::number("1x"));
  EXPECT_FALSE(Scalar::number(""));
  EXPECT_TRUE(Scalar::boolean("true")->value().boolean());
  EXPECT_FALSE(Scalar::boolean("false")->value().boolean());
  EXPECT_FALSE(Scalar::boolean("TRUE"));
}

TEST(Scalar, StaysWholeWhenCopied) {
  auto copy = *Scalar::number("1");
  copy = Scalar::string("two");
  EXPECT_EQ(copy.value().string(), "two");
}

}  // namespace
}  // namespace trackly::json
