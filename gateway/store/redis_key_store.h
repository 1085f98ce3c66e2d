#pragma once

#include <cstddef>
#include <map>
#include <memory>

#include "gateway/api/loop.h"
#include "gateway/api/shared_keys.h"
#include "gateway/api/stores.h"
#include "gateway/store/key_cache.h"
#include "gateway/store/redis.h"

namespace trackly::store {

/// One worker's look-ups of keys in Redis, through the cache of the process.
///
/// What the cache knows is answered at once, by value. Else Redis is asked for the key, and for its
/// account where the cache does not have that; requests with the same key wait for the same answer,
/// but for those that come after a change was heard of: they are not told what may be older. Where
/// Redis does not answer, the cache's older word is used if it is not too old.
class RedisKeys final : public SharedKeys {
 public:
  /// More keys than these are not looked up at one time, so that whoever guesses keys leaves room
  /// for the other commands of this worker.
  static constexpr std::size_t kMaxLookups = 1024;

  /// All outlive this object and what is pending.
  RedisKeys(Loop& loop, Redis& redis, KeyCache& cache);
  ~RedisKeys() override;

  std::unique_ptr<KeyStore> open(const KeyCachePolicy& policy) override;

 private:
  class View;
  class Question;
  struct Waiter;
  class Ticket;
  using Questions = std::multimap<KeyDigest, std::unique_ptr<Question>>;

  Lookup<KeyAnswer> find(const KeyDigest& digest, const KeyCachePolicy& policy,
                         KeyStore::Callback callback);
  Questions::node_type take_out(const KeyDigest& digest, const Question& question);
  /// What the cache may stand in for Redis with.
  KeyAnswer without_redis(const std::shared_ptr<const KeyRecord>& record);

  Loop& loop_;
  Redis& redis_;
  KeyCache& cache_;
  Questions questions_;  // those about one key in the order asked
};

}  // namespace trackly::store
