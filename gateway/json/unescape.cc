#include "gateway/json/unescape.h"

#include <cstdint>
#include <cstring>

#include "gateway/api/ascii.h"

namespace trackly::json {
namespace {

constexpr std::uint32_t kNotHex = 0xFFFFFFFF;

// The value of the four hexadecimal digits at the start of `text`.
std::uint32_t hex4(std::string_view text) {
  if (text.size() < 4) return kNotHex;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0) return kNotHex;
    value = value << 4 | static_cast<std::uint32_t>(digit);
  }
  return value;
}

constexpr bool is_high_surrogate(std::uint32_t unit) { return (unit & 0xFC00) == 0xD800; }
constexpr bool is_low_surrogate(std::uint32_t unit) { return (unit & 0xFC00) == 0xDC00; }

char* put_utf8(std::uint32_t code_point, char* out) {
  const auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
  return out;
}

// The character that a backslash and `c` stand for; '\0' where there is none.
constexpr char simple_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

// Reads a \u escape, or a pair of them, at the start of `text` and takes it off.
Result<std::uint32_t, ParseFault> take_unicode_escape(std::string_view& text) {
  const std::uint32_t unit = hex4(text.substr(2));
  if (unit == kNotHex) return ParseFault::invalid_escape;
  text.remove_prefix(6);
  if (is_low_surrogate(unit)) return ParseFault::lone_surrogate;
  if (!is_high_surrogate(unit)) return unit;
  if (!text.starts_with("\\u")) return ParseFault::lone_surrogate;
  const std::uint32_t low = hex4(text.substr(2));
  if (low == kNotHex) return ParseFault::invalid_escape;
  if (!is_low_surrogate(low)) return ParseFault::lone_surrogate;
  text.remove_prefix(6);
  return 0x10000 + ((unit & 0x3FF) << 10 | (low & 0x3FF));
}

}  // namespace

Result<std::size_t, ParseFault> unescape(std::string_view text, char* out) {
  char* const start = out;
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('\\'), text.size());
    std::memcpy(out, text.data(), plain);
    out += plain;
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (text.size() < 2) return ParseFault::invalid_escape;
    if (text[1] == 'u') {
      const auto code_point = take_unicode_escape(text);
      if (!code_point) return code_point.error();
      out = put_utf8(*code_point, out);
      continue;
    }
    const char character = simple_escape(text[1]);
    if (character == '\0') return ParseFault::invalid_escape;
    *out++ = character;
    text.remove_prefix(2);
  }
  return static_cast<std::size_t>(out - start);
}

}  // namespace trackly::json
