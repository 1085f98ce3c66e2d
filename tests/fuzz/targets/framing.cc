// Where a message ends, and what of its head goes on. The input is lines of a head without line
// ends of HTTP, so that what is odd about it is odd about the fields, and behind it decisions.

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gateway/http/framing.h"
#include "gateway/http/h1_head.h"
#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/require.h"
#include "tests/fuzz/support/strict_http.h"

namespace trackly::fuzz {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;
using Kind = http::BodyLength::Kind;

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

std::vector<std::string> split(std::string text, char at) {
  std::vector<std::string> parts;
  for (std::size_t end = 0; (end = text.find(at)) != std::string::npos; text.erase(0, end + 1)) {
    parts.push_back(text.substr(0, end));
  }
  parts.push_back(text);
  return parts;
}

Pairs fields_of(std::string_view lines) {
  Pairs fields;
  for (const std::string& line : split(std::string(lines), '\n')) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string name = line.substr(0, colon);
    const std::string value = trimmed(line.substr(std::min(colon + 1, line.size())));
    // Parsers hand over nothing else.
    if (http::is_token(name) && http::is_field_value(value)) fields.emplace_back(name, value);
  }
  return fields;
}

FieldList as_list(const Pairs& pairs) {
  FieldList list;
  for (const auto& [name, value] : pairs) list.add(name, value);
  return list;
}

Pairs as_pairs(const FieldList& list) {
  Pairs pairs;
  for (const auto& [name, value] : list) pairs.emplace_back(name, value);
  return pairs;
}

/// RFC 9112 section 6.3 and RFC 9110 section 7.6.1 in the plainest way, with the gateway's own
/// strictness: one length or one coding, and no list of either.
struct Reading {
  bool valid = true;
  Kind kind = Kind::none;
  std::string length;  // digits without leading zeros
  bool close = false;
  Pairs kept;
};

std::vector<std::string> connection_options(const Pairs& fields, bool& valid) {
  std::vector<std::string> options;
  for (const auto& [name, value] : fields) {
    if (lower(name) != "connection") continue;
    for (const std::string& part : split(value, ',')) {
      const std::string option = lower(trimmed(part));
      if (option.empty()) continue;
      valid = valid && http::is_token(option);
      options.push_back(option);
    }
  }
  return options;
}

Reading plain_reading(const Pairs& fields, bool is_http10) {
  Reading reading;
  const auto options = connection_options(fields, reading.valid);
  const auto has = [&options](const std::string& option) {
    return std::find(options.begin(), options.end(), option) != options.end();
  };
  reading.close = has("close") || (is_http10 && !has("keep-alive"));
  int framings = 0;
  for (const auto& [name, value] : fields) {
    const std::string key = lower(name);
    if (key == "transfer-encoding") {
      ++framings;
      reading.kind = Kind::chunked;
      if (lower(value) != "chunked" || is_http10) reading.valid = false;
    } else if (key == "content-length") {
      ++framings;
      reading.kind = Kind::known;
      const bool digits = value.find_first_not_of("0123456789") == std::string::npos;
      if (value.empty() || !digits) reading.valid = false;
      reading.length = value.substr(std::min(value.find_first_not_of('0'), value.size()));
      const std::string largest = std::to_string(UINT64_MAX);
      if (reading.length.size() > largest.size() ||
          (reading.length.size() == largest.size() && reading.length > largest)) {
        reading.valid = false;
      }
    }
    static const std::vector<std::string> kHop = {
        "connection", "content-length",    "keep-alive", "proxy-connection",
        "te",         "transfer-encoding", "upgrade",    "http2-settings"};
    const bool is_hop = std::find(kHop.begin(), kHop.end(), key) != kHop.end();
    const bool is_named = key != "host" && key != "close" && key != "keep-alive" && has(key);
    if (!is_hop && !is_named) reading.kept.emplace_back(name, value);
  }
  if (framings > 1) reading.valid = false;
  return reading;
}

