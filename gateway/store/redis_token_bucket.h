#pragma once

#include "gateway/api/stores.h"
#include "gateway/store/redis_client.h"

namespace trackly::store {

/// Token buckets that all gateways with the same Redis (5 or newer) share, by Redis's own clock.
///
/// One script, token_bucket.lua, decides on all withdrawals of a request in one round trip. Redis
/// is told the script's digest, and the script itself where it does not know it, within the same
/// deadline. Keys are "trackly:{caller}/part:rule"; the braces keep a caller's buckets on one node
/// of a cluster. They expire when the bucket is full.
class RedisTokenBucketStore final : public TokenBucketStore {
 public:
  /// The client outlives the store and what is pending.
  explicit RedisTokenBucketStore(RedisClient& client) : client_(client) {}

  Lookup<TakeAnswer> take(std::span<const BucketTake> takes, Callback callback) override;
  void refund(std::span<const BucketTake> takes) override;

 private:
  RedisClient& client_;
};

}  // namespace trackly::store
