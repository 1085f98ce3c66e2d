#include "gateway/api/node_reader.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>

namespace trackly {
namespace {

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

// Longer suffixes first: "ms" before "s".
constexpr Unit kByteUnits[] = {
    {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}, {"B", 1}, {"", 1}};
constexpr Unit kTimeUnits[] = {
    {"us", 1'000},         {"ms", 1'000'000},        {"s", 1'000'000'000},
    {"m", 60'000'000'000}, {"h", 3'600'000'000'000}, {"d", 86'400'000'000'000}};

template <std::size_t N>
std::optional<std::uint64_t> quantity(std::string_view text, const Unit (&units)[N]) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units) {
    if (suffix != unit.suffix) continue;
    if (number > static_cast<std::uint64_t>(INT64_MAX) / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view nearest_word(std::string_view word, const std::vector<std::string_view>& known) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string unknown_word(std::string_view what, std::string_view word,
                         const std::vector<std::string_view>& known) {
  std::string text = "unknown " + std::string(what) + " \"" + std::string(word) + "\"";
  const std::string_view nearest = nearest_word(word, known);
  if (!nearest.empty()) {
    text += "; did you mean \"" + std::string(nearest) + "\"?";
  } else if (!known.empty()) {
    text += "; known here: " + joined(known);
  }
  return text;
}

MappingReader::MappingReader(const Node* node, Problems& problems)
    : node_(node), problems_(problems) {
  if (node_ == nullptr) return;
  mark_ = node_->mark;
  if (!node_->is_mapping() && !node_->is_null()) {
    problems_.add(mark_, "expected a mapping, found a " + std::string(node_->kind_name()));
    node_ = nullptr;
  }
}

const Node* MappingReader::take(std::string_view key) {
  ignore({key});
  return node_ == nullptr ? nullptr : node_->find(key);
}

void MappingReader::ignore(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  }
}

bool MappingReader::has(std::string_view key) const {
  return node_ != nullptr && node_->find(key) != nullptr;
}

void MappingReader::expected(const Node& node, std::string_view key, std::string_view what) {
  std::string text = std::string(key) + ": expected " + std::string(what) + ", found ";
  if (node.is_string()) {
    text += "\"" + node.text + "\"";
  } else if (node.is_number()) {
    text += node.text;
  } else if (node.is_boolean()) {
    text += node.boolean ? "true" : "false";
  } else {
    text += "a " + std::string(node.kind_name());
  }
  problems_.add(node.mark, text);
}

void MappingReader::expected_one_of(const Node& node, std::string_view key,
                                    const std::vector<std::string_view>& words) {
  expected(node, key, "one of " + joined(words));
}

std::string MappingReader::string(std::string_view key, std::string_view fallback) {
  const Node* node = take(key);
  if (node == nullptr) return std::string(fallback);
  if (node->is_string()) return node->text;
  expected(*node, key, "a string");
  return std::string(fallback);
}

bool MappingReader::boolean(std::string_view key, bool fallback) {
  const Node* node = take(key);
  if (node == nullptr) return fallback;
  if (node->is_boolean()) return node->boolean;
  expected(*node, key, "true or false");
  return fallback;
}

std::uint64_t MappingReader::count(std::string_view key, std::uint64_t fallback,
                                   std::uint64_t minimum, std::uint64_t maximum) {
  const Node* node = take(key);
  if (node == nullptr) return fallback;
  std::uint64_t number = 0;
  const char* const end = node->text.data() + node->text.size();
  const auto parsed = std::from_chars(node->text.data(), end, number);
  if (node->is_number() && parsed.ec == std::errc() && parsed.ptr == end && number >= minimum &&
      number <= maximum) {
    return number;
  }
  std::string what = "a whole number from " + std::to_string(minimum);
  if (maximum != UINT64_MAX) what += " to " + std::to_string(maximum);
  expected(*node, key, what);
  return fallback;
}

double MappingReader::share(std::string_view key, double fallback) {
  const Node* node = take(key);
  if (node == nullptr) return fallback;
  double number = 0;
  const char* const end = node->text.data() + node->text.size();
  const auto parsed = std::from_chars(node->text.data(), end, number);
  if (node->is_number() && parsed.ec == std::errc() && parsed.ptr == end && number >= 0 &&
      number <= 1) {
    return number;
  }
  expected(*node, key, "a number from 0 to 1");
  return fallback;
}

std::uint64_t MappingReader::bytes(std::string_view key, std::uint64_t fallback,
                                   std::uint64_t minimum) {
  const Node* node = take(key);
  if (node == nullptr) return fallback;
  if (node->is_string() || node->is_number()) {
    const auto size = quantity(node->text, kByteUnits);
    if (size && *size >= minimum) return *size;
    if (size) {
      expected(*node, key, "at least " + std::to_string(minimum) + " bytes");
      return fallback;
    }
  }
  expected(*node, key, "a size such as 64KiB or 5MiB");
  return fallback;
}

MappingReader::Duration MappingReader::duration(std::string_view key, Duration fallback,
                                                Duration minimum) {
  const Node* node = take(key);
  if (node == nullptr) return fallback;
  if (node->is_string()) {
    const auto time = quantity(node->text, kTimeUnits);
    if (time && *time < static_cast<std::uint64_t>(minimum.count())) {
      expected(*node, key, "a longer time");
      return fallback;
    }
    if (time && *time > static_cast<std::uint64_t>(kLongestDuration.count())) {
      expected(*node, key, "at most 365d");
      return fallback;
    }
    if (time) return Duration(static_cast<std::int64_t>(*time));
  }
  expected(*node, key, "a time with its unit, such as 250ms, 1s or 5m");
  return fallback;
}

std::vector<std::string> MappingReader::strings(std::string_view key) {
  const Node* node = take(key);
  if (node == nullptr) return {};
  if (node->is_string()) return {node->text};
  std::vector<std::string> words;
  if (node->is_sequence()) {
    for (const Node& item : node->items) {
      if (!item.is_string()) {
        expected(item, key, "a list of strings");
        return {};
      }
      words.push_back(item.text);
    }
    return words;
  }
  expected(*node, key, "a list of strings");
  return {};
}

std::vector<const Node*> MappingReader::list(std::string_view key) {
  const Node* node = take(key);
  if (node == nullptr) return {};
  std::vector<const Node*> items;
  if (node->is_sequence()) {
    for (const Node& item : node->items) items.push_back(&item);
  } else if (!node->is_null()) {
    expected(*node, key, "a list");
  }
  return items;
}

void MappingReader::finish() {
  if (node_ == nullptr) return;
  const std::vector<std::string_view> known(known_.begin(), known_.end());
  for (const Node::Entry& entry : node_->entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    problems_.add(entry.key_mark, unknown_word("key", entry.key, known));
  }
}

}  // namespace trackly
