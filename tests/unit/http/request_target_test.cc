#include "gateway/http/request_target.h"

#include <gtest/gtest.h>

namespace trackly::http {
namespace {

TEST(RequestTarget, IsSplitAtTheFirstQuestionMark) {
  EXPECT_EQ(split_target("/a/b?c=/d?e").path, "/a/b");
  EXPECT_EQ(split_target("/a/b?c=/d?e").query, "c=/d?e");
  EXPECT_EQ(split_target("/a").path, "/a");
  EXPECT_EQ(split_target("/a").query, "");
  EXPECT_EQ(split_target("/?").path, "/");
}

TEST(RequestTarget, PassesOrdinaryPaths) {
  for (const char* target :
       {"/", "/a", "/a/", "/api/v2/contacts/%2B15551234567", "/a.b/..c/...", "/%C3%A4", "/\xc3\xa4",
        "/a%20b", "/a?q=../..//;%2F%zz", "/a?", "/%F0%9F%98%80", "/a:b@c", "/%252F", "/a%3Bb"}) {
    EXPECT_TRUE(is_unambiguous_target(target)) << target;
  }
}

TEST(RequestTarget, RefusesWhatIsReadInSeveralWays) {
  for (const char* target : {"",
                             "a",
                             "*",
                             "http://a/",
                             "//",
                             "//a",
                             "/a//b",
                             "/a//",
                             "/.",
                             "/..",
                             "/a/./b",
                             "/a/../b",
                             "/a/..",
                             "/%2e",
                             "/%2E%2e/a",
                             "/.%2e",
                             "/a%2Fb",
                             "/a%2fb",
                             "/a%5Cb",
                             "/a\\b",
                             "/a;b",
                             "/a;",
                             "/a#b",
                             "/a?b#c",
                             "/a b",
                             "/a?b c",
                             "/a\x7f",
                             "/a\x01",
                             "/a?\n",
                             "/%00",
                             "/%0d%0a",
                             "/%7F",
                             "/%",
                             "/%4",
                             "/%zz",
                             "/%4z",
                             "/%C3",
                             "/%FF",
                             "/\xff",
                             "/%C0%AF",
                             "/%E0%80%AF",
                             "/%ED%A0%80",
                             "/%F4%90%80%80",
                             "/%F5%80%80%80",
                             "/%C3/%A4"}) {
    EXPECT_FALSE(is_unambiguous_target(target)) << target;
  }
}

TEST(RequestTarget, SegmentsAreDecodedForRouting) {
  EXPECT_EQ(decode_segment("%2B1555"), "+1555");
  EXPECT_EQ(decode_segment("+1555"), "+1555");
  EXPECT_EQ(decode_segment("a%20b%C3%a4"), "a b\xc3\xa4");
}

}  // namespace
}  // namespace trackly::http
