#pragma once

#include <string_view>

namespace trackly::json {

/// Whether `text` has the documented shape of an error: a JSON object with a string member `error`.
/// Parses it with memory of its own, so it is for answers that have failed anyway.
bool is_error_object(std::string_view text);

}  // namespace trackly::json
