#include "gateway/json/tape_builder.h"

#include <algorithm>

#include "gateway/json/number_grammar.h"
#include "gateway/json/unescape.h"

namespace trackly::json {
namespace {

constexpr bool is_white_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

std::size_t TapeMemory::bytes() const {
  return entries.bytes() + unescaped.bytes() + open.capacity() * sizeof(OpenContainer) +
         names.bytes();
}

void TapeMemory::release() {
  entries.release();
  unescaped.release();
  open = {};
  names.release();
}

TapeBuilder::TapeBuilder(std::string_view text, std::span<const std::uint32_t> tokens,
                         std::size_t max_depth, TapeMemory& memory)
    : text_(text),
      tokens_(tokens.data()),
      token_count_(tokens.size()),
      max_depth_(max_depth),
      memory_(memory),
      // Every entry begins at a token of its own.
      entries_(memory.entries.room_for(tokens.size())),
      next_backslash_(std::min(text.find('\\'), text.size())) {
  memory_.open.clear();
  memory_.names.clear();
}

std::optional<ParseError> TapeBuilder::build() {
  bool ok = take_value();
  while (ok && !memory_.open.empty()) ok = take_item_or_end();
  if (ok && next_ != token_count_) fail_here(ParseFault::trailing_bytes);
  return error_;
}

bool TapeBuilder::take_value() {
  switch (peek()) {
    case '{':
      return open(Kind::object);
    case '[':
      return open(Kind::array);
    case '"':
      return take_string();
    case 't':
      return take_literal("true", Kind::boolean);
    case 'f':
      return take_literal("false", Kind::boolean);
    case 'n':
      return take_literal("null", Kind::null);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
      return take_number();
    default:
      return fail_here(ParseFault::unexpected_token);
  }
}

bool TapeBuilder::take_item_or_end() {
  Entry& container = entries_[memory_.open.back().entry];
  const bool is_object = container.kind == static_cast<unsigned>(Kind::object);
  if (peek() == (is_object ? '}' : ']')) return close();
  if (container.size != 0) {
    if (peek() != ',') return fail_here(ParseFault::unexpected_token);
    ++next_;
  }
  ++container.size;
  return (!is_object || take_name()) && take_value();
}

bool TapeBuilder::take_name() {
  if (peek() != '"') return fail_here(ParseFault::unexpected_token);
  const std::uint32_t entry = entry_count_;
  if (!take_string()) return false;
  const Tape tape{text_.data(), memory_.unescaped.data(), entries_};
  memory_.names.add(Value(tape, entry).string());
  if (peek() != ':') return fail_here(ParseFault::unexpected_token);
  ++next_;
  return true;
}

bool TapeBuilder::open(Kind kind) {
  if (memory_.open.size() == max_depth_) return fail_here(ParseFault::too_deep);
  memory_.open.push_back({entry_count_, static_cast<std::uint32_t>(memory_.names.mark())});
  append(offset(), 0, 0, kind);
  ++next_;
  return true;
}

bool TapeBuilder::close() {
  const OpenContainer container = memory_.open.back();
  Entry& entry = entries_[container.entry];
  if (entry.kind == static_cast<unsigned>(Kind::object) &&
      memory_.names.close(container.names_mark)) {
    return fail(ParseFault::duplicate_name, entry.begin);
  }
  memory_.open.pop_back();
  entry.length = static_cast<std::uint32_t>(offset() + 1 - entry.begin);
  entry.next = entry_count_;
  ++next_;
  return true;
}

bool TapeBuilder::take_string() {
  const std::string_view token = next_token();
  const std::size_t begin = offset();
  // The index has seen the closing quote, so what else stands before the next token makes no sense.
  if (token.size() < 2 || token.back() != '"') return fail_here(ParseFault::unexpected_token);
  append(begin, token.size(), token.size() - 2, Kind::string);
  if (next_backslash_ < begin + token.size()) {
    if (!unescape_string(begin, token.substr(1, token.size() - 2))) return false;
    next_backslash_ = std::min(text_.find('\\', begin + token.size()), text_.size());
  }
  ++next_;
  return true;
}

bool TapeBuilder::unescape_string(std::size_t begin, std::string_view inside) {
  char* const out = memory_.unescaped.room_for(text_.size()) + begin;
  const auto size = unescape(inside, out);
  if (!size) return fail(size.error(), begin);
  entries_[entry_count_ - 1].size = static_cast<std::uint32_t>(*size);
  return true;
}

bool TapeBuilder::take_number() {
  const std::string_view token = next_token();
  if (!is_number(token)) return fail_here(ParseFault::invalid_number);
  append(offset(), token.size(), 0, Kind::number);
  ++next_;
  return true;
}

bool TapeBuilder::take_literal(std::string_view literal, Kind kind) {
  if (next_token() != literal) return fail_here(ParseFault::unexpected_token);
  append(offset(), literal.size(), 0, kind);
  ++next_;
  return true;
}

std::string_view TapeBuilder::next_token() const {
  const std::size_t begin = tokens_[next_];
  std::size_t end = next_ + 1 < token_count_ ? tokens_[next_ + 1] : text_.size();
  while (is_white_space(text_[end - 1])) --end;
  return text_.substr(begin, end - begin);
}

void TapeBuilder::append(std::size_t begin, std::size_t length, std::size_t size, Kind kind) {
  Entry& entry = entries_[entry_count_++];
  entry.begin = static_cast<std::uint32_t>(begin);
  entry.length = static_cast<std::uint32_t>(length);
  entry.size = static_cast<std::uint32_t>(size);
  entry.next = entry_count_;
  entry.kind = static_cast<unsigned>(kind) & 7U;
}

bool TapeBuilder::fail(ParseFault fault, std::size_t offset) {
  error_ = ParseError{fault, offset};
  return false;
}

}  // namespace trackly::json
