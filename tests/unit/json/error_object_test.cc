#include "gateway/json/error_object.h"

#include <gtest/gtest.h>

namespace trackly::json {
namespace {

TEST(ErrorObject, IsAnObjectWithAStringMemberError) {
  EXPECT_TRUE(is_error_object(R"({"error":"Send failed","code":"send_failed"})"));
  EXPECT_TRUE(is_error_object(" {\"code\":1,\n\"error\":\"\"}\n"));
}

TEST(ErrorObject, IsNothingElse) {
  for (const std::string_view text :
       {"", "{}", "[]", "\"error\"", R"({"error":null})", R"({"error":{"message":"x"}})",
        R"({"Error":"x"})", R"({"e":{"error":"x"}})", R"({"error":"x")", "<html>502</html>",
        R"({"error":"x"}{"error":"x"})"}) {
    EXPECT_FALSE(is_error_object(text)) << text;
  }
}

}  // namespace
}  // namespace trackly::json
