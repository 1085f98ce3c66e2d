#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/api/result.h"
#include "gateway/json/document.h"
#include "gateway/json/parse_error.h"
#include "gateway/json/structural_index.h"
#include "gateway/json/tape_builder.h"

namespace trackly::json {

/// What may stand at the top of a text.
enum class Root : std::uint8_t { object, any };

/// The deepest nesting that can be asked for: evaluating a schema recurses once a level.
inline constexpr std::size_t kMaxDepth = 1024;

/// Parses a JSON text so strictly that every reader of it sees the same document: RFC 8259, and no
/// invalid UTF-8, byte-order mark, lone surrogate or name that an object has twice. Valid numbers
/// of any size are kept as they are written.
///
/// A worker has one, and it holds one parsed text at a time: parse() ends the life of the values of
/// the text before. A text of the usual size costs no allocation. Memory is at most about 14 bytes
/// per byte of text; release() gives it back.
class Parser {
 public:
  Parser() = default;
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  /// The root value. A root that is a container is at depth 1. `text` must outlive the values.
  Result<Value, ParseError> parse(std::string_view text, std::size_t max_depth, Root root);

  /// Counts the calls of parse(): tells whether the values of one are still alive.
  std::uint64_t generation() const { return generation_; }

  /// Gives up the parsed text and, where it is more than what small texts need, its memory.
  void release();
  /// Bytes of memory held.
  std::size_t memory() const { return index_.bytes() + memory_.bytes(); }

 private:
  StructuralIndex index_;
  TapeMemory memory_;
  Tape tape_;
  std::uint64_t generation_ = 0;
};

}  // namespace trackly::json
