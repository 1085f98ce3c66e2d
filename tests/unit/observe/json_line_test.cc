#include "gateway/observe/json_line.h"

#include <gtest/gtest.h>

#include <string>

namespace trackly::observe {
namespace {

using namespace std::chrono_literals;

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string time_text(std::chrono::milliseconds since_epoch) {
  std::string out;
  append_time(out, WallTime(since_epoch));
  return out;
}

TEST(JsonString, KeepsPlainTextAndUtf8) {
  EXPECT_EQ(json_string("/api/v2/send"), R"("/api/v2/send")");
  EXPECT_EQ(json_string("grüße €𝄞"), "\"grüße €𝄞\"");
}

TEST(JsonString, EscapesQuotesBackslashesAndControls) {
  EXPECT_EQ(json_string("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json_string(std::string("\0\n\x1f\x7f", 4)), R"("\u0000\u000a\u001f\u007f")");
}

TEST(JsonString, ReplacesEveryByteThatIsNotUtf8) {
  EXPECT_EQ(json_string("a\xff"), "\"a\uFFFD\"");
  EXPECT_EQ(json_string("\xc3"), "\"\uFFFD\"") << "cut off";
  EXPECT_EQ(json_string("\xc0\xaf"), "\"\uFFFD\uFFFD\"") << "overlong";
  EXPECT_EQ(json_string("\xed\xa0\x80"), "\"\uFFFD\uFFFD\uFFFD\"") << "surrogate";
  EXPECT_EQ(json_string("\xf4\x90\x80\x80x"), "\"\uFFFD\uFFFD\uFFFD\uFFFDx\"") << "above U+10FFFF";
}

TEST(Time, IsRfc3339InUtcWithMilliseconds) {
  EXPECT_EQ(time_text(0ms), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(time_text(1741944413589ms), "2025-03-14T09:26:53.589Z");
  EXPECT_EQ(time_text(1709164800007ms), "2024-02-29T00:00:00.007Z");
}

TEST(JsonLine, NestsObjectsInArrays) {
  std::string out;
  JsonLine line(out);
  line.number("n", -7);
  line.begin_array("items");
  line.begin_item_object();
  line.text("a", "x");
  line.boolean("b", true);
  line.end_object();
  line.item_text("y");
  line.end_array();
  line.begin_object("o");
  line.end_object();
  line.end();
  EXPECT_EQ(out, "{\"n\":-7,\"items\":[{\"a\":\"x\",\"b\":true},\"y\"],\"o\":{}}\n");
}

TEST(JsonLine, WritesMillisecondsWithThreeDecimals) {
  std::string out;
  JsonLine line(out);
  line.milliseconds("a", 7us);
  line.milliseconds("b", 12s + 345678us);
  line.end();
  EXPECT_EQ(out, "{\"a\":0.007,\"b\":12345.678}\n");
}

}  // namespace
}  // namespace trackly::observe
