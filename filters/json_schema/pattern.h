#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "filters/json_schema/run_pattern.h"
#include "gateway/api/result.h"

namespace re2 {
class RE2;
}

namespace trackly::json_schema {

/// A regular expression of `pattern` or `patternProperties`: ECMA-262 with its `u` flag, not
/// anchored, matched in linear time. What cannot be matched in linear time (look-around,
/// back-references) does not compile. Matching is const and thread-safe.
class Pattern {
 public:
  static Result<Pattern> compile(std::string_view ecma);

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  /// `text` is valid UTF-8.
  bool matches(std::string_view text) const {
    return runs_ ? runs_->matches(text) : matches_by_engine(text);
  }

  /// A part of a text that the expression matches.
  struct Match {
    std::string_view whole;
    std::string_view group;  // the first one; data() is nullptr where it has no part in the match
  };
  /// The first match that does not begin before `from`, which is at most text.size().
  std::optional<Match> find(std::string_view text, std::size_t from) const;

 private:
  Pattern(std::unique_ptr<re2::RE2> expression, std::optional<RunPattern> runs);

  bool matches_by_engine(std::string_view text) const;

  std::unique_ptr<re2::RE2> expression_;
  std::optional<RunPattern> runs_;
};

}  // namespace trackly::json_schema
