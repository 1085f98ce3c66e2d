#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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
      const char* const stop =
          static_cast<std::size_t>(end - at) > run.maximum ? at + run.maximum : end;
      const char* const begin = at;
      while (at != stop && (classes_[static_cast<unsigned char>(*at)] & run.bit) != 0) ++at;
      if (static_cast<std::size_t>(at - begin) < run.minimum) return false;
    }
    return !to_the_end_ || at == end;
  }

 private:
  friend class RunPatternParser;

  /// So many characters of a class.
  struct Run {
    std::uint16_t bit = 0;
    std::size_t minimum = 1;
    std::size_t maximum = 1;
  };
  static constexpr std::size_t kMostRuns = 16;

  bool overlaps(const Run& run, std::size_t next) const;

  std::vector<Run> runs_;
  std::array<std::uint16_t, 256> classes_{};  // by byte: bits of the runs that may have it
  bool to_the_end_ = false;
};

}  // namespace trackly::json_schema
