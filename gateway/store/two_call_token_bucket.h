#pragma once

#include "gateway/api/stores.h"

namespace trackly::store {

/// Buckets of two callers, in a store that decides on those of one caller at once only, as a
/// cluster does: a second call follows where the first was granted. Where it is not granted, what
/// the first one took is refunded. Withdrawals of one caller are one call, as they are.
class TwoCallTokenBucketStore final : public TokenBucketStore {
 public:
  /// `store` outlives this, and answers later, never at once.
  explicit TwoCallTokenBucketStore(TokenBucketStore& store) : store_(store) {}

  Lookup<TakeAnswer> take(std::span<const BucketTake> takes, Callback callback) override;
  void refund(std::span<const BucketTake> takes) override;

 private:
  TokenBucketStore& store_;
};

}  // namespace trackly::store
