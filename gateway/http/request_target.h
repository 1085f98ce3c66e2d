#pragma once

#include <string>
#include <string_view>

namespace trackly::http {

// A path is forwarded as it came, never normalised. So that the service cannot read another path
// than the one that was routed here, what programs are known to read differently is refused.

struct TargetParts {
  std::string_view path;
  std::string_view query;  // without "?"
};

/// Splits a request target in origin form at its first "?". The parts are views into `target`.
TargetParts split_target(std::string_view target);

/// False for a target that cannot be served as it stands: not in origin form, or with
///  * control bytes, spaces or a fragment anywhere,
///  * in the path: an empty or a dot segment, "/" or "\" or a control byte in encoded form, "\",
///    ";", a broken escape, or what is not UTF-8 once it is decoded.
bool is_unambiguous_target(std::string_view target);

/// One path segment, percent-decoded ("+" is a plus). Requires: its target is_unambiguous_target().
std::string decode_segment(std::string_view segment);

}  // namespace trackly::http
