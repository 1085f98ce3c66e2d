#include "filters/json_schema/run_pattern.h"

#include <algorithm>
#include <bitset>
#include <charconv>
#include <utility>

#include "gateway/api/ascii.h"

namespace trackly::json_schema {
namespace {

constexpr std::size_t kUnbounded = SIZE_MAX;
constexpr std::size_t kAscii = 128;

/// Of bytes. Those beyond ASCII are parts of characters: a class has all of them or none.
using Class = std::bitset<256>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < kAscii; }

void add_range(Class& set, char from, char to) {
  for (int c = from; c <= to; ++c) set.set(static_cast<std::size_t>(c));
}

// \d, \w and their complements; an empty set for anything else.
Class named_class(char name) {
  Class set;
  if (name == 'd' || name == 'D' || name == 'w' || name == 'W') add_range(set, '0', '9');
  if (name == 'w' || name == 'W') {
    add_range(set, 'a', 'z');
    add_range(set, 'A', 'Z');
    set.set('_');
  }
  return name == 'D' || name == 'W' ? ~set : set;
}

// Requires: it is not empty.
std::size_t first_of(const Class& set) {
  std::size_t first = 0;
  while (!set.test(first)) ++first;
  return first;
}

}  // namespace

/// Reads an expression as long as it is of the kind. Each take_...() takes a piece off the text, or
/// says that it is not of the kind.
class RunPatternParser {
 public:
  explicit RunPatternParser(std::string_view ecma) : rest_(ecma) {}

  std::optional<RunPattern> run() {
    if (!take('^')) return std::nullopt;
    while (!rest_.empty()) {
      if (rest_ == "$") {
        pattern_.to_the_end_ = true;
        break;
      }
      if (!take_run()) return std::nullopt;
    }
    for (std::size_t i = 0; i < pattern_.runs_.size(); ++i) {
      const RunPattern::Run& run = pattern_.runs_[i];
      // Where a character may belong to this run or to what follows, one would have to try both.
      if (run.minimum != run.maximum && pattern_.overlaps(run, i + 1)) return std::nullopt;
    }
    return std::move(pattern_);
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool take_run() {
    const auto set = take_class();
    RunPattern::Run run;
    if (!set || !take_quantifier(run) || pattern_.runs_.size() == RunPattern::kMostRuns) {
      return false;
    }
    // A character beyond ASCII is several bytes, so it can be passed over, but not be counted.
    const bool counts = run.minimum > 1 || run.maximum != kUnbounded;
    if (counts && set->test(kAscii)) return false;
    set_range(*set, run);
    run.bit = static_cast<std::uint16_t>(1U << pattern_.runs_.size());
    for (std::size_t c = 0; c < set->size(); ++c) {
      if (set->test(c))
        pattern_.classes_[c] = static_cast<std::uint16_t>(pattern_.classes_[c] | run.bit);
    }
    pattern_.runs_.push_back(run);
    return true;
  }

  static void set_range(const Class& set, RunPattern::Run& run) {
    const std::size_t low = first_of(set);
    std::size_t high = low;
    while (high + 1 < kAscii && set.test(high + 1)) ++high;
    run.is_range = high < kAscii && set.count() == high - low + 1;
    run.low = static_cast<std::uint8_t>(low);
    run.high = static_cast<std::uint8_t>(high);
  }

  std::optional<Class> take_class() {
    if (take('[')) return take_bracketed_class();
    if (rest_.size() > 1 && rest_.front() == '\\') {
      if (const Class named = named_class(rest_[1]); named.any()) {
        rest_.remove_prefix(2);
        return named;
      }
    } else if (std::string_view("()|.{}]*+?^$").find(rest_.front()) != std::string_view::npos) {
      return std::nullopt;
    }
    const auto c = take_character();
    return c ? std::optional(Class().set(static_cast<std::size_t>(*c))) : std::nullopt;
  }

  // The `[` is behind us.
  std::optional<Class> take_bracketed_class() {
    const bool complement = take('^');
    Class set;
    while (!rest_.empty() && !take(']')) {
      const bool named =
          rest_.size() > 1 && rest_.front() == '\\' && (rest_[1] == 'd' || rest_[1] == 'w');
      if (named) {
        set |= named_class(rest_[1]);
        rest_.remove_prefix(2);
        continue;
      }
      const auto from = take_character();
      auto to = from;
      if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
        rest_.remove_prefix(1);
        to = take_character();
      }
      if (!from || !to) return std::nullopt;
      add_range(set, *from, *to);
    }
    if (set.none()) return std::nullopt;
    return complement ? ~set : set;
  }

  // As it stands or behind a backslash that takes away what it could mean.
  std::optional<char> take_character() {
    if (take('\\') && (rest_.empty() || is_letter(rest_.front()) || is_digit(rest_.front()))) {
      return std::nullopt;
    }
    if (rest_.empty() || !is_ascii(rest_.front())) return std::nullopt;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  bool take_quantifier(RunPattern::Run& run) {
    if (take('*')) {
      run.minimum = 0;
      run.maximum = kUnbounded;
    } else if (take('+')) {
      run.maximum = kUnbounded;
    } else if (take('?')) {
      run.minimum = 0;
    } else if (take('{')) {
      if (!take_number(run.minimum)) return false;
      run.maximum = run.minimum;
      if (take(',') && !take_number(run.maximum)) run.maximum = kUnbounded;
      if (!take('}')) return false;
    } else {
      return true;
    }
    // What matches as little as it can, and what repeats a repetition.
    return rest_.empty() || std::string_view("?*+{").find(rest_.front()) == std::string_view::npos;
  }

  bool take_number(std::size_t& number) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (error != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }

  std::string_view rest_;
  RunPattern pattern_;
};

std::optional<RunPattern> RunPattern::compile(std::string_view ecma) {
  return RunPatternParser(ecma).run();
}

// Whether a character of `run` may also begin what follows it.
bool RunPattern::overlaps(const Run& run, std::size_t next) const {
  for (; next < runs_.size(); ++next) {
    const unsigned both = run.bit | runs_[next].bit;
    if (runs_[next].maximum != 0 &&
        std::any_of(classes_.begin(), classes_.end(),
                    [both](unsigned bits) { return (bits & both) == both; })) {
      return true;
    }
    if (runs_[next].minimum > 0) return false;
  }
  return false;
}

}  // namespace trackly::json_schema
