#include "gateway/store/redis_protocol.h"

#include <hiredis/hiredis.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

namespace trackly::store {
namespace {

// An element takes four bytes at least: ":1\r\n". A length is quickly written, so what could not be
// a reply of ours gets no room.
constexpr std::size_t kMaxElements = RedisReplyReader::kMaxReplyBytes / 4;

/// Where hiredis puts what it reads: the reply itself, or an item of the array around it. Nothing
/// is thrown through hiredis; nullptr is its word for no memory.
template <class Fill>
void* filled(const redisReadTask* task, Fill fill) {
  try {
    std::unique_ptr<RedisReply> root;
    RedisReply* reply = nullptr;
    if (task->parent == nullptr) {
      root = std::make_unique<RedisReply>();
      reply = root.get();
    } else {
      auto* array = static_cast<RedisReply*>(task->parent->obj);
      reply = &array->items[static_cast<std::size_t>(task->idx)];
    }
    if (!fill(*reply)) return nullptr;
    return root == nullptr ? reply : root.release();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

RedisReply::Kind kind_of_text(int type) {
  if (type == REDIS_REPLY_ERROR) return RedisReply::Kind::error;
  return type == REDIS_REPLY_STATUS ? RedisReply::Kind::status : RedisReply::Kind::string;
}

/// hiredis would build a tree of its own, which would then have to be copied.
redisReplyObjectFunctions& reply_functions() {
  static redisReplyObjectFunctions functions = [] {
    redisReplyObjectFunctions made{};
    made.createString = [](const redisReadTask* task, char* text, std::size_t size) {
      return filled(task, [&](RedisReply& reply) {
        reply.kind = kind_of_text(task->type);
        reply.text.assign(text, size);
        return true;
      });
    };
    made.createArray = [](const redisReadTask* task, int elements) {
      return filled(task, [&](RedisReply& reply) {
        auto& so_far = *static_cast<std::size_t*>(task->privdata);
        const auto more = static_cast<std::size_t>(elements);
        if (more > kMaxElements - so_far) return false;
        so_far += more;
        reply.kind = RedisReply::Kind::array;
        reply.items.resize(more);
        return true;
      });
    };
    made.createInteger = [](const redisReadTask* task, long long value) {
      return filled(task, [&](RedisReply& reply) {
        reply.kind = RedisReply::Kind::integer;
        reply.integer = value;
        return true;
      });
    };
    made.createNil = [](const redisReadTask* task) {
      return filled(task, [](RedisReply&) { return true; });
    };
    made.freeObject = [](void* root) { delete static_cast<RedisReply*>(root); };
    return made;
  }();
  return functions;
}

}  // namespace

bool RedisReply::is_error(std::string_view code) const {
  return kind == Kind::error && std::string_view(text).substr(0, text.find(' ')) == code;
}

std::string format_redis_command(std::span<const std::string_view> words) {
  std::vector<const char*> pointers;
  std::vector<std::size_t> lengths;
  pointers.reserve(words.size());
  lengths.reserve(words.size());
  for (const std::string_view word : words) {
    pointers.push_back(word.empty() ? "" : word.data());
    lengths.push_back(word.size());
  }
  // Its twin for plain strings has sprintf() write each length, which takes longer than the rest.
  sds bytes = nullptr;
  const int length = redisFormatSdsCommandArgv(&bytes, static_cast<int>(words.size()),
                                               pointers.data(), lengths.data());
  // It fails only without memory, as the allocations around it would.
  if (length < 0) std::abort();
  std::string command(bytes, static_cast<std::size_t>(length));
  redisFreeSdsCommand(bytes);
  return command;
}

void RedisReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

RedisReplyReader::RedisReplyReader() : reader_(redisReaderCreateWithFunctions(&reply_functions())) {
  if (reader_ == nullptr) std::abort();
  reader_->privdata = &elements_;
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
  const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(raw));
  unfinished_ = reader_->len - reader_->pos;
  elements_ = 0;
  return std::optional<RedisReply>(std::move(*reply));
}

}  // namespace trackly::store
