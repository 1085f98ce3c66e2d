#include "gateway/store/redis_protocol.h"

#include <hiredis/hiredis.h>

#include <cstdlib>
#include <utility>

namespace trackly::store {
namespace {

// Recursion is bounded: the reader refuses more than nine levels.
RedisReply converted(const redisReply& reply) {
  RedisReply value;
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      value.kind = RedisReply::Kind::integer;
      value.integer = reply.integer;
      break;
    case REDIS_REPLY_STRING:
      value.kind = RedisReply::Kind::string;
      break;
    case REDIS_REPLY_STATUS:
      value.kind = RedisReply::Kind::status;
      break;
    case REDIS_REPLY_ERROR:
      value.kind = RedisReply::Kind::error;
      break;
    case REDIS_REPLY_ARRAY:
      value.kind = RedisReply::Kind::array;
      for (std::size_t i = 0; i < reply.elements; ++i) {
        value.items.push_back(converted(*reply.element[i]));
      }
      break;
    default:
      break;
  }
  if (reply.str != nullptr) value.text.assign(reply.str, reply.len);
  return value;
}

// An element takes four bytes at least: ":1\r\n".
constexpr std::size_t kMaxElements = RedisReplyReader::kMaxReplyBytes / 4;

/// hiredis makes room for an array as soon as it has read its length, and a length is quickly
/// written: what could not be a reply of ours gets none.
redisReplyObjectFunctions& reply_functions() {
  static const redisReplyObjectFunctions kOriginal = [] {
    redisReader* reader = redisReaderCreate();
    if (reader == nullptr) std::abort();
    const redisReplyObjectFunctions functions = *reader->fn;
    redisReaderFree(reader);
    return functions;
  }();
  static redisReplyObjectFunctions bounded = [] {
    redisReplyObjectFunctions functions = kOriginal;
    functions.createArray = [](const redisReadTask* task, int elements) -> void* {
      if (static_cast<std::size_t>(elements) > kMaxElements) return nullptr;
      return kOriginal.createArray(task, elements);
    };
    return functions;
  }();
  return bounded;
}

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

}  // namespace

bool RedisReply::is_error(std::string_view code) const {
  return kind == Kind::error && std::string_view(text).substr(0, text.find(' ')) == code;
}

std::string format_redis_command(std::span<const std::string_view> words) {
  std::vector<const char*> pointers;
  std::vector<std::size_t> lengths;
  for (const std::string_view word : words) {
    pointers.push_back(word.empty() ? "" : word.data());
    lengths.push_back(word.size());
  }
  char* bytes = nullptr;
  const int length = redisFormatCommandArgv(&bytes, static_cast<int>(words.size()), pointers.data(),
                                            lengths.data());
  // It fails only without memory, as the allocations around it would.
  if (length < 0) std::abort();
  std::string command(bytes, static_cast<std::size_t>(length));
  redisFreeCommand(bytes);
  return command;
}

void RedisReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

RedisReplyReader::RedisReplyReader() : reader_(redisReaderCreateWithFunctions(&reply_functions())) {
  if (reader_ == nullptr) std::abort();
}

RedisReplyReader::~RedisReplyReader() = default;

void RedisReplyReader::feed(std::string_view bytes) {
  unfinished_ += bytes.size();
  // An error is kept in the reader and comes out of next().
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
}

Result<std::optional<RedisReply>> RedisReplyReader::next() {
  void* raw = nullptr;
  if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
    return Fault{reader_->err == REDIS_ERR_OOM ? "reply too long" : reader_->errstr};
  }
  if (raw == nullptr) {
    if (unfinished_ > kMaxReplyBytes) return Fault{"reply too long"};
    return std::optional<RedisReply>();
  }
  const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
  unfinished_ = reader_->len - reader_->pos;
  return std::optional<RedisReply>(converted(*reply));
}

}  // namespace trackly::store
