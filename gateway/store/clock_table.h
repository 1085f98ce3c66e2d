#pragma once

#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

namespace trackly::store {

/// A table that never holds more than `capacity` entries (at least one). Where it is full, a new
/// entry takes the place of one that nobody has asked for since the hand last came by (the CLOCK
/// algorithm): nearly as good as the least recently used one, and a hit costs no more than a flag.
template <class Key, class Value, class Hash>
class ClockTable {
 public:
  ClockTable(std::size_t capacity, Hash hash) : capacity_(capacity), entries_(0, std::move(hash)) {}

  /// nullptr where there is none. Valid until the next put() or erase().
  Value* find(const Key& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    found->second.asked_for = true;
    return &found->second.value;
  }

  void put(const Key& key, Value value) {
    if (const auto found = entries_.find(key); found != entries_.end()) {
      found->second.value = std::move(value);
      return;
    }
    if (ring_.size() == capacity_) evict();
    const auto [added, is_new] =
        entries_.emplace(key, Entry{std::move(value), ring_.size(), false});
    ring_.push_back(&*added);
  }

  void erase(const Key& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    // The last one takes its place on the ring.
    const std::size_t place = found->second.place;
    ring_[place] = ring_.back();
    ring_[place]->second.place = place;
    ring_.pop_back();
    entries_.erase(found);
  }

  std::size_t size() const { return ring_.size(); }

 private:
  struct Entry {
    Value value;
    std::size_t place;  // on the ring
    bool asked_for;     // since the hand last came by
  };
  using Entries = std::unordered_map<Key, Entry, Hash>;

  void evict() {
    for (;; ++hand_) {
      if (hand_ >= ring_.size()) hand_ = 0;
      if (!std::exchange(ring_[hand_]->second.asked_for, false)) break;
    }
    const Key victim = ring_[hand_]->first;
    erase(victim);
  }

  std::size_t capacity_;
  Entries entries_;
  std::vector<typename Entries::value_type*> ring_;
  std::size_t hand_ = 0;
};

}  // namespace trackly::store
