#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "filters/json_schema/pattern.h"
#include "filters/json_schema/pointer.h"
#include "gateway/json/document.h"

namespace trackly::json_schema {

/// What `x-placeholders` says: each name that a pattern finds in a text must be the key of an item
/// of a list. The pointers lead from the object that is judged.
struct Placeholders {
  Pointer text;
  std::uint32_t pattern = 0;  // index within the program
  Pointer list;
  std::string key;
};

/// The names without an item, each once, in order of appearance, joined by ", "; what goes beyond
/// 64 KiB is left out. nullopt where every name has one, and where the text is no string or the
/// list no array. Allocates nothing for a list of the usual size that has every name.
std::optional<std::string> names_without_item(const Placeholders& rule, const Pattern& pattern,
                                              json::Value object);

}  // namespace trackly::json_schema
