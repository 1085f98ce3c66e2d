#include "gateway/json/member_names.h"

#include <bit>
#include <string_view>

namespace trackly::json {

bool RepeatedNames::any(Value object) {
  constexpr std::uint32_t kFree = 0;  // the root is no name
  const std::size_t slots = std::bit_ceil(2 * object.size());
  table_.assign(slots, kFree);
  for (const Member member : object.members()) {
    const std::string_view name = member.name.string();
    std::size_t slot = siphash(hash_key_, name) & (slots - 1);
    for (; table_[slot] != kFree; slot = (slot + 1) & (slots - 1)) {
      if (object.value_at(table_[slot]).string() == name) return true;
    }
    table_[slot] = member.name.index();
  }
  return false;
}

}  // namespace trackly::json
