#pragma once

#include <string>
#include <string_view>

#include "gateway/api/result.h"

namespace trackly::json_schema {

/// An ECMA-262 regular expression (with the `u` flag) in RE2's syntax: the two share most of it,
/// and differ in classes (\s, the dot), escapes (\uXXXX, \cX, \d in classes) and groups. Constructs
/// without a counterpart are faults.
Result<std::string> to_re2(std::string_view ecma);

}  // namespace trackly::json_schema
