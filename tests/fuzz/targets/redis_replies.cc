// What Redis, or whatever listens in its place, may answer. The input is that, behind it decisions.

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/store/redis_protocol.h"
#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/require.h"

namespace trackly::fuzz {
namespace {

using store::RedisReply;

std::string text_of(const RedisReply& reply) {
  std::string text = std::to_string(static_cast<int>(reply.kind)) + ":" +
                     std::to_string(reply.integer) + ":" + std::to_string(reply.text.size()) + ":" +
                     reply.text;
  for (const RedisReply& item : reply.items) text += "[" + text_of(item) + "]";
  return text;
}

/// What a reader makes of the bytes: its replies, and "fault" at the end where there is one.
std::vector<std::string> read(std::string_view bytes, Cuts* cuts) {
  store::RedisReplyReader reader;
  std::vector<std::string> replies;
  while (!bytes.empty()) {
    const std::size_t piece = cuts != nullptr ? cuts->next(bytes.size()) : bytes.size();
    // What it keeps must be a copy.
    reader.feed(std::string(bytes.substr(0, piece)));
    bytes.remove_prefix(piece);
    while (true) {
      const auto reply = reader.next();
      if (!reply) {
        replies.emplace_back("fault");
        require(!reader.next(), "a fault stays");
        return replies;
      }
      if (!*reply) break;
      replies.push_back(text_of(**reply));
    }
  }
  return replies;
}

/// A command is read as the words that it was made of.
void check_command(std::string_view bytes, Cuts& cuts) {
  std::vector<std::string_view> words;
  while (!bytes.empty()) {
    words.push_back(bytes.substr(0, cuts.next(bytes.size())));
    bytes.remove_prefix(words.back().size());
  }
  if (words.empty()) return;
  store::RedisReplyReader reader;
  reader.feed(store::format_redis_command(words));
  const auto reply = reader.next();
  require(reply && *reply && (*reply)->kind == RedisReply::Kind::array, "a command is an array");
  require((*reply)->items.size() == words.size(), "of as many words");
  for (std::size_t i = 0; i < words.size(); ++i) {
    require((*reply)->items[i].text == words[i], "byte for byte");
  }
}

void run(Input input) {
  Input decisions = input.tail(2);
  const std::string_view bytes = input.rest();
  Cuts cuts(decisions);
  require(read(bytes, nullptr) == read(bytes, &cuts), "cuts mean nothing");
  check_command(bytes, cuts);
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
