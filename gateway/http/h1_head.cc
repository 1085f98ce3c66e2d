#include "gateway/http/h1_head.h"

#include <algorithm>
#include <utility>

#include "gateway/api/ascii.h"
#include "gateway/http/h1_fields.h"
#include "gateway/http/request_target.h"

namespace trackly::http {
namespace {

constexpr std::string_view kCrlf = "\r\n";

// A later minor version is served as the last that we know (RFC 9110 section 2.5).
std::optional<Protocol> parse_version(std::string_view text) {
  constexpr std::string_view kMajor = "HTTP/1.";
  if (text.size() != kMajor.size() + 1 || !text.starts_with(kMajor)) return std::nullopt;
  const char minor = text.back();
  if (minor < '0' || minor > '9') return std::nullopt;
  return minor == '0' ? Protocol::http10 : Protocol::http11;
}

bool is_visible_char(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_visible_char);
}

// method SP request-target SP HTTP-version (RFC 9112 section 3), exactly one space each.
bool read_request_line(std::string_view line, Head& head) {
  const std::size_t first = line.find(' ');
  const std::size_t second = line.rfind(' ');
  if (first == std::string_view::npos || first == second) return false;
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, second - first - 1);
  const auto version = parse_version(line.substr(second + 1));
  if (!is_token(method) || !version || target.empty() || !is_visible(target)) return false;
  head.method = method;
  head.target = target;
  head.protocol = *version;
  return true;
}

// Of a line that is too long, what tells the log who asked for what, and where that belongs.
void keep_beginning(std::string_view line, const CodecLimits& limits, Head& head) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !is_token(line.substr(0, space))) return;
  head.method = line.substr(0, space);
  const std::string_view target = line.substr(space + 1, limits.uri_bytes);
  const auto end = std::find_if_not(target.begin(), target.end(), is_visible_char);
  head.target.assign(target.begin(), end);
}

// "http://host/path" (RFC 9112 section 3.2.2): the authority counts instead of Host.
bool split_absolute_form(Head& head) {
  const std::size_t colon = head.target.find("://");
  if (colon == std::string::npos) return false;
  const std::string_view scheme = std::string_view(head.target).substr(0, colon);
  if (!ascii_iequals(scheme, "http") && !ascii_iequals(scheme, "https")) return false;
  const std::string rest = head.target.substr(colon + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  head.authority = rest.substr(0, end);
  head.target = rest.substr(end);
  if (head.target.empty() && head.method == "OPTIONS") {
    head.target = "*";
  } else if (head.target.empty() || head.target.front() == '?') {
    head.target.insert(0, "/");
  }
  return !head.authority.empty() && is_authority(head.authority);
}

bool resolve_target(Head& head) {
  if (head.method == "CONNECT") {
    head.authority = std::exchange(head.target, {});
    return is_authority(head.authority);
  }
  if (head.target.front() != '/' && head.target != "*" && !split_absolute_form(head)) return false;
  return head.target == "*" ? head.method == "OPTIONS" : is_unambiguous_target(head.target);
}

bool read_request_fields(RequestHead& request) {
  Head& head = request.head;
  auto host = take_host(head.fields, head.protocol);
  if (!host) return false;
  head.authority = *std::move(host);
  const auto framing = take_request_framing(head.fields, head.protocol);
  if (!framing) return false;
  request.framing = *framing;
  head.content_length = framing->content_length;
  return resolve_target(head);
}

std::size_t max_request_line(const CodecLimits& limits) {
  // "GET " and " HTTP/1.1" around the target, and room for a longer method.
  constexpr std::size_t kAroundTarget = 64;
  return std::min(limits.uri_bytes + kAroundTarget, limits.header_bytes);
}

std::optional<HeadFault> read_request(std::string_view text, const CodecLimits& limits,
                                      RequestHead& request) {
  const std::size_t line_end = text.find(kCrlf);
  const std::string_view line = text.substr(0, line_end);
  if (line.size() > max_request_line(limits)) {
    keep_beginning(line, limits, request.head);
    return HeadFault::uri_too_long;
  }
  if (line_end == std::string_view::npos) return HeadFault::malformed;
  if (!read_request_line(line, request.head)) return HeadFault::malformed;
  if (request.head.target.size() > limits.uri_bytes) return HeadFault::uri_too_long;
  if (text.size() > limits.header_bytes) return HeadFault::head_too_large;
  switch (parse_fields(text.substr(line_end + kCrlf.size()), limits.header_count,
                       request.head.fields)) {
    case FieldsFault::none:
      break;
    case FieldsFault::malformed:
      return HeadFault::malformed;
    case FieldsFault::too_many:
      return HeadFault::head_too_large;
  }
  if (!read_request_fields(request)) return HeadFault::malformed;
  return std::nullopt;
}

// HTTP-version SP status-code SP [reason] (RFC 9112 section 4); servers that leave out the last
// space with the reason are common.
bool read_status_line(std::string_view line, Head& head) {
  constexpr std::size_t kVersion = 8;
  constexpr std::size_t kCode = 3;
  const auto version = parse_version(line.substr(0, kVersion));
  if (!version || line.size() < kVersion + 1 + kCode || line[kVersion] != ' ') return false;
  const std::string_view code = line.substr(kVersion + 1, kCode);
  const std::string_view rest = line.substr(kVersion + 1 + kCode);
  const bool digits =
      std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || code.front() < '1' || code.front() > '5') return false;
  if (!rest.empty() && (rest.front() != ' ' || !is_field_value(rest))) return false;
  head.status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
  head.protocol = *version;
  return true;
}

