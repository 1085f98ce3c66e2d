#include "gateway/observe/json_line.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace trackly::observe {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_continuation(std::string_view text, std::size_t at, unsigned low = 0x80,
                     unsigned high = 0xBF) {
  if (at >= text.size()) return false;
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte >= low && byte <= high;
}

/// The length of the well-formed UTF-8 sequence (Unicode table 3-7) that `text` begins with; 0
/// where it begins with something else.
std::size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return is_continuation(text, 1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return is_continuation(text, 1, low, high) && is_continuation(text, 2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return is_continuation(text, 1, low, high) && is_continuation(text, 2) &&
                   is_continuation(text, 3)
               ? 4
               : 0;
  }
  return 0;
}

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
}

void append_escaped(std::string& out, char c) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
    return;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

void append_padded(std::string& out, unsigned value, int width) {
  std::array<char, 10> digits{};
  for (int i = width; i > 0; value /= 10) {
    digits[static_cast<std::size_t>(--i)] = static_cast<char>('0' + value % 10);
  }
  out.append(digits.data(), static_cast<std::size_t>(width));
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;

    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out.append(kReplacement);
    } else if (length == 1) {
      append_escaped(out, text.front());
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

void append_milliseconds(std::string& out, Duration time) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  out += std::to_string(us / 1000);
  out += '.';
  append_padded(out, static_cast<unsigned>(us % 1000), 3);
}

void append_time(std::string& out, WallTime time) {
  using std::chrono::floor;
  const auto instant = floor<std::chrono::milliseconds>(time);
  const auto day = floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(instant - day);
  append_padded(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_padded(out, static_cast<unsigned>(clock.hours().count()), 2);
  out += ':';
  append_padded(out, static_cast<unsigned>(clock.minutes().count()), 2);
  out += ':';
  append_padded(out, static_cast<unsigned>(clock.seconds().count()), 2);
  out += '.';
  append_padded(out, static_cast<unsigned>(clock.subseconds().count()), 3);
  out += 'Z';
}

void JsonLine::text(std::string_view name, std::string_view value) {
  key(name);
  append_json_string(out_, value);
}

void JsonLine::boolean(std::string_view name, bool value) {
  key(name);
  out_ += value ? "true" : "false";
}

void JsonLine::milliseconds(std::string_view name, Duration value) {
  key(name);
  append_milliseconds(out_, value);
}

void JsonLine::time(std::string_view name, WallTime value) {
  key(name);
  out_ += '"';
  append_time(out_, value);
  out_ += '"';
}

void JsonLine::begin_object(std::string_view name) {
  key(name);
  out_ += '{';
}

void JsonLine::begin_array(std::string_view name) {
  key(name);
  out_ += '[';
}

void JsonLine::begin_item_object() {
  comma();
  out_ += '{';
}

void JsonLine::item_text(std::string_view value) {
  comma();
  append_json_string(out_, value);
}

/// `name` is one of ours and needs no escaping.
void JsonLine::key(std::string_view name) {
  comma();
  out_ += '"';
  out_.append(name);
  out_ += "\":";
}

void JsonLine::comma() {
  if (out_.back() != '{' && out_.back() != '[') out_ += ',';
}

}  // namespace trackly::observe
