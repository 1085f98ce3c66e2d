#pragma once

#include <string>
#include <string_view>

#include "tests/support/gateway.h"

namespace trackly::test {

// The gateway's default limits.
inline constexpr std::size_t kUriBytes = 16 << 10;
inline constexpr std::size_t kHeaderBytes = 64 << 10;
inline constexpr std::size_t kHeaderCount = 100;

inline constexpr std::string_view kTrace =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Fields of every request here: nothing that goes upstream is left to chance.
inline const std::string kFields =
    "Host: gateway.test\r\n" + key_field() +
    "\r\nX-Request-Id: conformance\r\ntraceparent: " + std::string(kTrace) + "\r\n";

/// A request with that line and kFields.
inline std::string request(std::string_view line, std::string_view more_fields = {},
                           std::string_view body = {}) {
  return std::string(line) + "\r\n" + kFields + std::string(more_fields) + "\r\n" +
         std::string(body);
}

inline std::string get(std::string_view more_fields = {}) {
  return request("GET /x HTTP/1.1", more_fields);
}

inline std::string post(std::string_view more_fields, std::string_view body) {
  return request("POST /x HTTP/1.1", more_fields, body);
}

inline std::string post_chunks(std::string_view chunks) {
  return post("Transfer-Encoding: chunked\r\n", chunks);
}

/// With another Host, or none.
inline std::string with_host(std::string_view host_lines, std::string_view target = "/x") {
  return "GET " + std::string(target) + " HTTP/1.1\r\n" + std::string(host_lines) + key_field() +
         "\r\n\r\n";
}

/// A request that would show that something was smuggled.
inline const std::string kSmuggled = request("GET /smuggled HTTP/1.1");

}  // namespace trackly::test
