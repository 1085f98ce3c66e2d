#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "gateway/json/document.h"
#include "gateway/json/member_names.h"
#include "gateway/json/parse_error.h"
#include "gateway/json/scratch.h"

namespace trackly::json {

/// A container that is open at a point of the text.
struct OpenContainer {
  std::uint32_t entry;
  std::uint32_t size;  // items or members so far
  bool is_object;
  std::uint64_t names_seen;  // of an object: a bit for each of its names so far
};

/// What parsing writes to, kept from one text to the next.
struct TapeMemory {
  Scratch<Entry> entries;
  Scratch<char> unescaped;
  Scratch<OpenContainer> open;
  RepeatedNames repeated_names;

  std::size_t bytes() const;
  void release();
};

/// The second half of parsing: walks the tokens that StructuralIndex found, checks the grammar and
/// everything that would let two readers see two documents, and writes the tape to memory.entries,
/// the root first. One pass, no recursion.
std::optional<ParseError> build_tape(std::string_view text, std::span<const std::uint32_t> tokens,
                                     std::size_t max_depth, TapeMemory& memory);

}  // namespace trackly::json
