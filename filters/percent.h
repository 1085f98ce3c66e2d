#pragma once

#include <string>
#include <string_view>

namespace trackly::filters {

/// `text` with %XX resolved (RFC 3986 section 2.1); a broken escape stays as it is, and "+" is a
/// plus.
std::string percent_decoded(std::string_view text);

}  // namespace trackly::filters
