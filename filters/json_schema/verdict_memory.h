#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/json/document.h"

namespace trackly::json_schema {

/// What the junctions of a program have said of the values of a text: two bits for each pair of
/// them that could occur.
class VerdictMemory {
 public:
  /// Of `root` and all that it contains.
  VerdictMemory(std::size_t junctions, json::Value root)
      : begin_(root.index()), size_(root.end_index() - root.index()), verdicts_(junctions) {}

  std::optional<bool> find(std::uint32_t junction, json::Value value) const {
    const Verdicts& verdicts = verdicts_[junction];
    const std::size_t at = value.index() - begin_;
    if (verdicts.known.empty() || !verdicts.known[at]) return std::nullopt;
    return verdicts.kept[at];
  }

  void remember(std::uint32_t junction, json::Value value, bool kept) {
    Verdicts& verdicts = verdicts_[junction];
    verdicts.known.resize(size_);
    verdicts.kept.resize(size_);
    const std::size_t at = value.index() - begin_;
    verdicts.known[at] = true;
    verdicts.kept[at] = kept;
  }

 private:
  struct Verdicts {
    std::vector<bool> known;  // empty until there is something to remember
    std::vector<bool> kept;
  };

  std::size_t begin_;
  std::size_t size_;
  std::vector<Verdicts> verdicts_;
};

}  // namespace trackly::json_schema
