#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/api/loop.h"

namespace trackly {

/// Which configuration is in force, and what became of the last attempt at another one. Of the main
/// thread.
struct ReloadState {
  std::uint64_t generation = 1;
  WallTime loaded_at{};                  // when it came into force
  std::optional<WallTime> last_attempt;  // at a reload; absent: there was none
  std::vector<std::string> problems;     // of that attempt; empty: it succeeded
  std::uint64_t attempts = 0;
  std::uint64_t failures = 0;
};

}  // namespace trackly
