#include "filters/json_schema/equality.h"

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "filters/json_schema/decimal.h"
#include "gateway/api/siphash.h"

namespace trackly::json_schema {
namespace {

using json::Kind;
using json::Value;

// Up to here comparing everything with everything is cheaper than any table.
constexpr std::size_t kFew = 16;
constexpr std::size_t kFewBytes = 4096;

std::vector<json::Member> sorted_members(Value object) {
  std::vector<json::Member> members;
  members.reserve(object.size());
  for (const auto& member : object.members()) members.push_back(member);
  std::sort(members.begin(), members.end(), [](const json::Member& a, const json::Member& b) {
    return a.name.string() < b.name.string();
  });
  return members;
}

bool equal_objects(Value a, Value b) {
  if (a.size() > kFew) {
    const auto left = sorted_members(a);
    const auto right = sorted_members(b);
    return std::equal(left.begin(), left.end(), right.begin(),
                      [](const json::Member& x, const json::Member& y) {
                        return x.name.string() == y.name.string() && equal(x.value, y.value);
                      });
  }
  for (const auto& [name, value] : a.members()) {
    const auto other = b.find(name.string());
    if (!other || !equal(value, *other)) return false;
  }
  return true;
}

bool equal_arrays(Value a, Value b) {
  auto other = b.items().begin();
  for (const Value item : a.items()) {
    if (!equal(item, *other)) return false;
    ++other;
  }
  return true;
}

// Hashes values so that equal ones have equal hashes and nobody can choose values whose hashes
// collide.
class Hasher {
 public:
  std::uint64_t hash(Value value) {
    switch (value.kind()) {
      case Kind::null:
      case Kind::boolean:
        return siphash(key_, value.bytes());
      case Kind::number:
        text_ = "#";
        Decimal(value.number()).append_normal_form(text_);
        return siphash(key_, text_);
      case Kind::string:
        return combine(siphash(key_, value.string()), 's');
      case Kind::array: {
        std::uint64_t state = '[';
        for (const Value item : value.items()) state = combine(state, hash(item));
        return state;
      }
      case Kind::object: {
        // A sum, since the order of members means nothing.
        std::uint64_t sum = '{';
        for (const auto& [name, member] : value.members()) {
          sum += combine(siphash(key_, name.string()), hash(member));
        }
        return combine(sum, '{');
      }
    }
    return 0;
  }

 private:
  std::uint64_t combine(std::uint64_t a, std::uint64_t b) const {
    const std::uint64_t words[] = {a, b};
    return siphash(key_, {reinterpret_cast<const char*>(words), sizeof words});
  }

  HashKey key_ = HashKey::random();
  std::string text_;
};

bool all_unique_by_comparing(Value array) {
  const auto items = array.items();
  for (auto a = items.begin(); a != items.end(); ++a) {
    for (auto b = items.begin(); b != a; ++b) {
      if (equal(*a, *b)) return false;
    }
  }
  return true;
}

bool all_unique_by_hashing(Value array) {
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t item = 0;  // 0: free; no item is the root of its text
  };
  Hasher hasher;
  const std::size_t size = std::bit_ceil(2 * array.size());
  std::vector<Slot> table(size);
  for (const Value item : array.items()) {
    const std::uint64_t hash = hasher.hash(item);
    std::size_t at = hash & (size - 1);
    for (; table[at].item != 0; at = (at + 1) & (size - 1)) {
      if (table[at].hash == hash && equal(array.value_at(table[at].item), item)) return false;
    }
    table[at] = {hash, item.index()};
  }
  return true;
}

}  // namespace

bool equal(Value value, const Node& node) {
  switch (value.kind()) {
    case Kind::null:
      return node.is_null();
    case Kind::boolean:
      return node.is_boolean() && value.boolean() == node.boolean;
    case Kind::number:
      return node.is_number() && Decimal(value.number()) == Decimal(node.text);
    case Kind::string:
      return node.is_string() && value.string() == node.text;
    case Kind::array: {
      if (!node.is_sequence() || value.size() != node.items.size()) return false;
      auto other = node.items.begin();
      for (const Value item : value.items()) {
        if (!equal(item, *other++)) return false;
      }
      return true;
    }
    case Kind::object:
      if (!node.is_mapping() || value.size() != node.entries.size()) return false;
      for (const auto& [name, member] : value.members()) {
        const Node* other = node.find(name.string());
        if (other == nullptr || !equal(member, *other)) return false;
      }
      return true;
  }
  return false;
}

bool equal(Value a, Value b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::null:
      return true;
    case Kind::boolean:
      return a.boolean() == b.boolean();
    case Kind::number:
      return Decimal(a.number()) == Decimal(b.number());
    case Kind::string:
      return a.string() == b.string();
    case Kind::array:
      return a.size() == b.size() && equal_arrays(a, b);
    case Kind::object:
      return a.size() == b.size() && equal_objects(a, b);
  }
  return false;
}

bool all_unique(Value array) {
  const bool is_small = array.size() <= kFew && array.bytes().size() <= kFewBytes;
  return is_small ? all_unique_by_comparing(array) : all_unique_by_hashing(array);
}

}  // namespace trackly::json_schema
