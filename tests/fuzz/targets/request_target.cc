// Which targets are served, and as what. The input is a request target, and behind it decisions
// about another spelling of the same path.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/api/api_description.h"
#include "gateway/http/request_target.h"
#include "gateway/proxy/router.h"
#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/require.h"

namespace trackly::fuzz {
namespace {

using Segments = std::vector<std::string>;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// By decoding code points and encoding them again, in the one way there is.
bool is_utf8(const std::string& text) {
  const auto byte = [&text](std::size_t i) -> std::uint32_t {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0;
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::uint32_t lead = byte(i);
    const std::size_t size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    std::uint32_t point = size == 1 ? lead : lead & (0xffU >> (size + 1));
    if (lead >= 0x80 && (lead < 0xc0 || lead > 0xf7)) return false;
    for (std::size_t k = 1; k < size; ++k) {
      if ((byte(i + k) & 0xc0) != 0x80) return false;
      point = point << 6 | (byte(i + k) & 0x3f);
    }
    const std::size_t shortest = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (size != shortest || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
    i += size;
  }
  return true;
}

std::optional<std::string> decoded(const std::string& segment) {
  std::string text;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      text += segment[i];
    } else if (i + 2 < segment.size() && digit(segment[i + 1]) >= 0 && digit(segment[i + 2]) >= 0) {
      text += static_cast<char>(digit(segment[i + 1]) * 16 + digit(segment[i + 2]));
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return text;
}

/// The decoded segments of a target that can be served, by the rules as request_target.h has them.
std::optional<Segments> plain_reading(std::string_view target) {
  for (const char c : target) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '#') return std::nullopt;
  }
  std::string path(target.substr(0, target.find('?')));
  if (path.empty() || path.front() != '/') return std::nullopt;
  Segments segments;
  std::size_t begin = 1;
  while (true) {
    const std::size_t end = path.find('/', begin);
    const std::string segment = path.substr(begin, end == std::string::npos ? end : end - begin);
    if (segment.empty() && end != std::string::npos) return std::nullopt;
    if (segment.find(';') != std::string::npos) return std::nullopt;
    const auto text = decoded(segment);
    if (!text || *text == "." || *text == ".." || !is_utf8(*text)) return std::nullopt;
    for (const char c : *text) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/' || c == '\\')
        return std::nullopt;
    }
    segments.push_back(*text);
    if (end == std::string::npos) return segments;
    begin = end + 1;
  }
}

Segments segments_of(std::string_view path) {
  Segments segments;
  path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    segments.push_back(http::decode_segment(path.substr(0, slash)));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

/// The same path, other bytes: each character as it is or as an escape.
std::string other_spelling(const Segments& segments, Input& decisions) {
  static constexpr std::string_view kLower = "0123456789abcdef";
  static constexpr std::string_view kUpper = "0123456789ABCDEF";
  std::string path;
  for (const std::string& segment : segments) {
    path += '/';
    for (const char c : segment) {
      const auto byte = static_cast<std::uint8_t>(c);
      const bool must = byte <= 0x20 || byte >= 0x7f ||
                        std::string_view("%/\\;?#").find(c) != std::string_view::npos;
      if (!must && !decisions.flag()) {
        path += c;
        continue;
      }
      const std::string_view digits = decisions.flag() ? kLower : kUpper;
      path += '%';
      path += digits[byte / 16];
      path += digits[byte % 16];
    }
  }
  return path;
}

ApiDescription& small_api() {
  static ApiDescription api;
  if (!api.operations.empty()) return api;
  for (const char* path : {"/", "/a", "/a/", "/a/b", "/a/{x}", "/{x}/b", "/a/{x}/c", "/a.b/+/~"}) {
    for (const char* method : {"GET", "POST"}) {
      Operation operation;
      operation.method = method;
      operation.path = path;
      api.operations.push_back(operation);
    }
  }
  return api;
}

void require_same_route(std::string_view one, std::string_view other) {
  static const proxy::Router kRouter(small_api());
  for (const char* method : {"GET", "POST", "HEAD", "PUT"}) {
    const auto a = kRouter.match(method, one);
    const auto b = kRouter.match(method, other);
    require(a.operation == b.operation, "a rule cannot be dodged by another spelling");
    require(a.operation == nullptr || a.values == b.values, "the same values");
  }
}

void run(Input input) {
  Input decisions = input.tail(16);
  const std::string_view target = input.rest();
  const auto expected = plain_reading(target);
  require(http::is_unambiguous_target(target) == expected.has_value(),
          "served or refused as the plain reading says");
  const auto [path, query] = http::split_target(target);
  require(path.size() + query.size() + (path.size() == target.size() ? 0 : 1) == target.size(),
          "path and query are the target");
  if (!expected) return;

  require(target.find_first_of(std::string_view("\0\r\n #", 5)) == std::string_view::npos,
          "no line end, NUL, space or fragment");
  require(segments_of(path) == *expected, "the same segments");
  const std::string spelled = other_spelling(*expected, decisions);
  require(http::is_unambiguous_target(spelled), "another spelling is served, too: " + spelled);
  require(segments_of(spelled) == *expected, "as the same segments: " + spelled);
  require_same_route(path, spelled);
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
