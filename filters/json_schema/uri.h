#pragma once

#include <string>
#include <string_view>

namespace trackly::json_schema {

/// The parts of a URI reference (RFC 3986 section 3); an absent part and an empty one differ.
struct Uri {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view query;
  std::string_view fragment;
  bool has_scheme = false;
  bool has_authority = false;
  bool has_query = false;
  bool has_fragment = false;

  /// Splits; never fails. The parts are views into `text`.
  static Uri split(std::string_view text);
};

/// `reference` relative to `base` (RFC 3986 section 5.2).
std::string resolve_uri(std::string_view base, std::string_view reference);

/// Whether `text` is a URI, with a scheme, in the grammar of RFC 3986.
bool is_uri(std::string_view text);

}  // namespace trackly::json_schema
