#include "filters/json_schema/properties.h"

#include <bit>
#include <utility>

namespace trackly::json_schema {

Properties::Properties(std::vector<Property> in_order)
    : in_order_(std::move(in_order)),
      table_(std::bit_ceil(2 * in_order_.size() + 2)),
      mask_(table_.size() - 1),
      shift_(std::countl_zero(mask_)) {
  for (std::uint32_t i = 0; i < in_order_.size(); ++i) {
    const std::string_view name = in_order_[i].name;
    const NameWords words(name);
    std::size_t at = words.hash(name.size()) >> shift_;
    while (table_[at].property != kFree) at = (at + 1) & mask_;
    table_[at] = {words, static_cast<std::uint32_t>(name.size()), i};
  }
}

}  // namespace trackly::json_schema
