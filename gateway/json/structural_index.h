#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "gateway/json/parse_error.h"

namespace simdjson::internal {
class dom_parser_implementation;
}

namespace trackly::json {

/// The first half of parsing, many bytes at a time: finds where tokens begin, and refuses invalid
/// UTF-8, control characters in strings and a string that is not closed.
///
/// This is simdjson's first stage alone. Its second stage, the DOM, would be the wrong document for
/// us: it refuses integers beyond 2^64 and 1e400, rounds long fractions, keeps no source positions
/// and lets a name appear twice. So tape_builder takes its place, on top of the same index.
class StructuralIndex {
 public:
  StructuralIndex();
  ~StructuralIndex();

  /// Offsets of `{ } [ ] : ,`, of opening quotes and of the first byte of anything else that is not
  /// white space. After the last one stands, outside the span, the size of the text. Valid until
  /// the next call. Requires: 0 < text.size() < 2^32; nothing is read behind the text's end.
  std::optional<ParseFault> find(std::string_view text);
  std::span<const std::uint32_t> tokens() const;

  std::size_t bytes() const;
  void release();

 private:
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1_;
};

}  // namespace trackly::json
