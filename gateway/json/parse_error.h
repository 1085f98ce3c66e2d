#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace trackly::json {

/// Why a text is not one unambiguous JSON document.
enum class ParseFault : std::uint8_t {
  empty,
  too_large,
  byte_order_mark,
  invalid_utf8,
  control_character,
  unclosed_string,
  invalid_escape,
  lone_surrogate,
  invalid_number,
  unexpected_token,
  duplicate_name,
  too_deep,
  trailing_bytes,
  root_not_object,
};

struct ParseError {
  static constexpr std::size_t kUnknownOffset = static_cast<std::size_t>(-1);

  ParseFault fault;
  /// Of the byte where the fault was found.
  std::size_t offset = kUnknownOffset;
};

/// A few words for people; never a part of the text.
constexpr std::string_view to_string(ParseFault fault) {
  switch (fault) {
    case ParseFault::empty:
      return "empty";
    case ParseFault::too_large:
      return "too large";
    case ParseFault::byte_order_mark:
      return "byte-order mark";
    case ParseFault::invalid_utf8:
      return "invalid UTF-8";
    case ParseFault::control_character:
      return "control character in a string";
    case ParseFault::unclosed_string:
      return "unclosed string";
    case ParseFault::invalid_escape:
      return "invalid escape";
    case ParseFault::lone_surrogate:
      return "lone surrogate";
    case ParseFault::invalid_number:
      return "invalid number";
    case ParseFault::unexpected_token:
      return "unexpected token";
    case ParseFault::duplicate_name:
      return "duplicate member name";
    case ParseFault::too_deep:
      return "nested too deeply";
    case ParseFault::trailing_bytes:
      return "bytes after the value";
    case ParseFault::root_not_object:
      return "not an object";
  }
  return "";
}

}  // namespace trackly::json
