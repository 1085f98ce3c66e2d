#include "gateway/store/bucket_table.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

namespace trackly::store {
namespace {

constexpr std::size_t kShards = 64;
/// Hash slots that a new bucket sweeps: more than one, so that a flood's remains are gone sooner
/// than they came.
constexpr std::size_t kSweptSlots = 8;
/// A bucket is removed when it has been full for this long, which is more than the times of two
/// workers differ by: one that lags behind would find a fuller bucket than it ought to.
constexpr Duration kFullFor = std::chrono::seconds(1);

/// What makes a bucket: the rule's name and figures, and whose it is. A rule whose figures change
/// starts afresh, because the old bucket's units are not the new one's.
struct IdView {
  std::string_view rule;
  std::string_view key;
  std::uint64_t tokens;
  std::uint64_t burst;
  Duration period;
  Refill refill;
  bool operator==(const IdView&) const = default;
};

struct Id {
  std::string key;
  BucketPolicy policy;

  explicit Id(const BucketTake& take) : key(take.key), policy(*take.policy) {}
  IdView view() const {
    return {policy.name, key, policy.tokens, policy.burst, policy.period, policy.refill};
  }
};

IdView id_of(const BucketTake& take) {
  return {take.policy->name,   take.key,           take.policy->tokens, take.policy->burst,
          take.policy->period, take.policy->refill};
}

struct Hash {
  using is_transparent = void;
  HashKey hash_key;

  // Only keys come from clients; the rest need not be mixed well.
  std::size_t operator()(const IdView& id) const {
    return siphash(hash_key, id.key) ^ siphash(hash_key, id.rule) * 31;
  }
  std::size_t operator()(const Id& id) const { return (*this)(id.view()); }
};

struct Equal {
  using is_transparent = void;
  bool operator()(const Id& a, const Id& b) const { return a.view() == b.view(); }
  bool operator()(const Id& a, const IdView& b) const { return a.view() == b; }
  bool operator()(const IdView& a, const Id& b) const { return a == b.view(); }
};

Gcra::Units at(const Gcra& gcra, TimePoint time) { return gcra.at(time.time_since_epoch()); }

/// By the clock that the policy goes by.
Micros at(const BucketPolicy& policy, const Moment& now) {
  return policy.refill == Refill::rolling
             ? std::chrono::floor<Micros>(now.steady.time_since_epoch())
             : std::chrono::floor<Micros>(now.wall.time_since_epoch());
}

Moment earlier(const Moment& now, Duration by) {
  return {now.steady - by, now.wall - std::chrono::duration_cast<WallTime::duration>(by)};
}

/// A quota that its workers share.
class SharedQuota {
 public:
  explicit SharedQuota(const BucketPolicy& policy) : slices_(policy), use_(slices_) {}

  /// Of `cost` tokens, or of none where they are not all there. Says what is left either way.
  std::pair<bool, BucketState> take(const BucketPolicy& policy, std::uint64_t cost,
                                    const Moment& now) {
    return touch(policy, cost, now, true);
  }
  std::pair<bool, BucketState> look(const BucketPolicy& policy, std::uint64_t cost,
                                    const Moment& now) {
    return touch(policy, cost, now, false);
  }
  void refund(std::uint64_t cost, std::int64_t slice) {
    const std::lock_guard lock(mutex_);
    use_.remove(cost, slice);
  }
  std::uint64_t used(const BucketPolicy& policy, const Moment& now) {
    const std::lock_guard lock(mutex_);
    use_.advance(slices_.at(at(policy, now)));
    return use_.used();
  }

 private:
  std::pair<bool, BucketState> touch(const BucketPolicy& policy, std::uint64_t cost,
                                     const Moment& now, bool withdraw) {
    const Micros time = at(policy, now);
    const std::lock_guard lock(mutex_);
    use_.advance(slices_.at(time));
    const bool granted = use_.used() + cost <= policy.burst;
    if (granted && withdraw) use_.add(cost);
    return {granted, quota_state(policy, slices_, use_, granted ? 0 : cost, time)};
  }

