#pragma once

#include <string>
#include <string_view>

namespace trackly {

// API keys ("trk_" and 32 letters or digits) are written down nowhere, wherever a client or an
// operator put one by mistake.

/// Whether anything in `text` looks like an API key, or the beginning of one.
bool has_key(std::string_view text);

/// `text` with "*" in place of all that does.
std::string without_keys(std::string_view text);

}  // namespace trackly
