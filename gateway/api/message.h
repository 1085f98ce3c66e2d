#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/api/fields.h"

namespace trackly {

enum class Protocol : std::uint8_t { http10, http11, http2 };

/// "HTTP/1.0", "HTTP/1.1" or "HTTP/2".
constexpr std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::http10:
      return "HTTP/1.0";
    case Protocol::http11:
      return "HTTP/1.1";
    case Protocol::http2:
      return "HTTP/2";
  }
  return "";
}

/// The head of a request or of a response: control data (RFC 9110 section 6.2) and header fields,
/// independent of the protocol version that carried it.
///
/// What frames the message is not among `fields`: codecs take Content-Length and Transfer-Encoding
/// (and, on HTTP/1.1, Connection and what it names) out when they read and write their own when
/// they send, so that two readings of one length cannot exist.
struct Head {
  // Of a request.
  std::string method;
  std::string scheme;     // "http" or "https"
  std::string authority;  // Host or :authority as the client sent it
  std::string target;     // path and query as received, byte for byte; "*" for OPTIONS

  // Of a response.
  int status = 0;

  FieldList fields;

  /// The declared length of the body in bytes; absent when the sender did not say. A response to
  /// HEAD may carry a length although no body follows.
  std::optional<std::uint64_t> content_length;

  Protocol protocol = Protocol::http11;
};

/// RFC 9110 section 9.2.2.
constexpr bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS" || method == "TRACE";
}

}  // namespace trackly
