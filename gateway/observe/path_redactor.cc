#include "gateway/observe/path_redactor.h"

#include <algorithm>
#include <cstddef>

#include "gateway/api/ascii.h"
#include "gateway/api/key_text.h"

namespace trackly::observe {
namespace {

constexpr std::string_view kHidden = "*";
constexpr std::size_t kLongestName = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) {
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'z';
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                           hex_value(text[i + 2]) >= 0;
    out += is_escape ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]))
                     : text[i];
    if (is_escape) i += 2;
  }
  return out;
}

bool holds_a_key(std::string_view segment) {
  return has_key(segment) ||
         (segment.find('%') != std::string_view::npos && has_key(decoded(segment)));
}

/// Whether a segment is a number, an id or a secret rather than a name: "send", "v2", "oauth2" and
/// "2fa" are names, "14155556789", "3f1c9a2e" and "aGVsbG8gd29" are not.
bool looks_like_data(std::string_view segment) {
  constexpr std::ptrdiff_t kMostDigits = 3;
  constexpr std::size_t kShortest = 4;  // below it, "2fa" and "3ds" are no data
  constexpr std::size_t kShortestHex = 8;
  const auto is_hex = [](char c) { return hex_value(c) >= 0; };
  const auto is_letter_after_digit = [](char a, char b) { return is_digit(a) && is_letter(b); };
  return segment.size() > kLongestName ||
         std::count_if(segment.begin(), segment.end(), is_digit) > kMostDigits ||
         (segment.size() >= kShortest &&
          std::adjacent_find(segment.begin(), segment.end(), is_letter_after_digit) !=
              segment.end()) ||
         (segment.size() >= kShortestHex && std::all_of(segment.begin(), segment.end(), is_hex));
}

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (true) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

std::string joined(const std::vector<std::string_view>& segments) {
  std::string path(segments.front());
  for (std::size_t i = 1; i < segments.size(); ++i) path.append("/").append(segments[i]);
  return path;
}

bool is_sensitive_parameter(const Operation& operation, std::string_view segment) {
  return std::any_of(operation.parameters.begin(), operation.parameters.end(),
                     [segment](const Parameter& parameter) {
                       return parameter.in == Parameter::In::path && parameter.sensitive &&
                              segment == "{" + parameter.name + "}";
                     });
}

bool has_sensitive_parameter(const Operation& operation) {
  return std::any_of(operation.parameters.begin(), operation.parameters.end(),
                     [](const Parameter& parameter) {
                       return parameter.in == Parameter::In::path && parameter.sensitive;
                     });
}

}  // namespace

PathRedactor::PathRedactor(const ApiDescription& api) {
  for (const Operation& operation : api.operations) {
    if (has_sensitive_parameter(operation)) sensitive_.push_back(pattern_of(operation));
  }
}

PathRedactor::Pattern PathRedactor::pattern_of(const Operation& operation) {
  Pattern pattern;
  for (const std::string_view segment : segments_of(operation.path)) {
    pattern.push_back({.literal = std::string(segment),
                       .is_parameter = segment.starts_with('{'),
                       .is_sensitive = is_sensitive_parameter(operation, segment)});
  }
  return pattern;
}

/// Whether a path could be meant for an operation: another method, more segments or fewer.
bool PathRedactor::resembles(const std::vector<std::string_view>& segments,
                             const Pattern& pattern) {
  for (std::size_t i = 0; i < std::min(segments.size(), pattern.size()); ++i) {
    if (!pattern[i].is_parameter && decoded(segments[i]) != pattern[i].literal) return false;
  }
  return true;
}

bool PathRedactor::shows_all_of(std::string_view path, const Operation* operation) {
  return operation != nullptr && !operation->is_unknown && !has_sensitive_parameter(*operation) &&
         !holds_a_key(path);
}

std::string PathRedactor::redacted(std::string_view path, const Operation* operation) const {
  if (shows_all_of(path, operation)) return std::string(path);
  const bool is_described = operation != nullptr && !operation->is_unknown;
  const std::vector<std::string_view> segments = segments_of(path);
  std::vector<std::string_view> shown = segments;
  const auto hide = [&](const Pattern& pattern) {
    for (std::size_t i = 0; i < std::min(segments.size(), pattern.size()); ++i) {
      if (pattern[i].is_sensitive) shown[i] = kHidden;
    }
  };
  if (is_described) {
    hide(pattern_of(*operation));
  } else {
    for (const Pattern& pattern : sensitive_) {
      if (resembles(segments, pattern)) hide(pattern);
    }
  }
  for (std::string_view& segment : shown) {
    if (holds_a_key(segment) || (!is_described && looks_like_data(segment))) segment = kHidden;
  }
  return joined(shown);
}

std::string redacted_referer(std::string_view referer) {
  referer = referer.substr(0, referer.find_first_of("?#"));
  const std::size_t scheme_end = referer.find("://");
  const std::size_t host = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  const std::size_t path = std::min(referer.find('/', host), referer.size());
  std::string_view authority = referer.substr(host, path - host);
  authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 is 0: no user information
  std::vector<std::string_view> shown = segments_of(referer.substr(path));
  for (std::string_view& segment : shown) {
    if (holds_a_key(segment) || looks_like_data(segment)) segment = kHidden;
  }
  return without_keys(referer.substr(0, host)) + without_keys(authority) + joined(shown);
}

}  // namespace trackly::observe
