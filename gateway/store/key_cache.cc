#include "gateway/store/key_cache.h"

#include <algorithm>
#include <utility>

namespace trackly::store {

std::size_t KeyCache::Hash::operator()(const KeyDigest& digest) const {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
  return siphash(key, {reinterpret_cast<const char*>(digest.data()), digest.size()});
}

KeyCache::KeyCache(const HashKey& hash_key) : hash_{hash_key} {
  for (auto& shard : key_shards_) shard = std::make_unique<KeyShard>(hash_);
  for (auto& shard : account_shards_) shard = std::make_unique<AccountShard>(hash_);
}

KeyCache::Finding KeyCache::find(const KeyDigest& digest, const KeyCachePolicy& policy,
                                 TimePoint now, WallTime wall) {
  KeyShard& shard = shard_of(digest);
  const std::lock_guard lock(shard.mutex);
  Finding finding;
  finding.stamp = stamp(now, shard.changes);

  KeyEntry* entry = shard.known.find(digest);
  if (entry == nullptr) {
    const Stamp* unknown = shard.unknown.find(digest);
    if (unknown != nullptr && is_fresh(*unknown, std::min(policy.ttl, kUnknownTtl), now)) {
      ++shard.counts.unknown;
      finding.kind = Finding::Kind::unknown;
    } else {
      ++shard.counts.misses;
    }
    return finding;
  }

  const auto account = account_entry(entry->record->account->id);
  if (!account) {
    ++shard.counts.misses;
    return finding;
  }
  if (entry->record->account != account->account) {
    auto record = std::make_shared<KeyRecord>(*entry->record);
    record->account = account->account;
    entry->record = std::move(record);
  }
  const bool expired = entry->expires && *entry->expires <= wall;
  if (is_fresh(entry->stamp, policy.ttl, now) && is_fresh(account->stamp, policy.ttl, now)) {
    ++(expired ? shard.counts.unknown : shard.counts.hits);
    finding.kind = expired ? Finding::Kind::unknown : Finding::Kind::known;
    if (!expired) finding.record = entry->record;
    return finding;
  }
  ++shard.counts.misses;
  if (!expired && is_usable(entry->stamp, policy, now) && is_usable(account->stamp, policy, now)) {
    finding.record = entry->record;
  }
  return finding;
}

std::optional<KeyCache::AccountEntry> KeyCache::account_entry(const std::string& id) {
  AccountShard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  const AccountEntry* entry = shard.accounts.find(id);
  return entry == nullptr ? std::nullopt : std::optional(*entry);
}

KeyCache::AccountFinding KeyCache::find_account(const std::string& id, const KeyCachePolicy& policy,
                                                TimePoint now) {
  AccountShard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  const AccountEntry* entry = shard.accounts.find(id);
  const bool fresh = entry != nullptr && is_fresh(entry->stamp, policy.ttl, now);
  return {fresh ? entry->account : nullptr, stamp(now, shard.changes)};
}

void KeyCache::put(const KeyDigest& digest, const Stamp& asked,
                   std::shared_ptr<const KeyRecord> record, std::optional<WallTime> expires) {
  KeyShard& shard = shard_of(digest);
  const std::lock_guard lock(shard.mutex);
  shard.unknown.erase(digest);
  if (shard.changes == asked.changes) shard.known.put(digest, {std::move(record), expires, asked});
}

void KeyCache::put_unknown(const KeyDigest& digest, const Stamp& asked) {
  KeyShard& shard = shard_of(digest);
  const std::lock_guard lock(shard.mutex);
  shard.known.erase(digest);
  if (shard.changes == asked.changes) shard.unknown.put(digest, asked);
}

void KeyCache::put_account(const Stamp& asked, std::shared_ptr<const Account> account) {
  AccountShard& shard = shard_of(account->id);
  const std::lock_guard lock(shard.mutex);
  const std::string& id = account->id;
  if (shard.changes == asked.changes) shard.accounts.put(id, {std::move(account), asked});
}

void KeyCache::key_changed(const KeyDigest& digest) {
  KeyShard& shard = shard_of(digest);
  const std::lock_guard lock(shard.mutex);
  ++shard.changes;
  shard.known.erase(digest);
  shard.unknown.erase(digest);
}

void KeyCache::account_changed(const std::string& id) {
  AccountShard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  ++shard.changes;
  shard.accounts.erase(id);
}

void KeyCache::watch_began(TimePoint now) {
  watch_confirmed(now);
  ++watch_;
  watched_ = true;
}

void KeyCache::watch_confirmed(TimePoint now) { confirmed_ = now.time_since_epoch().count(); }

void KeyCache::watch_lost() { watched_ = false; }

KeyCache::Stamp KeyCache::stamp(TimePoint now, std::uint64_t changes) const {
  return {now, watch_, changes};
}

bool KeyCache::is_fresh(const Stamp& stamp, Duration ttl, TimePoint now) const {
  const bool watched = watched_ && stamp.watch == watch_;
  return now - stamp.asked < (watched ? ttl : std::min(ttl, kUnwatchedTtl));
}

bool KeyCache::is_usable(const Stamp& stamp, const KeyCachePolicy& policy, TimePoint now) const {
  TimePoint right = stamp.asked;
  // The watch has vouched for it, though for no longer than its time to live.
  if (stamp.watch == watch_) {
    const TimePoint confirmed{TimePoint::duration(confirmed_)};
    right = std::max(right, std::min(confirmed, stamp.asked + policy.ttl));
  }
  return now - right < policy.max_stale;
}

KeyCache::Counts KeyCache::counts() const {
  Counts total;
  for (const auto& shard : key_shards_) {
    const std::lock_guard lock(shard->mutex);
    total.hits += shard->counts.hits;
    total.misses += shard->counts.misses;
    total.unknown += shard->counts.unknown;
    total.keys += shard->known.size();
    total.unknown_keys += shard->unknown.size();
  }
  for (const auto& shard : account_shards_) {
    const std::lock_guard lock(shard->mutex);
    total.accounts += shard->accounts.size();
  }
  total.stale = stale_uses_;
  total.unavailable = unavailable_;
  total.watched = watched_;
  return total;
}

}  // namespace trackly::store
