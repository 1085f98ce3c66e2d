#pragma once

#include <cstdint>
#include <string_view>

namespace trackly {

/// A secret without which nobody can choose texts that hash alike.
struct HashKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  /// From the operating system.
  static HashKey random();
};

/// SipHash-1-3: the hash for tables whose keys a client chooses.
std::uint64_t siphash(const HashKey& key, std::string_view text);

}  // namespace trackly
