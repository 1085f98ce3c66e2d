#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gateway/api/siphash.h"
#include "gateway/json/document.h"
#include "gateway/json/name_word.h"

namespace trackly::json {

/// The name of a member: its entry on the tape, and its name_word() to compare first.
struct MemberName {
  std::uint64_t word;
  std::uint32_t entry;
};

/// Finds a name that an object has twice, after unescaping.
class RepeatedNames {
 public:
  /// `names` are those of one object.
  bool any(std::span<const MemberName> names, const Tape& tape) {
    // Up to here comparing all pairs is cheaper than any table.
    return names.size() <= kFewNames ? any_pair(names, tape) : any_in_table(names, tape);
  }

  std::size_t bytes() const { return table_.capacity() * sizeof table_[0]; }
  void release() { table_ = {}; }

 private:
  static constexpr std::size_t kFewNames = 24;

  static bool equal(const MemberName& a, const MemberName& b, const Tape& tape) {
    return a.word == b.word && Value(tape, a.entry).string() == Value(tape, b.entry).string();
  }
  static bool any_pair(std::span<const MemberName> names, const Tape& tape) {
    for (std::size_t i = 1; i < names.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (equal(names[i], names[j], tape)) return true;
      }
    }
    return false;
  }
  bool any_in_table(std::span<const MemberName> names, const Tape& tape);

  HashKey hash_key_ = HashKey::random();
  std::vector<std::uint32_t> table_;
};

}  // namespace trackly::json
