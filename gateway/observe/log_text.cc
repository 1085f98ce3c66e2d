#include "gateway/observe/log_text.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <iterator>

namespace trackly::observe {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// The letter that stands for a control character in C; 0 where it has none.
char c_escape(char c) {
  switch (c) {
    case '\b':
      return 'b';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\v':
      return 'v';
    case '"':
    case '\\':
      return c;
    default:
      return 0;
  }
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  if (text.empty()) out += '-';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (const char letter = c_escape(c); letter != 0) {
      out += '\\';
      out += letter;
    } else if (byte >= 0x20 && byte < 0x7F) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

void append_clf_time(std::string& out, WallTime time) {
  using std::chrono::floor;
  const auto second = floor<std::chrono::seconds>(time);
  const auto day = floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  fmt::format_to(std::back_inserter(out), "[{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000]",
                 static_cast<unsigned>(date.day()),
                 kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                 clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace trackly::observe
