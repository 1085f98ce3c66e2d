#include "filters/json_schema/uri.h"

#include <algorithm>

#include "filters/json_schema/format.h"
#include "gateway/api/ascii.h"

namespace trackly::json_schema {
namespace {

constexpr std::string_view kSubDelims = "!$&'()*+,;=";

bool is_alpha(char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 3986 section 5.2.4.
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  const auto drop_last_segment = [&out] {
    const std::size_t slash = out.rfind('/');
    out.erase(slash == std::string::npos ? 0 : slash);
  };
  while (!path.empty()) {
    if (path.starts_with("../")) {
      path.remove_prefix(3);
    } else if (path.starts_with("./") || path.starts_with("/./")) {
      path.remove_prefix(2);
    } else if (path == "/.") {
      path = "/";
    } else if (path.starts_with("/../")) {
      path.remove_prefix(3);
      drop_last_segment();
    } else if (path == "/..") {
      path = "/";
      drop_last_segment();
    } else if (path == "." || path == "..") {
      break;
    } else {
      const std::size_t end = std::min(path.find('/', 1), path.size());
      out += path.substr(0, end);
      path.remove_prefix(end);
    }
  }
  return out;
}

// RFC 3986 section 5.2.3.
std::string merge_paths(const Uri& base, std::string_view path) {
  if (base.has_authority && base.path.empty()) return "/" + std::string(path);
  const std::size_t slash = base.path.rfind('/');
  return std::string(base.path.substr(0, slash == std::string_view::npos ? 0 : slash + 1)) +
         std::string(path);
}

// Unreserved, percent-encoded and sub-delims (section 2), and what `extra` adds.
bool all_allowed(std::string_view text, std::string_view extra) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) {
        return false;
      }
      i += 2;
    } else if (!is_alpha(c) && !is_digit(c) &&
               std::string_view("-._~").find(c) == std::string_view::npos &&
               kSubDelims.find(c) == std::string_view::npos &&
               extra.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool is_authority(std::string_view text) {
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (!all_allowed(text.substr(0, at), ":")) return false;
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    const std::string_view address = text.substr(1, close - 1);
    const bool is_future = address.starts_with('v') && all_allowed(address, ":");
    if (!is_future && !is_ipv6(address)) return false;
    port = text.substr(close + 1);
    if (!port.empty() && port.front() != ':') return false;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    if (!all_allowed(text.substr(0, colon), "")) return false;
    port = text.substr(colon);
  }
  return port.empty() || std::all_of(port.begin() + 1, port.end(), is_digit);
}

}  // namespace

Uri Uri::split(std::string_view text) {
  Uri uri;
  if (const std::size_t hash = text.find('#'); hash != std::string_view::npos) {
    uri.has_fragment = true;
    uri.fragment = text.substr(hash + 1);
    text = text.substr(0, hash);
  }
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    uri.has_query = true;
    uri.query = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  const std::size_t colon = text.find(':');
  const std::string_view scheme = text.substr(0, colon);
  if (colon != std::string_view::npos && !scheme.empty() && is_alpha(scheme.front()) &&
      std::all_of(scheme.begin(), scheme.end(), [](char c) {
        return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
      })) {
    uri.has_scheme = true;
    uri.scheme = scheme;
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    uri.has_authority = true;
    const std::size_t end = std::min(text.find('/', 2), text.size());
    uri.authority = text.substr(2, end - 2);
    text.remove_prefix(end);
  }
  uri.path = text;
  return uri;
}

std::string resolve_uri(std::string_view base_text, std::string_view reference_text) {
  const Uri base = Uri::split(base_text);
  const Uri reference = Uri::split(reference_text);
  const bool own_authority = reference.has_scheme || reference.has_authority;
  const Uri& authority_from = own_authority ? reference : base;
  const bool own_path = own_authority || !reference.path.empty();

  std::string path;
  if (!own_path) {
    path = base.path;
  } else if (own_authority || reference.path.starts_with('/')) {
    path = remove_dot_segments(reference.path);
  } else {
    path = remove_dot_segments(merge_paths(base, reference.path));
  }
  const Uri& query_from = own_path || reference.has_query ? reference : base;

  std::string out;
  const Uri& scheme_from = reference.has_scheme ? reference : base;
  if (scheme_from.has_scheme) out.append(scheme_from.scheme).append(":");
  if (authority_from.has_authority) out.append("//").append(authority_from.authority);
  out += path;
  if (query_from.has_query) out.append("?").append(query_from.query);
  if (reference.has_fragment) out.append("#").append(reference.fragment);
  return out;
}

bool is_uri(std::string_view text) {
  const Uri uri = Uri::split(text);
  return uri.has_scheme && (!uri.has_authority || is_authority(uri.authority)) &&
         all_allowed(uri.path, ":@/") && all_allowed(uri.query, ":@/?") &&
         all_allowed(uri.fragment, ":@/?");
}

}  // namespace trackly::json_schema
