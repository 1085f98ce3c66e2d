#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace trackly::json_schema {

/// The beginning and the end of a member name as numbers: where both and the size of two names are
/// equal, and the size is at most kWholeName, the names are.
struct NameWords {
  static constexpr std::size_t kWholeName = 16;

  std::uint64_t first = 0;
  std::uint64_t last = 0;

  explicit NameWords(std::string_view name) {
    const auto load = [&name]<class Word>(Word, std::size_t from) {
      Word word;
      std::memcpy(&word, name.data() + from, sizeof word);
      return static_cast<std::uint64_t>(word);
    };
    const std::size_t size = name.size();
    if (size >= 8) {
      first = load(std::uint64_t{}, 0);
      last = load(std::uint64_t{}, size - 8);
    } else if (size >= 4) {
      first = load(std::uint32_t{}, 0) | load(std::uint32_t{}, size - 4) << 32;
    } else if (size >= 2) {
      first = load(std::uint16_t{}, 0) | load(std::uint16_t{}, size - 2) << 16;
    } else if (size == 1) {
      first = load(std::uint8_t{}, 0);
    }
  }

  bool operator==(const NameWords&) const = default;

  /// Not a hash that withstands an attacker. Its upper bits are the best.
  std::uint64_t hash(std::size_t size) const {
    return ((first ^ last) + size) * 0x9E3779B97F4A7C15;
  }
};

}  // namespace trackly::json_schema
