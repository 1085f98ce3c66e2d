#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <string>
#include <string_view>

#include "gateway/api/loop.h"

namespace trackly::observe {

/// Writes one line of JSON, field after field, at the end of a string. Calls nest as the JSON does:
/// an array's items and an object's fields stand between its begin and its end.
class JsonLine {
 public:
  explicit JsonLine(std::string& out) : out_(out) { out_ += '{'; }

  void text(std::string_view name, std::string_view value);
  void boolean(std::string_view name, bool value);
  template <std::integral Number>
  void number(std::string_view name, Number value) {
    key(name);
    append_number(value);
  }
  /// With three decimals.
  void milliseconds(std::string_view name, Duration value);
  /// RFC 3339, UTC, with milliseconds.
  void time(std::string_view name, WallTime value);

  void begin_object(std::string_view name);
  void begin_array(std::string_view name);
  void begin_item_object();
  void item_text(std::string_view value);
  void end_object() { out_ += '}'; }
  void end_array() { out_ += ']'; }

  /// Ends the object and the line.
  void end() { out_ += "}\n"; }

 private:
  void key(std::string_view name);
  void comma();
  template <std::integral Number>
  void append_number(Number value) {
    char digits[24];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    out_.append(digits, end);
  }

  std::string& out_;
};

/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, so that
/// every line can be read, whatever a client sent.
void append_json_string(std::string& out, std::string_view text);

/// Appends "12.345": milliseconds with three decimals.
void append_milliseconds(std::string& out, Duration time);

/// Appends "2025-03-14T09:26:53.589Z".
void append_time(std::string& out, WallTime time);

}  // namespace trackly::observe
