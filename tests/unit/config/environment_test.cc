#include "config/environment.h"

#include <gtest/gtest.h>

namespace trackly::config {
namespace {

std::optional<std::string> variable(const std::string& name) {
  if (name == "HOST") return "service";
  if (name == "_9") return "nine";
  if (name == "TRICK") return "${HOST}";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

std::string after(std::string_view text) {
  const auto result = substituted(text, variable);
  return result ? *result : "fault: " + result.error().text;
}

TEST(Environment, VariablesAreReplacedWhereverTheyStand) {
  EXPECT_EQ(after("${HOST}"), "service");
  EXPECT_EQ(after("a${HOST}b${_9}c"), "aservicebninec");
  EXPECT_EQ(after("nothing to do"), "nothing to do");
}

TEST(Environment, DefaultsStandForWhatIsUnsetOrEmpty) {
  EXPECT_EQ(after("${NONE:-a:-b}"), "a:-b");
  EXPECT_EQ(after("${NONE:-}"), "");
  EXPECT_EQ(after("${EMPTY:-x}"), "x");
  EXPECT_EQ(after("${HOST:-x}"), "service");
  EXPECT_EQ(after("${EMPTY}"), "");
}

TEST(Environment, ADollarMoreMakesItLiteral) {
  EXPECT_EQ(after("$${HOST}"), "${HOST}");
  EXPECT_EQ(after("$$${HOST}"), "$${HOST}");
  EXPECT_EQ(after("$HOST $ $$ {HOST}"), "$HOST $ $$ {HOST}");
}

TEST(Environment, ValuesAreNotSearchedAgain) { EXPECT_EQ(after("${TRICK}"), "${HOST}"); }

TEST(Environment, FaultsNameTheVariable) {
  EXPECT_EQ(after("${NONE}"), "fault: the environment variable NONE is not set");
  for (const std::string_view text : {"${}", "${:-x}", "${A-B}", "${9}", "${HOST", "a ${"}) {
    EXPECT_EQ(after(text).substr(0, 6), "fault:") << text;
  }
}

}  // namespace
}  // namespace trackly::config
