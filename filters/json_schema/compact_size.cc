#include "filters/json_schema/compact_size.h"

#include <numeric>
#include <string_view>

namespace trackly::json_schema {
namespace {

using json::Kind;
using json::Value;

/// RFC 8259 section 7: quotation marks, reverse solidi and control characters are escaped.
std::uint64_t size_in_string(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '\b':
    case '\f':
    case '\n':
    case '\r':
    case '\t':
      return 2;
    default:
      return static_cast<unsigned char>(c) < 0x20 ? 6 : 1;
  }
}

std::uint64_t string_size(std::string_view text) {
  return std::accumulate(text.begin(), text.end(), std::uint64_t{2},
                         [](std::uint64_t sum, char c) { return sum + size_in_string(c); });
}

/// Of an array or object: its brackets, and the commas between its parts.
std::uint64_t frame_size(std::size_t parts) { return parts == 0 ? 2 : parts + 1; }

}  // namespace

std::uint64_t compact_size(Value value) {
  switch (value.kind()) {
    case Kind::null:
    case Kind::boolean:
    case Kind::number:
      return value.bytes().size();
    case Kind::string:
      return string_size(value.string());
    case Kind::array: {
      std::uint64_t size = frame_size(value.size());
      for (const Value item : value.items()) size += compact_size(item);
      return size;
    }
    case Kind::object: {
      std::uint64_t size = frame_size(value.size());
      for (const json::Member member : value.members()) {
        size += string_size(member.name.string()) + 1 + compact_size(member.value);
      }
      return size;
    }
  }
  return 0;
}

}  // namespace trackly::json_schema
