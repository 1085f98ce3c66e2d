#include "filters/key_file.h"

#include <utility>

namespace trackly::filters {

std::shared_ptr<const KeyTable> KeyFile::read(Problems& problems) const {
  return KeyTable::read(read_file_(problems), rules_, problems);
}

void KeyFile::put_in_force(std::shared_ptr<const KeyTable> table) {
  const std::lock_guard lock(mutex_);
  // The old one may be large: it goes after the lock, with the argument.
  std::swap(table_, table);
  version_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const KeyTable> KeyFile::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

FileKeys::FileKeys(std::shared_ptr<const KeyFile> file)
    : file_(std::move(file)), version_(file_->version()), table_(file_->table()) {}

Lookup<KeyAnswer> FileKeys::find(const KeyDigest& digest, Callback) {
  if (const std::uint64_t version = file_->version(); version != version_) {
    // Taken after the version, so that it is that one or a later one.
    table_ = file_->table();
    version_ = version;
  }
  return table_->find(digest);
}

}  // namespace trackly::filters
