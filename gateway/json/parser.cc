#include "gateway/json/parser.h"

#include <algorithm>

namespace trackly::json {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// Entry::next has 29 bits, and every entry is at least one byte of text.
constexpr std::size_t kMaxTextBytes = (std::size_t{1} << 29) - 1;
// What a worker keeps between requests: enough for bodies of about 64 KiB.
constexpr std::size_t kKeptMemory = std::size_t{2} << 20;

}  // namespace

Result<Value, ParseError> Parser::parse(std::string_view text, std::size_t max_depth, Root root) {
  ++generation_;
  if (text.empty()) return ParseError{ParseFault::empty, 0};
  if (text.size() > kMaxTextBytes) return ParseError{ParseFault::too_large, kMaxTextBytes};
  if (text.starts_with(kByteOrderMark)) return ParseError{ParseFault::byte_order_mark, 0};
  if (const auto fault = index_.find(text)) return ParseError{*fault};
  if (index_.tokens().empty()) return ParseError{ParseFault::empty, 0};

  if (const auto error =
          build_tape(text, index_.tokens(), std::min(max_depth, kMaxDepth), memory_)) {
    return *error;
  }
  tape_ = {text.data(), memory_.unescaped.data(), memory_.entries.data()};
  const Value value(tape_, 0);
  if (root == Root::object && !value.is_object()) {
    return ParseError{ParseFault::root_not_object, value.offset()};
  }
  return value;
}

void Parser::release() {
  ++generation_;
  if (memory() <= kKeptMemory) return;
  index_.release();
  memory_.release();
}

}  // namespace trackly::json