  const QuotaSlices slices_;
  std::mutex mutex_;
  QuotaUse use_;
};

}  // namespace

/// Either a rate's or a quota's.
struct BucketTable::Bucket {
  explicit Bucket(const BucketPolicy& policy)
      : quota(is_quota(policy) ? std::make_unique<SharedQuota>(policy) : nullptr) {}

  /// Tokens, rounded up.
  std::uint64_t lacking(const BucketPolicy& policy, const Moment& now) const {
    if (quota != nullptr) return quota->used(policy, now);
    const Gcra gcra(policy);
    const Gcra::Units debt =
        full_at.load(std::memory_order_relaxed) - at(gcra, now.steady) + gcra.cost(1) - 1;
    return static_cast<std::uint64_t>(std::max<Gcra::Units>(debt, 0) / gcra.cost(1));
  }

  std::atomic<Gcra::Units> full_at = 0;  // in units of the policy
  const std::unique_ptr<SharedQuota> quota;
};

/// Whether a withdrawal was granted or could be, and the bucket then.
struct BucketTable::Level {
  bool granted = true;
  BucketState state;

  Level(bool grant, const BucketState& after) : granted(grant), state(after) {}
  explicit Level(const std::pair<bool, BucketState>& quota) : Level(quota.first, quota.second) {}
  /// `lacking` is what the debt would have to shrink by.
  Level(const Gcra& gcra, Gcra::Units debt, Gcra::Units lacking)
      : Level(lacking <= 0, gcra.state(debt, lacking)) {}
};

struct BucketTable::Shard {
  explicit Shard(const HashKey& hash_key) : buckets(0, Hash{hash_key}) {}

