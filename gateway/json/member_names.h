#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/json/siphash.h"

namespace trackly::json {

/// The member names of the objects that are open at a point of the text, innermost last: tells
/// whether an object has a name twice. Names are views into the text that is being parsed.
class MemberNames {
 public:
  MemberNames() : hash_key_(HashKey::random()) {}

  /// Where the names of an object that opens now will begin.
  std::size_t mark() const { return names_.size(); }
  void add(std::string_view name);
  /// The object whose names began at `mark` closes. Returns the position, counted from `mark`, of
  /// the second one of two equal names.
  std::optional<std::size_t> close(std::size_t mark);

  void clear();
  std::size_t bytes() const;
  void release();

 private:
  std::optional<std::size_t> find_by_comparing(std::size_t mark) const;
  std::optional<std::size_t> find_by_hashing(std::size_t mark);

  // Two lists, so that comparing words runs through memory in one go.
  std::vector<std::string_view> names_;
  std::vector<std::uint64_t> words_;
  std::vector<std::uint32_t> table_;
  HashKey hash_key_;
};

}  // namespace trackly::json
