#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace trackly::json {

/// A member name in one machine word: equal names have equal words, and most different names have
/// different ones. Not a hash that withstands an attacker.
inline std::uint64_t name_word(std::string_view name) {
  const auto load = [&name]<class Word>(Word, std::size_t from) {
    Word word;
    std::memcpy(&word, name.data() + from, sizeof word);
    return static_cast<std::uint64_t>(word);
  };
  constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15;
  const std::size_t size = name.size();
  std::uint64_t word = 0;
  if (size >= 8) {
    word = load(std::uint64_t{}, 0) ^ load(std::uint64_t{}, size - 8) * kMix;
  } else if (size >= 4) {
    word = load(std::uint32_t{}, 0) | load(std::uint32_t{}, size - 4) << 32;
  } else if (size >= 2) {
    word = load(std::uint16_t{}, 0) | load(std::uint16_t{}, size - 2) << 16;
  } else if (size == 1) {
    word = load(std::uint8_t{}, 0);
  }
  return word + size * kMix;
}

}  // namespace trackly::json