std::string_view reason_phrase(int status) {
  static constexpr std::pair<int, std::string_view> kReasons[] = {
      {100, "Continue"},
      {103, "Early Hints"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {402, "Payment Required"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  };
  for (const auto& [code, reason] : kReasons) {
    if (code == status) return reason;
  }
  return "";
}

}  // namespace

RequestHead parse_request_head(std::string_view text, std::string_view scheme,
                               const CodecLimits& limits) {
  RequestHead request;
  request.head.scheme = scheme;
  request.fault = read_request(text, limits, request);
  return request;
}

bool is_oversized_head(std::string_view text, const CodecLimits& limits) {
  std::string_view line = text.substr(0, text.find(kCrlf));
  // The line end may have come by half.
  if (line.size() == text.size() && line.ends_with('\r')) line.remove_suffix(1);
  return text.size() > limits.header_bytes || line.size() > max_request_line(limits);
}

std::optional<ResponseHead> parse_response_head(std::string_view text,
                                                std::string_view request_method,
                                                const CodecLimits& limits) {
  ResponseHead response;
  Head& head = response.head;
  const std::size_t line_end = text.find(kCrlf);
  if (line_end == std::string_view::npos || text.size() > limits.header_bytes) return std::nullopt;
  if (!read_status_line(text.substr(0, line_end), head)) return std::nullopt;
  const std::string_view lines = text.substr(line_end + kCrlf.size());
  if (parse_fields(lines, limits.header_count, head.fields) != FieldsFault::none) {
    return std::nullopt;
  }
  const auto framing =
      take_response_framing(head.fields, head.protocol, head.status, request_method);
  if (!framing) return std::nullopt;
  response.framing = *framing;
  head.content_length = framing->content_length;
  return response;
}

std::optional<std::string> write_request_head(const Head& head) {
  const bool writable = is_token(head.method) && !head.target.empty() && is_visible(head.target) &&
                        is_authority(head.authority);
  if (!writable) return std::nullopt;
  std::string text;
  text.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\nHost: ");
  text.append(head.authority).append(kCrlf);
  append_fields(text, head.fields);
  return text;
}

std::string write_response_head(const Head& head) {
  std::string text = "HTTP/1.1 ";
  text.append(std::to_string(head.status)).append(" ").append(reason_phrase(head.status));
  text.append(kCrlf);
  append_fields(text, head.fields);
  return text;
}

void append_fields(std::string& out, const FieldList& fields) {
  for (const auto& [name, value] : fields) {
    if (is_connection_field(name) || ascii_iequals(name, "host")) continue;
    if (!is_token(name) || !is_field_value(value)) continue;
    out.append(name).append(": ").append(value).append(kCrlf);
  }
}

}  // namespace trackly::http
