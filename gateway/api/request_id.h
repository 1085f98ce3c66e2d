#pragma once

#include <string>
#include <string_view>

#include "gateway/api/fields.h"
#include "gateway/api/loop.h"

namespace trackly {

inline constexpr std::string_view kRequestIdField = "X-Request-Id";

/// The id of a request: the client's own X-Request-Id, if there is one such field with 1 to 128
/// visible ASCII characters (0x21 to 0x7E), else a new one of 128 random bits in lower-case hex.
std::string choose_request_id(const FieldList& fields, Loop& loop);

}  // namespace trackly
