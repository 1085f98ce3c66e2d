#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gateway/api/siphash.h"
#include "gateway/json/document.h"

namespace trackly::json {

/// Finds a name that an object has twice, after unescaping, in time that grows with the number of
/// its members whatever their names are.
class RepeatedNames {
 public:
  bool any(Value object);

  std::size_t bytes() const { return table_.capacity() * sizeof table_[0]; }
  void release() { table_ = {}; }

 private:
  HashKey hash_key_ = HashKey::random();
  std::vector<std::uint32_t> table_;
};

}  // namespace trackly::json
