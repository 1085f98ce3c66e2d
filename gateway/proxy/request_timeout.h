#pragma once

#include <optional>
#include <string_view>

#include "gateway/api/loop.h"

namespace trackly::proxy {

/// What a client says in the field of UpstreamSettings::timeout_field: a whole number of
/// milliseconds, or one with "ms", "s" or "m". nullopt for anything else, which says nothing, and
/// for more than a day, which is no limit.
std::optional<Duration> parse_request_timeout(std::string_view text);

}  // namespace trackly::proxy
