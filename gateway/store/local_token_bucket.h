#pragma once

#include "gateway/api/loop.h"
#include "gateway/api/stores.h"
#include "gateway/store/bucket_table.h"

namespace trackly::store {

/// One worker's access to the buckets of the process, at its loop's time. Answers at once, by
/// value, and is never unavailable.
class LocalTokenBucketStore final : public TokenBucketStore {
 public:
  /// Both outlive the store.
  LocalTokenBucketStore(BucketTable& table, const Loop& loop) : table_(table), loop_(loop) {}

  Lookup<TakeAnswer> take(std::span<const BucketTake> takes, Callback) override {
    return table_.take(takes, {loop_.now(), loop_.wall_now()});
  }
  void refund(std::span<const BucketTake> takes) override { table_.refund(takes); }

 private:
  BucketTable& table_;
  const Loop& loop_;
};

}  // namespace trackly::store
