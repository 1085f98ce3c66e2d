#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/result.h"

struct redisReader;

namespace trackly::store {

/// What Redis answers, as RESP2 has it. An error is a value like any other.
struct RedisReply {
  enum class Kind : std::uint8_t { nil, integer, string, status, error, array };
  Kind kind = Kind::nil;
  std::int64_t integer = 0;
  std::string text;  // of a string, a status or an error
  std::vector<RedisReply> items;

  /// An error whose first word is `code`: "NOSCRIPT", "LOADING", …
  bool is_error(std::string_view code) const;
};

/// A command as it goes over the wire. Words may hold any bytes.
std::string format_redis_command(std::span<const std::string_view> words);

/// Cuts a stream of bytes into replies.
class RedisReplyReader {
 public:
  /// More bytes of one unfinished reply than this are a protocol error: nothing that we ask for is
  /// nearly as long.
  static constexpr std::size_t kMaxReplyBytes = 1 << 20;

  RedisReplyReader();
  RedisReplyReader(const RedisReplyReader&) = delete;
  RedisReplyReader& operator=(const RedisReplyReader&) = delete;
  ~RedisReplyReader();

  void feed(std::string_view bytes);
  /// The next whole reply; empty where more bytes are needed. After a Fault nothing can be read any
  /// more, since nobody knows where the next reply begins.
  Result<std::optional<RedisReply>> next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  std::unique_ptr<redisReader, Free> reader_;
  std::size_t unfinished_ = 0;  // bytes fed since the last whole reply
  std::size_t elements_ = 0;    // of arrays, since then
};

}  // namespace trackly::store
