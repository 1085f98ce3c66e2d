#include "gateway/json/member_names.h"

#include <bit>

#include "gateway/json/name_word.h"

namespace trackly::json {
namespace {

// Up to here comparing all pairs is cheaper than any table.
constexpr std::size_t kFewNames = 24;
constexpr std::uint32_t kFree = 0xFFFFFFFF;

}  // namespace

void MemberNames::add(std::string_view name) {
  names_.push_back(name);
  words_.push_back(name_word(name));
}

std::optional<std::size_t> MemberNames::close(std::size_t mark) {
  const auto repeated =
      names_.size() - mark <= kFewNames ? find_by_comparing(mark) : find_by_hashing(mark);
  names_.resize(mark);
  words_.resize(mark);
  return repeated;
}

std::optional<std::size_t> MemberNames::find_by_comparing(std::size_t mark) const {
  for (std::size_t i = mark + 1; i < words_.size(); ++i) {
    for (std::size_t j = mark; j < i; ++j) {
      if (words_[i] == words_[j] && names_[i] == names_[j]) return i - mark;
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> MemberNames::find_by_hashing(std::size_t mark) {
  const std::size_t slots = std::bit_ceil(2 * (names_.size() - mark));
  table_.assign(slots, kFree);
  for (std::size_t i = mark; i < names_.size(); ++i) {
    std::size_t slot = siphash(hash_key_, names_[i]) & (slots - 1);
    for (; table_[slot] != kFree; slot = (slot + 1) & (slots - 1)) {
      const std::size_t other = table_[slot];
      if (words_[i] == words_[other] && names_[i] == names_[other]) return i - mark;
    }
    table_[slot] = static_cast<std::uint32_t>(i);
  }
  return std::nullopt;
}

void MemberNames::clear() {
  names_.clear();
  words_.clear();
}

std::size_t MemberNames::bytes() const {
  return names_.capacity() * sizeof names_[0] + words_.capacity() * sizeof words_[0] +
         table_.capacity() * sizeof table_[0];
}

void MemberNames::release() {
  names_ = {};
  words_ = {};
  table_ = {};
}

}  // namespace trackly::json