void check_framing(const Pairs& fields, Input& decisions) {
  const Protocol protocol = decisions.flag() ? Protocol::http10 : Protocol::http11;
  const Reading expected = plain_reading(fields, protocol == Protocol::http10);
  FieldList list = as_list(fields);
  const auto framing = http::take_request_framing(list, protocol);
  require(framing.has_value() == expected.valid, "accepted or refused as the plain reading says");
  if (framing) {
    require(framing->body.kind == expected.kind, "the same kind of length");
    require(framing->close == expected.close, "the same end of the connection");
    require(as_pairs(list) == expected.kept, "the same fields go on");
    const std::string length = expected.length.empty() ? "0" : expected.length;
    require(expected.kind != Kind::known || std::to_string(framing->body.bytes) == length,
            "the same length");
  }

  static constexpr int kStatuses[] = {200, 204, 304, 100, 500};
  const int status = decisions.pick(kStatuses);
  const std::string_view method = decisions.flag() ? "HEAD" : "GET";
  FieldList of_response = as_list(fields);
  const auto response = http::take_response_framing(of_response, protocol, status, method);
  require(response.has_value() == expected.valid, "answers are read by the same rules");
  if (!response) return;
  const bool bodiless = method == "HEAD" || status == 100 || status == 204 || status == 304;
  const Kind kind = bodiless                      ? Kind::none
                    : expected.kind == Kind::none ? Kind::until_close
                                                  : expected.kind;
  require(response->body.kind == kind, "an answer's length");
  require(response->close == (expected.close || kind == Kind::until_close), "an answer's end");
}

void check_host(const Pairs& fields) {
  FieldList list = as_list(fields);
  const auto host = http::take_host(list, Protocol::http11);
  std::size_t hosts = 0;
  for (const auto& [name, value] : fields) hosts += lower(name) == "host" ? 1U : 0U;
  require(!host || hosts == 1, "one Host");
  require(!host || list.count("host") == 0, "Host is taken out");
  require(!host || host->find_first_of(std::string_view("\0\r\n /?#@\\", 9)) == std::string::npos,
          "an authority is no more than that");
}

/// What is accepted and written is read as the same again.
void check_round_trip(std::string_view start_line, const Pairs& fields) {
  http::CodecLimits limits;
  limits.uri_bytes = 1024;
  std::string text = std::string(start_line) + "\r\n";
  for (const auto& [name, value] : fields) text += name + ":" + value + "\r\n";
  const auto first = http::parse_request_head(text + "\r\n", "http", limits);
  if (first.fault || first.head.method == "CONNECT") return;

  auto written = http::write_request_head(first.head);
  require(written.has_value(), "what is accepted can be written: " + text);
  if (first.framing.body.kind == Kind::chunked) *written += "Transfer-Encoding: chunked\r\n";
  if (first.framing.body.kind == Kind::known) {
    *written += "Content-Length: " + std::to_string(first.framing.body.bytes) + "\r\n";
  }
  ++limits.header_count;  // Host is written for those that had none
  const auto second = http::parse_request_head(*written + "\r\n", "http", limits);
  require(!second.fault, "what is written is accepted: " + *written);
  require(second.head.method == first.head.method && second.head.target == first.head.target &&
              second.head.authority == first.head.authority,
          "the same request: " + *written);
  require(as_pairs(second.head.fields) == as_pairs(first.head.fields),
          "the same fields: " + *written);
  require(second.framing.body.kind == first.framing.body.kind &&
              second.framing.body.bytes == first.framing.body.bytes,
          "the same length: " + *written);
}

void run(Input input) {
  Input decisions = input.tail(4);
  const std::string_view text = input.rest();
  const std::size_t end = std::min(text.find('\n'), text.size());
  const Pairs fields = fields_of(text.substr(std::min(end + 1, text.size())));
  check_framing(fields, decisions);
  check_host(fields);
  check_round_trip(text.substr(0, end), fields);
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
