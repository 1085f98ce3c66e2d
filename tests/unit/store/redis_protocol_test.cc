#include "gateway/store/redis_protocol.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace trackly::store {
namespace {

using namespace std::string_view_literals;
using Kind = RedisReply::Kind;

/// The only reply in `bytes`.
RedisReply read(std::string_view bytes) {
  RedisReplyReader reader;
  reader.feed(bytes);
  auto reply = reader.next();
  EXPECT_TRUE(reply && *reply) << bytes;
  return reply && *reply ? **reply : RedisReply{};
}

TEST(RedisProtocolTest, ACommandIsAnArrayOfItsWords) {
  const std::array words{"SET"sv, "a\r\n\0b"sv, ""sv};
  EXPECT_EQ(format_redis_command(words), "*3\r\n$3\r\nSET\r\n$5\r\na\r\n\0b\r\n$0\r\n\r\n"sv);
}

TEST(RedisProtocolTest, EveryKindOfReplyIsRead) {
  EXPECT_EQ(read("+OK\r\n").kind, Kind::status);
  EXPECT_EQ(read("+OK\r\n").text, "OK");
  EXPECT_EQ(read(":-42\r\n").integer, -42);
  EXPECT_EQ(read("$3\r\na\0b\r\n"sv).text, "a\0b"sv);
  EXPECT_EQ(read("$-1\r\n").kind, Kind::nil);
  EXPECT_EQ(read("*0\r\n").kind, Kind::array);
  const RedisReply nested = read("*2\r\n:1\r\n*1\r\n$1\r\nx\r\n");
  ASSERT_EQ(nested.items.size(), 2U);
  ASSERT_EQ(nested.items[1].items.size(), 1U);
  EXPECT_EQ(nested.items[1].items[0].text, "x");
}

TEST(RedisProtocolTest, AnErrorIsKnownByItsFirstWord) {
  const RedisReply reply = read("-NOSCRIPT No matching script.\r\n");
  EXPECT_TRUE(reply.is_error("NOSCRIPT"));
  EXPECT_FALSE(reply.is_error("NO"));
  EXPECT_FALSE(read("+NOSCRIPT\r\n").is_error("NOSCRIPT"));
  EXPECT_TRUE(read("-READONLY\r\n").is_error("READONLY"));
}

TEST(RedisProtocolTest, RepliesAreReadWhereverTheStreamIsCut) {
  constexpr std::string_view kStream = "*2\r\n:1\r\n$5\r\nhello\r\n+PONG\r\n:7\r\n";
  RedisReplyReader reader;
  std::string kinds;
  for (const char byte : kStream) {
    reader.feed({&byte, 1});
    const auto reply = reader.next();
    ASSERT_TRUE(reply);
    if (*reply) kinds += std::to_string(static_cast<int>((*reply)->kind)) + " ";
  }
  EXPECT_EQ(kinds, "5 3 1 ");
}

TEST(RedisProtocolTest, WhatIsNotRespIsAFaultForGood) {
  RedisReplyReader reader;
  reader.feed("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_FALSE(reader.next());
  reader.feed("+OK\r\n");
  EXPECT_FALSE(reader.next());
}

TEST(RedisProtocolTest, AReplyThatDoesNotEndIsAFault) {
  RedisReplyReader reader;
  reader.feed("$1000000000\r\n");
  const std::string piece(64 * 1024, 'x');
  std::size_t fed = 0;
  while (fed <= 2 * RedisReplyReader::kMaxReplyBytes) {
    reader.feed(piece);
    fed += piece.size();
    if (!reader.next()) break;
  }
  EXPECT_LE(fed, RedisReplyReader::kMaxReplyBytes + piece.size());
}

TEST(RedisProtocolTest, AnArrayThatIsOnlyAnnouncedGetsNoMemory) {
  for (const std::string_view announced : {"*300000000\r\n", "*2\r\n:1\r\n*2147483647\r\n"}) {
    RedisReplyReader reader;
    reader.feed(announced);
    const auto reply = reader.next();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().text, "reply too long");
  }
}

TEST(RedisProtocolTest, ManyShortRepliesAtOnceAreNotALongOne) {
  std::string pipeline;
  while (pipeline.size() <= 2 * RedisReplyReader::kMaxReplyBytes) pipeline += ":1\r\n";
  RedisReplyReader reader;
  reader.feed(pipeline);
  std::size_t replies = 0;
  while (true) {
    const auto reply = reader.next();
    ASSERT_TRUE(reply);
    if (!*reply) break;
    ++replies;
  }
  EXPECT_EQ(replies, pipeline.size() / 4);
}

}  // namespace
}  // namespace trackly::store
