#include "filters/json_schema/properties.h"

#include <bit>
#include <utility>

namespace trackly::json_schema {

Properties::Properties(std::vector<Property> in_order)
    : in_order_(std::move(in_order)), table_(std::bit_ceil(2 * in_order_.size() + 1)) {
  for (std::uint32_t i = 0; i < in_order_.size(); ++i) {
    const std::string_view name = in_order_[i].name;
    const NameWords words(name);
    const Slot* slot = first_slot(words, name.size());
    while (slot->property != kFree) slot = next_slot(slot);
    table_[static_cast<std::size_t>(slot - table_.data())] = {
        words, static_cast<std::uint32_t>(name.size()), i};
  }
}

}  // namespace trackly::json_schema
