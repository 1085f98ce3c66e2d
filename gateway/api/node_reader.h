#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/api/node.h"

namespace trackly {

/// Reads one mapping strictly: every key is asked for by name, and what nobody asked for is a
/// problem that names the nearest known key. Each getter returns the fallback where the key is
/// absent, and reports a problem (and returns the fallback) where the value does not fit.
///
///   MappingReader reader(node, problems);
///   settings.max_bytes = reader.bytes("max_bytes", settings.max_bytes);
///   reader.finish();
class MappingReader {
 public:
  using Duration = std::chrono::nanoseconds;

  /// Times of this length can be added to the present, and to each other, without a thought.
  static constexpr Duration kLongestDuration = std::chrono::hours(24 * 365);

  /// `node` may be nullptr or null: an empty mapping. Anything else that is no mapping is a
  /// problem. The node and the problems must outlive the reader.
  MappingReader(const Node* node, Problems& problems);

  /// Marks `key` as known and returns its value; nullptr where absent.
  const Node* take(std::string_view key);
  bool has(std::string_view key) const;
  /// Marks keys as known whose values are of no concern here.
  void ignore(std::initializer_list<std::string_view> keys);

  std::string string(std::string_view key, std::string_view fallback);
  bool boolean(std::string_view key, bool fallback);
  std::uint64_t count(std::string_view key, std::uint64_t fallback, std::uint64_t minimum = 0,
                      std::uint64_t maximum = UINT64_MAX);
  /// A number from 0 to 1.
  double share(std::string_view key, double fallback);
  /// "5MiB", "64KiB", "1GiB" or plain bytes.
  std::uint64_t bytes(std::string_view key, std::uint64_t fallback, std::uint64_t minimum = 0);
  /// "250ms", "1s", "5m", "2h", "1d"; a bare number is a problem, because its unit is a guess.
  /// At most kLongestDuration.
  Duration duration(std::string_view key, Duration fallback, Duration minimum = Duration::zero());
  /// One of a set of words.
  template <class T>
  T choice(std::string_view key, std::initializer_list<std::pair<std::string_view, T>> words,
           T fallback) {
    const Node* node = take(key);
    if (node == nullptr) return fallback;
    std::vector<std::string_view> known;
    for (const auto& [word, value] : words) {
      if (node->is_string() && node->text == word) return value;
      known.push_back(word);
    }
    expected_one_of(*node, key, known);
    return fallback;
  }
  /// A list of strings; a single string counts as a list of one.
  std::vector<std::string> strings(std::string_view key);
  /// The items of a list; empty where absent.
  std::vector<const Node*> list(std::string_view key);

  /// Reports every key that nobody took, with the nearest known key, else with all known keys.
  void finish();

  const Mark& mark() const { return mark_; }
  Problems& problems() { return problems_; }

 private:
  void expected(const Node& node, std::string_view key, std::string_view what);
  void expected_one_of(const Node& node, std::string_view key,
                       const std::vector<std::string_view>& words);

  const Node* node_;
  Problems& problems_;
  Mark mark_;
  std::vector<std::string> known_;
};

/// The member of `known` with the smallest edit distance, where it is near enough to be a slip of
/// the pen; empty otherwise.
std::string_view nearest_word(std::string_view word, const std::vector<std::string_view>& known);

/// "unknown <what> "word"" with the nearest of `known`, else with all of them, which are few.
std::string unknown_word(std::string_view what, std::string_view word,
                         const std::vector<std::string_view>& known);

}  // namespace trackly
