#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/loop.h"
#include "gateway/api/shared_keys.h"
#include "gateway/api/siphash.h"
#include "gateway/api/stores.h"
#include "gateway/store/clock_table.h"

namespace trackly::store {

/// What this process knows of the keys and accounts in Redis, shared by its workers. Safe to use
/// from any thread.
///
/// Somebody (RedisKeyWatch) listens to Redis for changes and says here what has changed: that is
/// forgotten at once. What is left is as good as Redis's own word:
///
/// * while the watch stands, until `ttl` after Redis was asked;
/// * without it for kUnwatchedTtl only, and when it stands again everything is asked for again,
/// since
///   nobody knows what was missed;
/// * where Redis cannot be asked, until `max_stale` after it was last known to be right.
///
/// Keys that do not exist are remembered too, in room of their own, so that who guesses pushes no
/// real key out.
class KeyCache {
 public:
  static constexpr std::size_t kMaxKeys = std::size_t{128} * 1024;
  static constexpr std::size_t kMaxAccounts = std::size_t{128} * 1024;
  static constexpr std::size_t kMaxUnknown = std::size_t{64} * 1024;
  static constexpr Duration kUnwatchedTtl = std::chrono::milliseconds(50);
  static constexpr Duration kUnknownTtl = std::chrono::seconds(10);

  /// `hash_key` keeps whoever guesses keys from choosing ones that hash alike.
  explicit KeyCache(const HashKey& hash_key);

  /// Somebody looks up keys: a watch is wanted.
  void note_use() { in_use_ = true; }
  bool in_use() const { return in_use_; }

  /// When Redis was asked, in every sense. An answer says nothing about what has changed since.
  struct Stamp {
    TimePoint asked;
    std::uint64_t watch = 0;
    std::uint64_t changes = 0;
  };

  struct Finding {
    enum class Kind : std::uint8_t { known, unknown, ask };
    Kind kind = Kind::ask;
    /// Of a known key. Where Redis is to be asked: what may be used if it does not answer; nullptr:
    /// nothing may.
    std::shared_ptr<const KeyRecord> record;
    Stamp stamp;  // of the question that Redis is to be asked
  };
  Finding find(const KeyDigest& digest, const KeyCachePolicy& policy, TimePoint now, WallTime wall);

  struct AccountFinding {
    std::shared_ptr<const Account> account;  // nullptr: Redis is to be asked
    Stamp stamp;
  };
  AccountFinding find_account(const std::string& id, const KeyCachePolicy& policy, TimePoint now);

  // What Redis has answered. Nothing is kept where the key or account has changed since the stamp.
  void put(const KeyDigest& digest, const Stamp& stamp, std::shared_ptr<const KeyRecord> record,
           std::optional<WallTime> expires);
  void put_unknown(const KeyDigest& digest, const Stamp& stamp);
  void put_account(const Stamp& stamp, std::shared_ptr<const Account> account);
  /// Redis did not answer, and what find() gave in place of an answer was used.
  void note_stale_use() { stale_uses_.fetch_add(1, std::memory_order_relaxed); }
  /// Redis did not answer, and there was nothing to use.
  void note_unavailable() { unavailable_.fetch_add(1, std::memory_order_relaxed); }

  // What the watch hears.
  void key_changed(const KeyDigest& digest);
  void account_changed(const std::string& id);
  /// From `now` on every change is heard of; what was missed before is unknown.
  void watch_began(TimePoint now);
  /// No change up to `now` was missed.
  void watch_confirmed(TimePoint now);
  void watch_lost();

  struct Counts {
    std::uint64_t hits = 0;     // known, without asking Redis
    std::uint64_t misses = 0;   // Redis was asked, or is being asked already
    std::uint64_t unknown = 0;  // known not to exist, without asking
    std::uint64_t stale = 0;
    std::uint64_t unavailable = 0;
    std::size_t keys = 0;
    std::size_t accounts = 0;
    std::size_t unknown_keys = 0;
    bool watched = false;
  };
  Counts counts() const;

 private:
  static constexpr std::size_t kShards = 16;

  struct Hash {
    HashKey key;
    std::size_t operator()(std::string_view text) const { return siphash(key, text); }
    std::size_t operator()(const KeyDigest& digest) const;
  };
  struct KeyEntry {
    std::shared_ptr<const KeyRecord> record;
    std::optional<WallTime> expires;
    Stamp stamp;
  };
  struct AccountEntry {
    std::shared_ptr<const Account> account;
    Stamp stamp;
  };
  struct alignas(64) KeyShard {
    explicit KeyShard(const Hash& hash)
        : known(kMaxKeys / kShards, hash), unknown(kMaxUnknown / kShards, hash) {}
    mutable std::mutex mutex;
    std::uint64_t changes = 0;
    ClockTable<KeyDigest, KeyEntry, Hash> known;
    ClockTable<KeyDigest, Stamp, Hash> unknown;
    Counts counts;
  };
  struct alignas(64) AccountShard {
    explicit AccountShard(const Hash& hash) : accounts(kMaxAccounts / kShards, hash) {}
    mutable std::mutex mutex;
    std::uint64_t changes = 0;
    ClockTable<std::string, AccountEntry, Hash> accounts;
  };

  KeyShard& shard_of(const KeyDigest& digest) { return *key_shards_[hash_(digest) >> 60]; }
  AccountShard& shard_of(const std::string& id) { return *account_shards_[hash_(id) >> 60]; }
  std::optional<AccountEntry> account_entry(const std::string& id);
  Stamp stamp(TimePoint now, std::uint64_t changes) const;
  bool is_fresh(const Stamp& stamp, Duration ttl, TimePoint now) const;
  bool is_usable(const Stamp& stamp, const KeyCachePolicy& policy, TimePoint now) const;

  const Hash hash_;
  // Each is locked for a look-up only; an account's lock may be taken under a key's, never the
  // other way round.
  std::array<std::unique_ptr<KeyShard>, kShards> key_shards_;
  std::array<std::unique_ptr<AccountShard>, kShards> account_shards_;

  std::atomic<bool> in_use_ = false;
  std::atomic<std::uint64_t> watch_ = 0;  // how often it began
  std::atomic<bool> watched_ = false;
  std::atomic<TimePoint::rep> confirmed_ = 0;
  std::atomic<std::uint64_t> stale_uses_ = 0;
  std::atomic<std::uint64_t> unavailable_ = 0;
};

}  // namespace trackly::store
