#include "gateway/store/redis_key_store.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/api/accounts.h"
#include "gateway/store/redis_key_records.h"

namespace trackly::store {

/// A request that waits for an answer.
struct RedisKeys::Waiter {
  KeyStore::Callback callback;  // empty: it has gone away
  std::shared_ptr<const KeyRecord> fallback;
};

class RedisKeys::Ticket final : public Pending {
 public:
  explicit Ticket(std::shared_ptr<Waiter> waiter) : waiter_(std::move(waiter)) {}
  ~Ticket() override { waiter_->callback = nullptr; }

 private:
  std::shared_ptr<Waiter> waiter_;
};

/// One key that Redis is being asked for. It goes on where all who waited have gone away: the cache
/// wants to know too.
class RedisKeys::Question {
 public:
  Question(RedisKeys& keys, const KeyDigest& digest, const KeyCachePolicy& policy,
           const KeyCache::Stamp& stamp)
      : keys_(keys), digest_(digest), policy_(policy), stamp_(stamp) {}

  void ask_for_key() {
    const std::string key = redis_key_of(digest_);
    const std::array<std::string_view, 5> words{"HMGET", key, kKeyFields[0], kKeyFields[1],
                                                kKeyFields[2]};
    deadline_ = keys_.redis_.deadline();
    pending_ = keys_.redis_.send(key, words, deadline_,
                                 [this](const RedisAnswer& answer) { on_key(answer); });
  }

  /// Whether its answer will be one for who asks now: nothing has changed since Redis was asked.
  bool is_current(const KeyCache::Stamp& now) const {
    if (!is_same(stamp_, now)) return false;
    if (!account_stamp_) return true;
    const auto account = keys_.cache_.find_account(key_.account, policy_, keys_.loop_.now());
    return is_same(*account_stamp_, account.stamp);
  }

  PendingPtr wait(KeyStore::Callback callback, std::shared_ptr<const KeyRecord> fallback) {
    auto waiter = std::make_shared<Waiter>(Waiter{std::move(callback), std::move(fallback)});
    waiters_.push_back(waiter);
    return std::make_unique<Ticket>(std::move(waiter));
  }

 private:
  void on_key(const RedisAnswer& answer) {
    const KeyReading reading = answer ? read_key(*answer, key_) : KeyReading::unreadable;
    if (reading == KeyReading::unreadable) return finish(std::nullopt);
    if (reading == KeyReading::unknown) {
      keys_.cache_.put_unknown(digest_, stamp_);
      return finish(KeyAnswer{});
    }
    auto account = keys_.cache_.find_account(key_.account, policy_, keys_.loop_.now());
    if (account.account != nullptr) return found(std::move(account.account));
    ask_for_account(account.stamp);
  }

  void ask_for_account(const KeyCache::Stamp& stamp) {
    account_stamp_ = stamp;
    const std::string key = redis_key_of_account(key_.account);
    const std::array<std::string_view, 2> words{"HGETALL", key};
    pending_ = keys_.redis_.send(key, words, deadline_,
                                 [this](const RedisAnswer& answer) { on_account(answer); });
  }

  void on_account(const RedisAnswer& answer) {
    if (!answer) return finish(std::nullopt);
    std::string unreadable;
    auto account = read_account(key_.account, *answer, unreadable);
    if (!unreadable.empty()) return finish(std::nullopt);
    if (account == nullptr) {
      // A key of nobody.
      keys_.cache_.put_unknown(digest_, stamp_);
      return finish(KeyAnswer{});
    }
    keys_.cache_.put_account(*account_stamp_, account);
    found(std::move(account));
  }

  void found(std::shared_ptr<const Account> account) {
    auto record = std::make_shared<const KeyRecord>(
        KeyRecord{key_id(digest_), std::move(key_.name), std::move(account)});
    keys_.cache_.put(digest_, stamp_, record, key_.expires);
    const bool expired = key_.expires && *key_.expires <= keys_.loop_.wall_now();
    finish(expired ? KeyAnswer{} : KeyAnswer{KeyAnswer::Status::known, std::move(record)});
  }

  /// Nothing: Redis did not say anything of use. Destroys this.
  void finish(const std::optional<KeyAnswer>& answer) {
    const auto self = keys_.take_out(digest_, *this);
    for (const auto& waiter : waiters_) {
      if (const auto call = std::exchange(waiter->callback, nullptr)) {
        call(answer ? *answer : keys_.without_redis(waiter->fallback));
      }
    }
  }

  static bool is_same(const KeyCache::Stamp& one, const KeyCache::Stamp& other) {
    return one.watch == other.watch && one.changes == other.changes;
  }

  RedisKeys& keys_;
  const KeyDigest digest_;
  const KeyCachePolicy policy_;
  const KeyCache::Stamp stamp_;
  std::optional<KeyCache::Stamp> account_stamp_;  // where Redis is being asked for the account
  TimePoint deadline_{};                          // for both commands together
  StoredKey key_;
  std::vector<std::shared_ptr<Waiter>> waiters_;
  PendingPtr pending_;
};

/// As one filter sees them.
class RedisKeys::View final : public KeyStore {
 public:
  View(RedisKeys& keys, const KeyCachePolicy& policy) : keys_(keys), policy_(policy) {}

  Lookup<KeyAnswer> find(const KeyDigest& digest, Callback callback) override {
    return keys_.find(digest, policy_, std::move(callback));
  }

 private:
  RedisKeys& keys_;
  const KeyCachePolicy policy_;
};

RedisKeys::RedisKeys(Loop& loop, Redis& redis, KeyCache& cache)
    : loop_(loop), redis_(redis), cache_(cache) {}

RedisKeys::~RedisKeys() = default;

std::unique_ptr<KeyStore> RedisKeys::open(const KeyCachePolicy& policy) {
  cache_.note_use();
  return std::make_unique<View>(*this, policy);
}

Lookup<KeyAnswer> RedisKeys::find(const KeyDigest& digest, const KeyCachePolicy& policy,
                                  KeyStore::Callback callback) {
  KeyCache::Finding found = cache_.find(digest, policy, loop_.now(), loop_.wall_now());
  if (found.kind == KeyCache::Finding::Kind::known) {
    return KeyAnswer{KeyAnswer::Status::known, std::move(found.record)};
  }
  if (found.kind == KeyCache::Finding::Kind::unknown) return KeyAnswer{};

  // The last one is the latest.
  const auto [first, last] = questions_.equal_range(digest);
  if (first != last) {
    Question& asked = *std::prev(last)->second;
    if (asked.is_current(found.stamp)) {
      return asked.wait(std::move(callback), std::move(found.record));
    }
  }
  if (questions_.size() >= kMaxLookups) return without_redis(found.record);
  auto question = std::make_unique<Question>(*this, digest, policy, found.stamp);
  Question& asking = *question;
  questions_.emplace(digest, std::move(question));
  PendingPtr pending = asking.wait(std::move(callback), std::move(found.record));
  asking.ask_for_key();
  return pending;
}

RedisKeys::Questions::node_type RedisKeys::take_out(const KeyDigest& digest,
                                                    const Question& question) {
  const auto [first, last] = questions_.equal_range(digest);
  return questions_.extract(std::find_if(
      first, last, [&](const auto& entry) { return entry.second.get() == &question; }));
}

KeyAnswer RedisKeys::without_redis(const std::shared_ptr<const KeyRecord>& record) {
  if (record == nullptr) {
    cache_.note_unavailable();
    return {KeyAnswer::Status::unavailable, nullptr};
  }
  cache_.note_stale_use();
  return {KeyAnswer::Status::known, record};
}

}  // namespace trackly::store
