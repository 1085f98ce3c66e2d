#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/fields.h"
#include "gateway/api/message.h"

namespace trackly::http {

// Where a message ends, which fields belong to one connection only, and what a field may contain:
// the rules that two parsers must not read differently (request smuggling), written once for both
// protocols and both sides. Whoever breaks one is refused, never repaired.

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text);
/// RFC 9110 section 5.5: no control byte but the tab; bytes from 0x80 on are opaque.
bool is_field_value(std::string_view text);
/// RFC 3986 host [":" port], without user information. Empty is a host too (RFC 9112 section 3.2).
bool is_authority(std::string_view text);
/// RFC 9112 section 6.3: digits only, no list, no overflow.
std::optional<std::uint64_t> parse_content_length(std::string_view text);

/// True for a field that describes one connection or the framing on it and is therefore never
/// forwarded (RFC 9110 section 7.6.1) but written anew.
bool is_connection_field(std::string_view name);
/// True for a field that a trailer section may hold (RFC 9110 section 6.5.1).
bool is_trailer_field(std::string_view name);
/// Fields of a trailer section; false where one of them may not stand there.
bool are_trailers(const FieldList& fields);

/// True where no body follows whatever the fields say (RFC 9112 section 6.3, rule 1).
bool response_has_no_body(int status, std::string_view request_method);

struct BodyLength {
  enum class Kind : std::uint8_t { none, known, chunked, until_close };
  Kind kind = Kind::none;
  std::uint64_t bytes = 0;  // of Kind::known
};

/// What the fields of an HTTP/1.x message say about its body and its connection.
struct Framing {
  BodyLength body;
  std::optional<std::uint64_t> content_length;  // as declared, also where no body follows
  bool close = false;                           // no further message on this connection
};

/// Reads the framing out of `fields` and removes every field that is_connection_field(), or that
/// Connection names; nullopt where it is ambiguous or malformed.
std::optional<Framing> take_request_framing(FieldList& fields, Protocol protocol);
std::optional<Framing> take_response_framing(FieldList& fields, Protocol protocol, int status,
                                             std::string_view request_method);

/// Removes Host and returns its value: empty where HTTP/1.0 has none, nullopt where it is missing,
/// repeated or malformed.
std::optional<std::string> take_host(FieldList& fields, Protocol protocol);

}  // namespace trackly::http
