#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/api/result.h"
#include "gateway/json/parse_error.h"

namespace trackly::json {

/// Resolves the escapes of a string's inside (RFC 8259 section 7) into `out`, which has room for
/// `text.size()` bytes; returns how many it wrote. A \u escape that is half of a surrogate pair
/// without its other half is refused: no UTF-8 stands for it, so readers would disagree.
Result<std::size_t, ParseFault> unescape(std::string_view text, char* out);

}  // namespace trackly::json
