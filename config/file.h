#pragma once

#include <cstddef>
#include <string>

#include "gateway/api/result.h"

namespace trackly::config {

/// No file that an operator writes comes near this size, in bytes.
inline constexpr std::size_t kMaxFileBytes = 16 << 20;

/// The bytes of a file. The fault is the reason alone ("No such file or directory").
Result<std::string> read_file(const std::string& path, std::size_t max_bytes = kMaxFileBytes);

}  // namespace trackly::config