  mutable std::shared_mutex mutex;  // exclusive to add and remove, shared to find and move
  std::unordered_map<Id, Bucket, Hash, Equal> buckets;
  std::size_t hand = 0;  // the hash slot at which the next sweep begins
};

BucketTable::BucketTable(const HashKey& hash_key, std::size_t max_buckets)
    : hash_key_(hash_key), max_per_shard_(std::max<std::size_t>(1, max_buckets / kShards)) {
  for (std::size_t i = 0; i < kShards; ++i) shards_.push_back(std::make_unique<Shard>(hash_key));
}

BucketTable::~BucketTable() = default;

TakeAnswer BucketTable::take(std::span<const BucketTake> takes, const Moment& now) {
  TakeAnswer answer;
  // One that would fail is seen before anything is taken; only a race has to give back.
  if (takes.size() > 1 && !all_available(takes, now, answer.states)) return answer;
  answer.states.clear();
  for (std::size_t i = 0; i < takes.size(); ++i) {
    const Level level = try_take(takes[i], now);
    if (!level.granted) {
      for (std::size_t k = 0; k < i; ++k) give_back(takes[k], answer.states[k].receipt);
      all_available(takes, now, answer.states);
      // The race may be over by now; the refusal stands, and says why.
      answer.states[i] = level.state;
      return answer;
    }
    answer.states.push_back(level.state);
  }
  answer.granted = true;
  return answer;
}

bool BucketTable::all_available(std::span<const BucketTake> takes, const Moment& now,
                                std::vector<BucketState>& states) {
  states.clear();
  bool available = true;
  for (const BucketTake& take : takes) {
    const Level level = look(take, now);
    available = available && level.granted;
    states.push_back(level.state);
  }
  return available;
}

BucketTable::Shard& BucketTable::shard_of(const BucketTake& take) {
  // The high bits, because the maps use the low ones.
  static_assert(kShards == 64);
  return *shards_[Hash{hash_key_}(id_of(take)) >> 58];
}

BucketTable::Level BucketTable::look(const BucketTake& take, const Moment& now) {
  const BucketPolicy& policy = *take.policy;
  Shard& shard = shard_of(take);
  const std::shared_lock lock(shard.mutex);
  const auto found = shard.buckets.find(id_of(take));
  if (is_quota(policy)) {
    if (found != shard.buckets.end()) {
      return Level(found->second.quota->look(policy, take.cost, now));
    }
    return {take.cost <= policy.burst, {.remaining = policy.burst}};
  }
  const Gcra gcra(policy);
  Gcra::Units debt = 0;
  if (found != shard.buckets.end()) {
    const Gcra::Units full_at = found->second.full_at.load(std::memory_order_relaxed);
    debt = std::max<Gcra::Units>(full_at - at(gcra, now.steady), 0);
  }
  return {gcra, debt, debt + gcra.cost(take.cost) - gcra.capacity()};
}

BucketTable::Level BucketTable::take_from(Bucket& bucket, const BucketTake& take,
                                          const Moment& now) {
  if (bucket.quota != nullptr) return Level(bucket.quota->take(*take.policy, take.cost, now));
  const Gcra gcra(*take.policy);
  const Gcra::Units present = at(gcra, now.steady);
  const Gcra::Units cost = gcra.cost(take.cost);
  Gcra::Units seen = bucket.full_at.load(std::memory_order_relaxed);
  Gcra::Units after = 0;
  do {
    after = std::max(seen, present) + cost;
    const Gcra::Units lacking = after - present - gcra.capacity();
    if (lacking > 0) return {gcra, after - present - cost, lacking};
  } while (!bucket.full_at.compare_exchange_weak(seen, after, std::memory_order_relaxed));
  return {gcra, after - present, 0};
}

BucketTable::Level BucketTable::try_take(const BucketTake& take, const Moment& now) {
  Shard& shard = shard_of(take);
  {
    const std::shared_lock lock(shard.mutex);
    if (const auto found = shard.buckets.find(id_of(take)); found != shard.buckets.end()) {
      return take_from(found->second, take, now);
    }
  }
  const std::unique_lock lock(shard.mutex);
  make_room(shard, now);
  return take_from(shard.buckets.try_emplace(Id(take), *take.policy).first->second, take, now);
}

void BucketTable::refund(std::span<const BucketTake> takes) {
  for (const BucketTake& take : takes) give_back(take, take.receipt);
}

void BucketTable::give_back(const BucketTake& take, std::int64_t receipt) {
  Shard& shard = shard_of(take);
  const std::shared_lock lock(shard.mutex);
  const auto found = shard.buckets.find(id_of(take));
  if (found == shard.buckets.end()) return;  // full already
  Bucket& bucket = found->second;
  if (bucket.quota != nullptr) return bucket.quota->refund(take.cost, receipt);
  // May fall into the past, which means full and nothing more.
  bucket.full_at.fetch_sub(Gcra(*take.policy).cost(take.cost), std::memory_order_relaxed);
}

void BucketTable::make_room(Shard& shard, const Moment& now) {
  auto& buckets = shard.buckets;
  const Moment past = earlier(now, kFullFor);
  std::vector<const Id*> full;
  const Id* fullest = nullptr;
  std::uint64_t fewest_lacking = 0;

  const auto is_cramped = [&] { return buckets.size() - full.size() >= max_per_shard_; };
  const std::size_t slots = buckets.bucket_count();
  for (std::size_t i = 0; i < slots; ++i) {
    if (i >= kSweptSlots && (!is_cramped() || fullest != nullptr)) break;
    shard.hand = (shard.hand + 1) % slots;
    for (auto it = buckets.begin(shard.hand); it != buckets.end(shard.hand); ++it) {
      if (it->second.lacking(it->first.policy, past) == 0) {
        full.push_back(&it->first);
        continue;
      }
      const std::uint64_t lacking = it->second.lacking(it->first.policy, now);
      if (fullest == nullptr || lacking < fewest_lacking) {
        fullest = &it->first;
        fewest_lacking = lacking;
      }
    }
  }

  if (is_cramped() && fullest != nullptr) {
    full.push_back(fullest);
    forgotten_.fetch_add(1, std::memory_order_relaxed);
  }
  for (const Id* id : full) buckets.erase(buckets.find(*id));
}

std::size_t BucketTable::size() const {
  std::size_t size = 0;
  for (const auto& shard : shards_) {
    const std::shared_lock lock(shard->mutex);
    size += shard->buckets.size();
  }
  return size;
}

}  // namespace trackly::store
