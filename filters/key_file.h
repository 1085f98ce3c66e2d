#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "filters/key_table.h"
#include "gateway/api/node.h"
#include "gateway/api/stores.h"

namespace trackly::filters {

/// A keys.yaml whose table can be replaced while requests are served. Any thread.
class KeyFile {
 public:
  using ReadFile = std::function<Node(Problems&)>;

  /// `rules`: which limiter rules its accounts may have limits for.
  KeyFile(ReadFile read_file, KeyTable::RuleNames rules)
      : read_file_(std::move(read_file)), rules_(std::move(rules)) {}

  /// What the file says now; not in force yet.
  std::shared_ptr<const KeyTable> read(Problems& problems) const;
  /// In force for every look-up that begins after this.
  void put_in_force(std::shared_ptr<const KeyTable> table);

  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const KeyTable> table() const;

 private:
  const ReadFile read_file_;
  const KeyTable::RuleNames rules_;
  mutable std::mutex mutex_;
  std::shared_ptr<const KeyTable> table_ = std::make_shared<const KeyTable>();
  std::atomic<std::uint64_t> version_ = 0;
};

/// The keys of such a file for one worker: as long as nothing has changed, a look-up locks nothing.
class FileKeys final : public KeyStore {
 public:
  explicit FileKeys(std::shared_ptr<const KeyFile> file);

  /// Answers at once.
  Lookup<KeyAnswer> find(const KeyDigest& digest, Callback callback) override;

 private:
  const std::shared_ptr<const KeyFile> file_;
  std::uint64_t version_;
  std::shared_ptr<const KeyTable> table_;
};

}  // namespace trackly::filters
