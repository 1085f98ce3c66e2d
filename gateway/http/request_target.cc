#include "gateway/http/request_target.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "gateway/api/ascii.h"

namespace trackly::http {
namespace {

constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

// The bytes after a lead byte, and the range of the first of them, which is what excludes overlong
// forms, surrogates and values above U+10FFFF (Unicode 15, table 3-7).
struct Utf8Sequence {
  std::size_t followers;
  std::uint8_t low;
  std::uint8_t high;
};

std::optional<Utf8Sequence> utf8_sequence(std::uint8_t lead) {
  if (lead < 0x80) return Utf8Sequence{0, 0, 0};
  if (lead >= 0xc2 && lead <= 0xdf) return Utf8Sequence{1, 0x80, 0xbf};
  if (lead == 0xe0) return Utf8Sequence{2, 0xa0, 0xbf};
  if (lead == 0xed) return Utf8Sequence{2, 0x80, 0x9f};
  if (lead >= 0xe1 && lead <= 0xef) return Utf8Sequence{2, 0x80, 0xbf};
  if (lead == 0xf0) return Utf8Sequence{3, 0x90, 0xbf};
  if (lead >= 0xf1 && lead <= 0xf3) return Utf8Sequence{3, 0x80, 0xbf};
  if (lead == 0xf4) return Utf8Sequence{3, 0x80, 0x8f};
  return std::nullopt;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto sequence = utf8_sequence(static_cast<std::uint8_t>(text.front()));
    if (!sequence || text.size() <= sequence->followers) return false;
    for (std::size_t i = 1; i <= sequence->followers; ++i) {
      const auto byte = static_cast<std::uint8_t>(text[i]);
      const std::uint8_t low = i == 1 ? sequence->low : 0x80;
      const std::uint8_t high = i == 1 ? sequence->high : 0xbf;
      if (byte < low || byte > high) return false;
    }
    text.remove_prefix(sequence->followers + 1);
  }
  return true;
}

bool is_unambiguous_segment(std::string_view segment) {
  if (segment.find_first_of(";\\") != std::string_view::npos) return false;
  const auto decoded = percent_decoded(segment);
  if (!decoded || *decoded == "." || *decoded == "..") return false;
  return decoded->find_first_of("/\\") == std::string::npos &&
         std::none_of(decoded->begin(), decoded->end(), is_control) && is_utf8(*decoded);
}

bool is_unambiguous_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  path.remove_prefix(1);
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (slash == 0 || !is_unambiguous_segment(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
  return true;  // "/", or a trailing slash
}

}  // namespace

TargetParts split_target(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

bool is_unambiguous_target(std::string_view target) {
  const bool plain = std::none_of(target.begin(), target.end(),
                                  [](char c) { return is_control(c) || c == ' ' || c == '#'; });
  return plain && is_unambiguous_path(split_target(target).path);
}

std::string decode_segment(std::string_view segment) {
  return percent_decoded(segment).value_or(std::string(segment));
}

}  // namespace trackly::http
