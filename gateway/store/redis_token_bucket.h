#pragma once

#include <list>

#include "gateway/api/stores.h"
#include "gateway/store/redis.h"

namespace trackly::store {

/// Token buckets that all gateways with the same Redis (5 or newer) share, by Redis's own clock.
///
/// One script, token_bucket.lua, decides on all withdrawals of a request in one round trip. Redis
/// is told the script's digest, and the script itself where it does not know it, within the same
/// deadline. Keys are "trackly:{caller}/part:rule"; the braces keep a caller's buckets on one node
/// of a cluster. They expire when the bucket is full; those of quotas end in their kind and slices.
///
/// What is granted to somebody who no longer waits is refunded, too.
class RedisTokenBucketStore final : public TokenBucketStore {
 public:
  /// Redis outlives the store and what is pending.
  explicit RedisTokenBucketStore(Redis& redis);
  ~RedisTokenBucketStore() override;

  Lookup<TakeAnswer> take(std::span<const BucketTake> takes, Callback callback) override;
  void refund(std::span<const BucketTake> takes) override;

 private:
  class Call;
  class Handle;

  Redis& redis_;
  std::list<Call> calls_;  // under way
};

}  // namespace trackly::store
