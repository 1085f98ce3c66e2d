#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/store/redis_protocol.h"
#include "tests/support/fake_connector.h"

// What is said between us and Redis, as it goes over the wire.
namespace trackly::store {

inline std::string wire(std::initializer_list<std::string_view> words) {
  return format_redis_command({words.begin(), words.end()});
}
inline std::string wire(std::string_view word) { return wire({word}); }

// Replies.
inline std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}
inline std::string number(std::int64_t value) { return ":" + std::to_string(value) + "\r\n"; }
inline std::string array(std::initializer_list<std::string> items) {
  std::string reply = "*" + std::to_string(items.size()) + "\r\n";
  for (const std::string& item : items) reply += item;
  return reply;
}
inline std::string bulks(std::initializer_list<std::string_view> texts) {
  std::string reply = "*" + std::to_string(texts.size()) + "\r\n";
  for (const std::string_view text : texts) reply += bulk(text);
  return reply;
}
/// Of CLUSTER SLOTS: these slots, and who serves them.
inline std::string slot_range(std::int64_t first, std::int64_t last, std::string_view host,
                              std::int64_t port = 7000) {
  return array({number(first), number(last), array({bulk(host), number(port), bulk("5f")})});
}

inline RedisReply parsed(std::string_view wire) {
  RedisReplyReader reader;
  reader.feed(wire);
  auto reply = reader.next();
  EXPECT_TRUE(reply && *reply) << wire;
  return reply && *reply ? **std::move(reply) : RedisReply();
}

/// All that we have sent there since the last call.
inline std::string sent_to(test::FakePeer& peer) {
  std::string bytes;
  for (const std::string& write : peer.take_writes()) bytes += write;
  return bytes;
}

}  // namespace trackly::store
