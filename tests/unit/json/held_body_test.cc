#include "gateway/json/held_body.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace trackly::json {
namespace {

constexpr std::size_t kDepth = 64;

TEST(HeldBody, KeepsEveryByteInOrder) {
  Parser parser;
  HeldBody body(parser, kDepth);
  body.reserve(16);
  body.append("{ \"a\"");
  body.append(" : 1.0 }\n");
  EXPECT_EQ(body.bytes(), "{ \"a\" : 1.0 }\n");
  EXPECT_EQ(body.size(), 14U);
  ASSERT_TRUE(body.document().ok());
  EXPECT_EQ(body.document()->find("a")->number(), "1.0");
  EXPECT_EQ(body.bytes(), "{ \"a\" : 1.0 }\n");
}

TEST(HeldBody, IsParsedOnceForAllWhoAsk) {
  Parser parser;
  HeldBody body(parser, kDepth);
  body.append("{}");
  ASSERT_TRUE(body.document().ok());
  const auto generation = parser.generation();
  ASSERT_TRUE(body.document().ok());
  EXPECT_EQ(parser.generation(), generation);
}

TEST(HeldBody, IsParsedAgainWhenAnotherBodyHasTakenTheParser) {
  Parser parser;
  HeldBody first(parser, kDepth), second(parser, kDepth);
  first.append(R"({"who":"first"})");
  second.append(R"({"who":"second"})");
  ASSERT_TRUE(first.document().ok());
  ASSERT_TRUE(second.document().ok());
  EXPECT_EQ(first.document()->find("who")->string(), "first");
  EXPECT_EQ(second.document()->find("who")->string(), "second");
}

TEST(HeldBody, RemembersThatItIsNoDocument) {
  Parser parser;
  HeldBody body(parser, kDepth);
  body.append("[");
  EXPECT_FALSE(body.document().ok());
  const auto generation = parser.generation();
  EXPECT_FALSE(body.document().ok());
  EXPECT_EQ(parser.generation(), generation);
}

TEST(HeldBody, WithoutBytesIsNoDocument) {
  Parser parser;
  HeldBody body(parser, kDepth);
  ASSERT_FALSE(body.document().ok());
  EXPECT_EQ(body.document().error().fault, ParseFault::empty);
}

TEST(HeldBody, MustBeAnObjectAndNotDeeperThanItsLimit) {
  Parser parser;
  HeldBody array(parser, kDepth), deep(parser, 2);
  array.append("[]");
  EXPECT_EQ(array.document().error().fault, ParseFault::root_not_object);
  deep.append(R"({"a":{"b":{}}})");
  EXPECT_EQ(deep.document().error().fault, ParseFault::too_deep);
}

TEST(HeldBody, LeavesNoLargeMemoryBehind) {
  Parser parser;
  {
    HeldBody body(parser, kDepth);
    body.append("{\"a\":[0");
    for (int i = 0; i < 500'000; ++i) body.append(",0");
    body.append("]}");
    ASSERT_TRUE(body.document().ok());
    EXPECT_GT(parser.memory(), 4U << 20);
  }
  EXPECT_LT(parser.memory(), 2U << 20);
}

TEST(HeldBody, DoesNotTakeTheMemoryOfABodyThatCameAfterIt) {
  Parser parser;
  auto first = std::make_unique<HeldBody>(parser, kDepth);
  HeldBody second(parser, kDepth);
  first->append("{}");
  second.append(R"({"a":"b"})");
  ASSERT_TRUE(first->document().ok());
  const Value root = *second.document();
  first.reset();
  EXPECT_EQ(root.find("a")->string(), "b");
}

}  // namespace
}  // namespace trackly::json
