#pragma once

#include <string_view>

namespace trackly::config {

// What operators may name a field; names are compared without case.

/// RFC 9110 section 5.1.
bool is_field_name(std::string_view name);

/// A field that frames a message or belongs to one connection; codecs write these.
bool is_framing_field(std::string_view name);

/// A field of requests with a meaning of its own: it routes or describes the message, says who sent
/// it, or is set by the gateway.
bool is_request_field_in_use(std::string_view name);

}  // namespace trackly::config
