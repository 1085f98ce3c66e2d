#include "gateway/json/member_names.h"

#include <bit>

namespace trackly::json {

bool RepeatedNames::any_in_table(std::span<const MemberName> names, const Tape& tape) {
  constexpr std::uint32_t kFree = 0xFFFFFFFF;
  const std::size_t slots = std::bit_ceil(2 * names.size());
  table_.assign(slots, kFree);
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    const std::uint64_t hash = siphash(hash_key_, Value(tape, names[i].entry).string());
    std::size_t slot = hash & (slots - 1);
    for (; table_[slot] != kFree; slot = (slot + 1) & (slots - 1)) {
      if (equal(names[i], names[table_[slot]], tape)) return true;
    }
    table_[slot] = i;
  }
  return false;
}

}  // namespace trackly::json
