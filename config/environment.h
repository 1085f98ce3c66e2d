#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/result.h"

namespace trackly::config {

/// The value of an environment variable; absent where it is not set. Tests pass their own.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// `text` with ${NAME} and ${NAME:-default} replaced and $${ turned into ${. The default stands for
/// a variable that is not set or empty, as in a shell; it ends at the first "}". What a variable
/// holds is not searched again. A fault never repeats a value.
Result<std::string> substituted(std::string_view text, const Environment& environment);

}  // namespace trackly::config
