#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trackly::json_schema {

/// A property that a schema declares, requires or both.
struct Property {
  std::string name;
  bool declared = false;     // by `properties`: it has a schema
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
  /// Its place in the order.
  std::optional<std::size_t> find(std::string_view name) const;
  bool declares(std::string_view name) const {
    const auto index = find(name);
    return index && in_order_[*index].declared;
  }

 private:
  std::vector<Property> in_order_;
  // Open addressing, at most half full: index + 1, 0 is free. Only the schema chooses what is in
  // it, so no client can make it slow.
  std::vector<std::uint32_t> table_;
};

}  // namespace trackly::json_schema
