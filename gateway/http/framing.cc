#include "gateway/http/framing.h"

#include <algorithm>
#include <array>
#include <vector>

#include "gateway/api/ascii.h"

namespace trackly::http {
namespace {

constexpr bool is_alpha_or_digit(char c) {
  return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

constexpr bool contains(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

bool is_one_of(std::string_view name, const auto& names) {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view other) { return ascii_iequals(name, other); });
}

constexpr std::array<std::string_view, 8> kConnectionFields = {
    "connection", "content-length",    "keep-alive", "proxy-connection",
    "te",         "transfer-encoding", "upgrade",    "http2-settings"};

// What would frame, route or authorise a message must be known before its body.
constexpr std::array<std::string_view, 9> kNeverTrailers = {
    "host",          "trailer",       "content-encoding", "content-type", "content-range",
    "cache-control", "authorization", "expect",           "max-forwards"};

template <class Visit>
void for_each_list_item(std::string_view list, Visit visit) {
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view item = trim_ows(list.substr(0, comma));
    if (!item.empty()) visit(item);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  std::vector<std::string_view> names;  // views into the field list
};

std::optional<ConnectionOptions> read_connection(const FieldList& fields) {
  ConnectionOptions options;
  bool valid = true;
  for (const auto& field : fields) {
    if (!ascii_iequals(field.name, "connection")) continue;
    for_each_list_item(field.value, [&](std::string_view option) {
      valid = valid && is_token(option);
      if (ascii_iequals(option, "close")) {
        options.close = true;
      } else if (ascii_iequals(option, "keep-alive")) {
        options.keep_alive = true;
      } else {
        options.names.push_back(option);
      }
    });
  }
  if (!valid) return std::nullopt;
  return options;
}

std::optional<Framing> take_framing(FieldList& fields, Protocol protocol) {
  const auto options = read_connection(fields);
  if (!options) return std::nullopt;

  Framing framing;
  framing.close = options->close || (protocol == Protocol::http10 && !options->keep_alive);

  const std::size_t lengths = fields.count("content-length");
  const std::size_t codings = fields.count("transfer-encoding");
  // Equal repetitions may be merged (RFC 9112 section 6.3), but nobody honest sends them.
  if (lengths + codings > 1) return std::nullopt;
  if (codings == 1) {
    // HTTP/1.0 has no transfer codings: whoever adds one there was mistaken about the framing.
    if (protocol == Protocol::http10) return std::nullopt;
    if (!ascii_iequals(*fields.find("transfer-encoding"), "chunked")) return std::nullopt;
    framing.body.kind = BodyLength::Kind::chunked;
  }
  if (lengths == 1) {
    framing.content_length = parse_content_length(*fields.find("content-length"));
    if (!framing.content_length) return std::nullopt;
    framing.body = {BodyLength::Kind::known, *framing.content_length};
  }

  fields.remove_if([&](const FieldList::Field& field) {
    return is_connection_field(field.name) ||
           (!ascii_iequals(field.name, "host") && is_one_of(field.name, options->names));
  });
  return framing;
}

bool is_ip_literal(std::string_view text) {
  return text.size() > 2 && text.front() == '[' && text.back() == ']' &&
         std::all_of(text.begin() + 1, text.end() - 1,
                     [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; });
}

bool is_registered_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) {
        return false;
      }
      i += 2;
    } else if (!is_alpha_or_digit(text[i]) && !contains("-._~!$&'()*+,;=", text[i])) {
      return false;
    }
  }
  return true;
}

// Empty is the scheme's own (RFC 3986 section 3.2.3).
bool is_port(std::string_view text) {
  constexpr unsigned kHighest = 65535;
  unsigned port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
    if (port > kHighest) return false;
  }
  return true;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alpha_or_digit(c) || contains("!#$%&'*+-.^_`|~", c);
  });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

bool is_authority(std::string_view text) {
  std::string_view host = text;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
    host = text.substr(0, colon);
    if (host.empty() || !is_port(text.substr(colon + 1))) return false;
  }
  return is_ip_literal(host) || is_registered_name(host);
}

std::optional<std::uint64_t> parse_content_length(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (UINT64_MAX - digit) / 10) return std::nullopt;
    length = length * 10 + digit;
  }
  return length;
}

bool is_connection_field(std::string_view name) { return is_one_of(name, kConnectionFields); }

bool is_trailer_field(std::string_view name) {
  return is_token(name) && !is_connection_field(name) && !is_one_of(name, kNeverTrailers);
}

bool are_trailers(const FieldList& fields) {
  return std::all_of(fields.begin(), fields.end(), [](const FieldList::Field& field) {
    return is_trailer_field(field.name) && is_field_value(field.value);
  });
}

bool response_has_no_body(int status, std::string_view request_method) {
  return request_method == "HEAD" || status / 100 == 1 || status == 204 || status == 304;
}

std::optional<Framing> take_request_framing(FieldList& fields, Protocol protocol) {
  return take_framing(fields, protocol);
}

std::optional<Framing> take_response_framing(FieldList& fields, Protocol protocol, int status,
                                             std::string_view request_method) {
  auto framing = take_framing(fields, protocol);
  if (!framing) return std::nullopt;
  if (response_has_no_body(status, request_method)) {
    framing->body = {};
  } else if (framing->body.kind == BodyLength::Kind::none) {
    framing->body.kind = BodyLength::Kind::until_close;
    framing->close = true;
  }
  return framing;
}

std::optional<std::string> take_host(FieldList& fields, Protocol protocol) {
  const std::size_t count = fields.count("host");
  if (count == 0 && protocol == Protocol::http10) return std::string();
  if (count != 1) return std::nullopt;
  std::string host(*fields.find("host"));
  if (!is_authority(host)) return std::nullopt;
  fields.remove("host");
  return host;
}

}  // namespace trackly::http
