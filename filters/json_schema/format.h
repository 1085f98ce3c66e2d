#pragma once

#include <string_view>

namespace trackly::json_schema {

/// Whether a string has a format of JSON Schema 2020-12 (validation, section 7.3).
using FormatCheck = bool (*)(std::string_view text);

/// nullptr for a format that is not known here: it can be named, but cannot assert.
FormatCheck find_format(std::string_view name);

bool is_ipv6(std::string_view text);

}  // namespace trackly::json_schema
