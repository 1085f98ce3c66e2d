#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/json/document.h"
#include "gateway/json/member_names.h"
#include "gateway/json/parse_error.h"
#include "gateway/json/scratch.h"

namespace trackly::json {

/// A container that is open at a point of the text.
struct OpenContainer {
  std::uint32_t entry;
  std::uint32_t names_mark;
};

/// What parsing writes to, kept from one text to the next.
struct TapeMemory {
  Scratch<Entry> entries;
  Scratch<char> unescaped;
  std::vector<OpenContainer> open;
  MemberNames names;

  std::size_t bytes() const;
  void release();
};

/// The second half of parsing: walks the tokens that StructuralIndex found, checks the grammar and
/// everything that would let two readers see two documents, and writes the tape. One pass, no
/// recursion.
class TapeBuilder {
 public:
  TapeBuilder(std::string_view text, std::span<const std::uint32_t> tokens, std::size_t max_depth,
              TapeMemory& memory);

  /// Requires: called once. On success memory.entries holds the tape, its first entry the root.
  std::optional<ParseError> build();

 private:
  // Each takes one piece of the grammar off the tokens; false after fail().
  bool take_value();
  bool take_name();
  bool take_item_or_end();
  bool take_string();
  bool take_number();
  bool take_literal(std::string_view literal, Kind kind);
  bool open(Kind kind);
  bool close();
  bool unescape_string(std::size_t begin, std::string_view inside);

  // The first byte of the next token; NUL, which begins no token, at the end of the text.
  char peek() const { return next_ < token_count_ ? text_[tokens_[next_]] : '\0'; }
  std::size_t offset() const { return next_ < token_count_ ? tokens_[next_] : text_.size(); }
  // The next token without the white space behind it, for tokens of more than one byte.
  std::string_view next_token() const;
  void append(std::size_t begin, std::size_t length, std::size_t size, Kind kind);
  bool fail(ParseFault fault, std::size_t offset);
  bool fail_here(ParseFault fault) { return fail(fault, offset()); }

  std::string_view text_;
  const std::uint32_t* tokens_;
  std::size_t token_count_;
  std::size_t max_depth_;
  TapeMemory& memory_;
  Entry* entries_;

  std::size_t next_ = 0;  // token
  std::uint32_t entry_count_ = 0;
  std::size_t next_backslash_;  // the first one that is not behind us
  std::optional<ParseError> error_;
};

}  // namespace trackly::json
