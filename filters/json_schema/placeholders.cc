#include "filters/json_schema/placeholders.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <string_view>
#include <vector>

namespace trackly::json_schema {
namespace {

using json::Value;

// An answer must not become as large as the request that it refuses.
constexpr std::size_t kMostBytes = std::size_t{64} << 10;

/// The keys that the items of a list have.
class Keys {
 public:
  Keys(Value list, std::string_view key) {
    for (const Value item : list.items()) {
      const auto value = item.is_object() ? item.find(key) : std::nullopt;
      if (value && value->is_string()) add(value->string());
    }
    std::sort(many_.begin(), many_.end());
  }

  bool contains(std::string_view name) const {
    const auto end = few_.begin() + static_cast<std::ptrdiff_t>(few_count_);
    return std::find(few_.begin(), end, name) != end ||
           std::binary_search(many_.begin(), many_.end(), name);
  }

 private:
  void add(std::string_view key) {
    if (few_count_ < few_.size()) {
      few_[few_count_++] = key;
    } else {
      many_.push_back(key);
    }
  }

  std::array<std::string_view, 32> few_;
  std::size_t few_count_ = 0;
  std::vector<std::string_view> many_;  // the others, sorted
};

/// Calls `visit` with the first group of each match, or with the match where that group has no
/// part in it.
template <class Visit>
void for_each_name(const Pattern& pattern, std::string_view text, Visit visit) {
  std::size_t from = 0;
  while (const auto match = pattern.find(text, from)) {
    const std::string_view name = match->group.data() == nullptr ? match->whole : match->group;
    if (!name.empty()) visit(name);
    from = static_cast<std::size_t>(match->whole.data() - text.data()) +
           std::max<std::size_t>(match->whole.size(), 1);
    if (from > text.size()) break;
  }
}

}  // namespace

std::optional<std::string> names_without_item(const Placeholders& rule, const Pattern& pattern,
                                              Value object) {
  const auto text = rule.text.find(object);
  const auto list = rule.list.find(object);
  if (!text || !text->is_string() || !list || !list->is_array()) return std::nullopt;
  const Keys keys(*list, rule.key);
  std::set<std::string_view> missing;
  std::string joined;
  for_each_name(pattern, text->string(), [&](std::string_view name) {
    if (keys.contains(name) || !missing.insert(name).second) return;
    if (joined.size() + name.size() > kMostBytes) return;
    joined.append(joined.empty() ? "" : ", ").append(name);
  });
  if (missing.empty()) return std::nullopt;
  return joined;
}

}  // namespace trackly::json_schema
