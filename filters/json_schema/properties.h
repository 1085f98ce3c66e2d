#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/json_schema/name_words.h"

namespace trackly::json_schema {

/// A property that a schema declares, requires or both.
struct Property {
  std::string name;
  bool declared = false;     // by `properties`: it has a schema
  bool judged = false;       // and that schema can be violated
  std::uint32_t schema = 0;  // SchemaId
  bool required = false;
  std::uint32_t missing_error = 0;
};

/// The properties of one schema in the order in which they are judged, found by name.
class Properties {
 public:
  explicit Properties(std::vector<Property> in_order);

  std::size_t size() const { return in_order_.size(); }
  const Property& operator[](std::size_t index) const { return in_order_[index]; }
  Property& operator[](std::size_t index) { return in_order_[index]; }
  /// Its place in the order. (Runs once for each member of an object, and should not be a call.)
  [[gnu::always_inline]] std::optional<std::size_t> find(std::string_view name) const {
    const NameWords words(name);
    for (std::size_t at = words.hash(name.size()) >> shift_;; at = (at + 1) & mask_) {
      const Slot& slot = table_[at];
      if (slot.property == kFree) return std::nullopt;
      if (slot.words == words && slot.size == name.size() &&
          (name.size() <= NameWords::kWholeName || in_order_[slot.property].name == name)) {
        return slot.property;
      }
    }
  }
  bool declares(std::string_view name) const {
    const auto index = find(name);
    return index && in_order_[*index].declared;
  }

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;

  struct Slot {
    NameWords words{{}};
    std::uint32_t size = 0;
    std::uint32_t property = kFree;
  };

  std::vector<Property> in_order_;
  // Open addressing, at most half full. Only the schema chooses what is in it, so no client can
  // make it slow.
  std::vector<Slot> table_;
  std::size_t mask_;
  int shift_;  // what leaves of a hash a place in the table
};

}  // namespace trackly::json_schema
