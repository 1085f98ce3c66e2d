#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace trackly::json_schema {

/// A regular expression that needs no automaton, because it only says which characters follow each
/// other how often, and each next character tells which part of it is meant:
/// `^\+[1-9][0-9]{1,14}$`, `^[A-Za-z0-9_-]+`. Many patterns of APIs are of this kind, and a general
/// engine takes longer to begin than such a match takes as a whole.
class RunPattern {
 public:
  /// nullopt where `ecma` is not of this kind. Requires: it is a valid expression (see to_re2).
  static std::optional<RunPattern> compile(std::string_view ecma);

  /// `text` is valid UTF-8.
  bool matches(std::string_view text) const {
    const char* at = text.data();
    const char* const end = at + text.size();
    for (const Run& run : runs_) {
      if (run.maximum == 1) {
        if (at != end && has(run, *at)) {
          ++at;
        } else if (run.minimum != 0) {
          return false;
        }
        continue;
      }
      const char* const past =
          past_run(run, at, at + std::min(static_cast<std::size_t>(end - at), run.maximum));
      if (static_cast<std::size_t>(past - at) < run.minimum) return false;
      at = past;
    }
    return !to_the_end_ || at == end;
  }

 private:
  friend class RunPatternParser;

  /// So many characters of a class.
  struct Run {
    std::uint16_t bit = 0;
    bool is_range = false;  // the class is from `low` to `high`, both ASCII
    std::uint8_t low = 0;
    std::uint8_t high = 0;
    std::size_t minimum = 1;
    std::size_t maximum = 1;
  };
  static constexpr std::size_t kMostRuns = 16;

  // The first byte of the text that is not of the run's class, or `stop`.
  const char* past_run(const Run& run, const char* at, const char* stop) const {
    while (run.is_range && stop - at >= 8) {
      const std::size_t count = leading_in_range(at, run.low, run.high);
      at += count;
      if (count < 8) return at;
    }
    while (at != stop && has(run, *at)) ++at;
    return at;
  }
  bool has(const Run& run, char c) const {
    return (classes_[static_cast<unsigned char>(c)] & run.bit) != 0;
  }

  // How many of the eight bytes at `at` are in the range before the first that is not. Each byte is
  // compared in its place within a word: its high bit tells the result.
  static std::size_t leading_in_range(const char* at, std::uint8_t low, std::uint8_t high) {
    constexpr std::uint64_t kEach = 0x0101010101010101;
    constexpr std::uint64_t kHighBits = 0x80 * kEach;
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, sizeof bytes);
    const std::uint64_t low_bits = bytes & ~kHighBits;
    const std::uint64_t not_below = (low_bits | kHighBits) - low * kEach;
    const std::uint64_t not_above = (high * kEach | kHighBits) - low_bits;
    const std::uint64_t outside = ~(not_below & not_above & ~bytes) & kHighBits;
    if constexpr (std::endian::native == std::endian::little) {
      return static_cast<std::size_t>(std::countr_zero(outside)) / 8;
    } else {
      return static_cast<std::size_t>(std::countl_zero(outside)) / 8;
    }
  }

  bool overlaps(const Run& run, std::size_t next) const;

  std::vector<Run> runs_;
  std::array<std::uint16_t, 256> classes_{};  // by byte: bits of the runs that may have it
  bool to_the_end_ = false;
};

}  // namespace trackly::json_schema
