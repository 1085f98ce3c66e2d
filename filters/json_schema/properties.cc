#include "filters/json_schema/properties.h"

#include <bit>
#include <utility>

#include "gateway/json/name_word.h"

namespace trackly::json_schema {
namespace {

std::size_t slot_of(std::string_view name, std::size_t slots) {
  const std::uint64_t word = json::name_word(name);
  return (word ^ word >> 32) * 0x9E3779B97F4A7C15 >> 40 & (slots - 1);
}

}  // namespace

Properties::Properties(std::vector<Property> in_order)
    : in_order_(std::move(in_order)), table_(std::bit_ceil(2 * in_order_.size() + 1)) {
  for (std::uint32_t i = 0; i < in_order_.size(); ++i) {
    std::size_t slot = slot_of(in_order_[i].name, table_.size());
    while (table_[slot] != 0) slot = (slot + 1) & (table_.size() - 1);
    table_[slot] = i + 1;
  }
}

std::optional<std::size_t> Properties::find(std::string_view name) const {
  for (std::size_t slot = slot_of(name, table_.size()); table_[slot] != 0;
       slot = (slot + 1) & (table_.size() - 1)) {
    const std::size_t index = table_[slot] - 1;
    if (in_order_[index].name == name) return index;
  }
  return std::nullopt;
}

}  // namespace trackly::json_schema
