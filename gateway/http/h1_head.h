#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/message.h"
#include "gateway/http/codec.h"
#include "gateway/http/framing.h"

namespace trackly::http {

/// A request head as read. With a fault, `head` holds what could be read and the rest means
/// nothing.
struct RequestHead {
  Head head;
  Framing framing;
  std::optional<HeadFault> fault;
};

/// `text` is a head up to its empty line, or the part of one that has come.
RequestHead parse_request_head(std::string_view text, std::string_view scheme,
                               const CodecLimits& limits);

/// True for the part of a head that is too large already, so that its end need not be waited for.
bool is_oversized_head(std::string_view text, const CodecLimits& limits);

struct ResponseHead {
  Head head;
  Framing framing;
};

/// nullopt for a head that breaks a rule.
std::optional<ResponseHead> parse_response_head(std::string_view text,
                                                std::string_view request_method,
                                                const CodecLimits& limits);

// Writing. Heads come without their empty line, so that the connection's own fields can follow.

/// nullopt where control data could not be written without becoming something else.
std::optional<std::string> write_request_head(const Head& head);
std::string write_response_head(const Head& head);
/// Field lines, but for those that framing writes and those that no parser should see.
void append_fields(std::string& out, const FieldList& fields);

}  // namespace trackly::http
