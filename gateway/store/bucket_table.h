#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/api/siphash.h"
#include "gateway/api/stores.h"
#include "gateway/store/gcra.h"
#include "gateway/store/quota.h"

namespace trackly::store {

/// The time of a worker's turn. The wall clock decides when a calendar period ends.
struct Moment {
  TimePoint steady;
  WallTime wall{};
};

/// The token buckets of this process, shared by its workers. Any thread may call anything.
///
/// Exact: a bucket that fills at a rate is one atomic number that the workers move by
/// compare-exchange, so whatever they do at once, no bucket grants more than its burst plus what
/// flowed in; a quota is counted under a mutex of its own. Workers read the time once a turn; one
/// whose time lags behind sees less in a bucket, never more.
///
/// Bounded: there are never many more than `max_buckets`. A full bucket is the same as none, so
/// each new bucket sweeps a few old ones and removes those that have filled up. Where that makes no
/// room, the bucket that lacks the fewest tokens among those it looked at is forgotten, and
/// counted: its caller has those tokens back. A flood of new keys therefore pushes out its own
/// nearly untouched buckets rather than the empty one of a caller at its limit; to have that
/// forgotten, it would have to spend as many tokens on each of its keys.
class BucketTable {
 public:
  /// About 250 bytes each; a rolling quota's about 500.
  static constexpr std::size_t kDefaultMaxBuckets = 1'000'000;

  explicit BucketTable(const HashKey& hash_key, std::size_t max_buckets = kDefaultMaxBuckets);
  ~BucketTable();

  /// All or nothing. Where another worker empties one of several buckets at the same moment, what
  /// was taken from the others is given back; a third worker may meanwhile be refused what it would
  /// have got a moment later, but nobody is granted too much.
  TakeAnswer take(std::span<const BucketTake> takes, const Moment& now);
  void refund(std::span<const BucketTake> takes);

  std::size_t size() const;
  /// Buckets that were forgotten before they had filled up.
  std::uint64_t forgotten() const { return forgotten_.load(std::memory_order_relaxed); }

 private:
  struct Bucket;
  struct Level;
  struct Shard;

  Shard& shard_of(const BucketTake& take);
  /// The bucket without a withdrawal; it need not exist.
  Level look(const BucketTake& take, const Moment& now);
  Level try_take(const BucketTake& take, const Moment& now);
  static Level take_from(Bucket& bucket, const BucketTake& take, const Moment& now);
  void give_back(const BucketTake& take, std::int64_t receipt);
  /// Whether all could be granted; `states` says of each bucket what it is like without that.
  bool all_available(std::span<const BucketTake> takes, const Moment& now,
                     std::vector<BucketState>& states);
  void make_room(Shard& shard, const Moment& now);

  HashKey hash_key_;
  std::size_t max_per_shard_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::atomic<std::uint64_t> forgotten_ = 0;
};

}  // namespace trackly::store
