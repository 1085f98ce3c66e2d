#include "gateway/json/tape_builder.h"

#include <algorithm>

#include "gateway/json/number_grammar.h"
#include "gateway/json/unescape.h"

namespace trackly::json {
namespace {

constexpr bool is_white_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Bounds of what a text of so many tokens can hold, also one that breaks off.
//
// Behind every entry stands a token of its own: a separator or its container's end; only the
// containers that are still open have none.
constexpr std::size_t most_entries(std::size_t tokens, std::size_t max_depth) {
  return (tokens + max_depth) / 2 + 1;
}

// Up to here comparing a new name with those before it is cheaper than any table.
constexpr std::size_t kFewNames = 24;

// One of 64 bits for a name, so that most names need not be compared with any other.
constexpr std::uint64_t name_bit(std::string_view name) {
  if (name.empty()) return 1;
  const auto first = static_cast<unsigned char>(name.front());
  const auto last = static_cast<unsigned char>(name.back());
  return std::uint64_t{1} << ((first * 5U + last * 11U + name.size()) & 63U);
}

// Resolves the escapes of the string at `begin` to where Value::string() looks for it.
Result<std::size_t, ParseFault> unescape_string(std::string_view text, std::size_t begin,
                                                std::string_view inside, TapeMemory& memory) {
  return unescape(inside, memory.unescaped.room_for(text.size()) + begin);
}

// Everything that runs once a token is inlined into build_tape(), so that the builder's members
// live in registers: kept in memory, they would cost as much as all the rest.
#define TRACKLY_HOT [[gnu::always_inline]]

class TapeBuilder {
 public:
  TapeBuilder(std::string_view text, std::span<const std::uint32_t> tokens, std::size_t max_depth,
              TapeMemory& memory)
      : text_(text),
        tokens_(tokens.data()),
        token_count_(tokens.size()),
        memory_(memory),
        entries_(memory.entries.room_for(most_entries(tokens.size(), max_depth))),
        outer_(memory.open.room_for(max_depth)),
        max_depth_(max_depth),
        next_backslash_(std::min(text.find('\\'), text.size())) {}

  TRACKLY_HOT bool build() {
    bool ok = take_value();
    while (ok && depth_ != 0) ok = take_item_or_end();
    return ok && (next_ == token_count_ || fail(ParseFault::trailing_bytes));
  }

  ParseError error() const { return {fault_, offset()}; }

 private:
  // Each take_...() takes one piece of the grammar off the tokens, or is false after fail().

  TRACKLY_HOT bool take_value() {
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
      default:
        return take_number();
    }
  }

  TRACKLY_HOT bool take_item_or_end() {
    const char next = peek();
    if (next == (container_.is_object ? '}' : ']')) return close();
    if (container_.size != 0) {
      if (next != ',') return fail(ParseFault::unexpected_token);
      ++next_;
    }
    ++container_.size;
    return (!container_.is_object || take_name()) && take_value();
  }

  TRACKLY_HOT bool take_name() {
    if (peek() != '"') return fail(ParseFault::unexpected_token);
    const std::uint32_t entry = entry_count_;
    if (!take_string()) return false;
    const std::uint64_t bit = name_bit(string_at(entry));
    if ((container_.names_seen & bit) != 0 && container_.size <= kFewNames && is_repeated(entry)) {
      return fail(ParseFault::duplicate_name);
    }
    container_.names_seen |= bit;
    if (peek() != ':') return fail(ParseFault::unexpected_token);
    ++next_;
    return true;
  }

  TRACKLY_HOT bool open(Kind kind) {
    if (depth_ == max_depth_) return fail(ParseFault::too_deep);
    outer_[depth_++] = container_;
    container_ = {entry_count_, 0, kind == Kind::object, 0};
    append(1, 0, kind);
    return true;
  }

  TRACKLY_HOT bool close() {
    Entry& entry = entries_[container_.entry];
    entry.length = static_cast<std::uint32_t>(offset() + 1 - entry.begin);
    entry.size = container_.size;
    entry.next = entry_count_;
    if (container_.is_object && container_.size > kFewNames && has_repeated_names()) {
      return fail(ParseFault::duplicate_name);
    }
    container_ = outer_[--depth_];
    ++next_;
    return true;
  }

