#pragma once

#include <cstdint>

#include "gateway/json/document.h"

namespace trackly::json_schema {

/// The bytes that the value takes where it is written as short as JSON allows: no white space, no
/// escape that is not needed, in UTF-8; numbers as received. Never more than value.bytes().size().
std::uint64_t compact_size(json::Value value);

}  // namespace trackly::json_schema
