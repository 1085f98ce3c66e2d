#include "gateway/api/key_text.h"

#include <gtest/gtest.h>

#include "gateway/api/node.h"

namespace trackly {
namespace {

TEST(Keys, AreHiddenInText) {
  EXPECT_EQ(without_keys("nothing to hide"), "nothing to hide");
  EXPECT_EQ(without_keys("trk_abc1,x TRK_9"), "*,x *");
  EXPECT_EQ(without_keys("trk_"), "*");
  EXPECT_EQ(without_keys(""), "");
  EXPECT_EQ(without_keys("a_b rk_c trk-d"), "a_b rk_c trk-d");
  EXPECT_EQ(without_keys("atrk_b_trk_c"), "a*_*");
}

TEST(Keys, AreNoticed) {
  EXPECT_TRUE(has_key("trk_Active00000000000000000000000001"));
  EXPECT_TRUE(has_key("x=TrK_"));
  EXPECT_FALSE(has_key("_trk"));
  EXPECT_FALSE(has_key(""));
}

TEST(Problems, DoNotRepeatAKeyThatStandsAtTheWrongPlace) {
  Problems problems;
  problems.add({}, "unknown key \"trk_Active00000000000000000000000001\"");
  EXPECT_EQ(problems.lines().front(), "unknown key \"*\"");
}

}  // namespace
}  // namespace trackly