  TRACKLY_HOT bool take_string() {
    const std::string_view token = next_string();
    // The index has seen the closing quote; what stands between it and the next token makes no
    // sense.
    if (token.size() < 2 || token.back() != '"') return fail(ParseFault::unexpected_token);
    std::size_t size = token.size() - 2;
    const std::size_t begin = offset();
    if (next_backslash_ < begin + token.size()) {
      const auto unescaped = unescape_string(text_, begin, token.substr(1, size), memory_);
      if (!unescaped) return fail(unescaped.error());
      size = *unescaped;
      next_backslash_ = std::min(text_.find('\\', begin + token.size()), text_.size());
    }
    append(token.size(), size, Kind::string);
    return true;
  }

  TRACKLY_HOT bool take_number() {
    const char first = peek();
    if (first != '-' && (first < '0' || first > '9')) return fail(ParseFault::unexpected_token);
    const std::string_view token = next_token();
    if (!is_number(token)) return fail(ParseFault::invalid_number);
    append(token.size(), 0, Kind::number);
    return true;
  }

  TRACKLY_HOT bool take_literal(std::string_view literal, Kind kind) {
    if (next_token() != literal) return fail(ParseFault::unexpected_token);
    append(literal.size(), 0, kind);
    return true;
  }

  // The first byte of the next token; NUL, which begins no value, at the end of the text.
  TRACKLY_HOT char peek() const { return next_ < token_count_ ? text_[tokens_[next_]] : '\0'; }
  std::size_t offset() const { return next_ < token_count_ ? tokens_[next_] : text_.size(); }

  // The next token without the white space behind it, for tokens of more than one byte. (Behind the
  // last token stands the size of the text.)
  TRACKLY_HOT std::string_view next_token() const {
    const std::size_t begin = tokens_[next_];
    std::size_t end = tokens_[next_ + 1];
    while (is_white_space(text_[end - 1])) --end;
    return {text_.data() + begin, end - begin};
  }
  // The same for a string, which seldom has white space behind it.
  TRACKLY_HOT std::string_view next_string() const {
    const std::size_t begin = tokens_[next_];
    const std::size_t end = tokens_[next_ + 1];
    if (text_[end - 1] != '"') return next_token();
    return {text_.data() + begin, end - begin};
  }

  TRACKLY_HOT std::string_view string_at(std::uint32_t index) const {
    const Entry& entry = entries_[index];
    return entry.size + 2 == entry.length
               ? std::string_view(text_.data() + entry.begin + 1, entry.size)
               : std::string_view(memory_.unescaped.data() + entry.begin, entry.size);
  }

  // Of the innermost object, which is whole.
  bool has_repeated_names() const {
    const Tape tape{text_.data(), memory_.unescaped.data(), entries_};
    return memory_.repeated_names.any(Value(tape, container_.entry));
  }

  // Whether the innermost object has the name before, too.
  bool is_repeated(std::uint32_t name) const {
    std::uint32_t other = container_.entry + 1;
    while (other != name && string_at(other) != string_at(name)) other = entries_[other + 1].next;
    return other != name;
  }

  // Makes the next token an entry.
  TRACKLY_HOT void append(std::size_t length, std::size_t size, Kind kind) {
    Entry& entry = entries_[entry_count_++];
    entry.begin = tokens_[next_++];
    entry.length = static_cast<std::uint32_t>(length);
    entry.size = static_cast<std::uint32_t>(size);
    entry.next = entry_count_;
    entry.kind = static_cast<unsigned>(kind) & 7U;
  }

  TRACKLY_HOT bool fail(ParseFault fault) {
    fault_ = fault;
    return false;
  }

  const std::string_view text_;
  const std::uint32_t* const tokens_;
  const std::size_t token_count_;
  TapeMemory& memory_;
  Entry* const entries_;
  OpenContainer* const outer_;  // those around `container_`, outermost first
  const std::size_t max_depth_;

  std::size_t next_ = 0;  // token
  std::uint32_t entry_count_ = 0;
  OpenContainer container_{};  // the innermost one that is open, if depth_ is not 0
  std::size_t depth_ = 0;
  std::size_t next_backslash_;  // the first one that is not behind us
  ParseFault fault_ = ParseFault::unexpected_token;
};

#undef TRACKLY_HOT

}  // namespace

std::size_t TapeMemory::bytes() const {
  return entries.bytes() + unescaped.bytes() + open.bytes() + repeated_names.bytes();
}

void TapeMemory::release() {
  entries.release();
  unescaped.release();
  open.release();
  repeated_names.release();
}

std::optional<ParseError> build_tape(std::string_view text, std::span<const std::uint32_t> tokens,
                                     std::size_t max_depth, TapeMemory& memory) {
  TapeBuilder builder(text, tokens, max_depth, memory);
  if (builder.build()) return std::nullopt;
  return builder.error();
}

}  // namespace trackly::json
