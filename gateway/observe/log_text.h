#pragma once

#include <string>
#include <string_view>

#include "gateway/api/loop.h"

namespace trackly::observe {

// How lines that are not JSON are written: as Apache's httpd does it.

/// Appends `text` with `"`, `\` and everything but printable ASCII escaped (\", \\, \n, \x7f), or
/// "-" where it is empty: whatever a client sent, a line stays one line, and its quotes its own.
void append_escaped(std::string& out, std::string_view text);

/// Appends "[14/Mar/2025:09:26:53 +0000]". UTC.
void append_clf_time(std::string& out, WallTime time);

}  // namespace trackly::observe
