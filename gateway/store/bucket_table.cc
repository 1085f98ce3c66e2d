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
  bool operator==(const IdView&) const = default;
};

struct Id {
  std::string rule;
  std::string key;
  std::uint64_t tokens;
  std::uint64_t burst;
  Duration period;

  explicit Id(const IdView& view)
      : rule(view.rule),
        key(view.key),
        tokens(view.tokens),
        burst(view.burst),
        period(view.period) {}
  IdView view() const { return {rule, key, tokens, burst, period}; }
  Gcra gcra() const {
    return Gcra({.name = {}, .tokens = tokens, .period = period, .burst = burst});
  }
};

IdView id_of(const BucketTake& take) {
  return {take.policy->name, take.key, take.policy->tokens, take.policy->burst,
          take.policy->period};
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

}  // namespace

/// What a bucket lacks, and what it would have to lack less for a refused withdrawal.
struct BucketTable::Level {
  Gcra gcra;
  Gcra::Units debt = 0;
  Gcra::Units lacking = 0;

  bool granted() const { return lacking <= 0; }
  BucketState state() const { return gcra.state(debt, lacking); }
};

struct BucketTable::Shard {
  explicit Shard(const HashKey& hash_key) : buckets(0, Hash{hash_key}) {}

  mutable std::shared_mutex mutex;  // exclusive to add and remove, shared to find and move
  std::unordered_map<Id, FullAt, Hash, Equal> buckets;
  std::size_t hand = 0;  // the hash slot at which the next sweep begins
};

BucketTable::BucketTable(const HashKey& hash_key, std::size_t max_buckets)
    : hash_key_(hash_key), max_per_shard_(std::max<std::size_t>(1, max_buckets / kShards)) {
  for (std::size_t i = 0; i < kShards; ++i) shards_.push_back(std::make_unique<Shard>(hash_key));
}

BucketTable::~BucketTable() = default;

TakeAnswer BucketTable::take(std::span<const BucketTake> takes, TimePoint now) {
  TakeAnswer answer;
  // One that would fail is seen before anything is taken; only a race has to give back.
  if (takes.size() > 1 && !all_available(takes, now, answer.states)) return answer;
  answer.states.clear();
  for (std::size_t i = 0; i < takes.size(); ++i) {
    const Level level = try_take(takes[i], now);
    if (!level.granted()) {
      refund(takes.first(i));
      all_available(takes, now, answer.states);
      // The race may be over by now; the refusal stands, and says why.
      answer.states[i] = level.state();
      return answer;
    }
    answer.states.push_back(level.state());
  }
  answer.granted = true;
  return answer;
}

bool BucketTable::all_available(std::span<const BucketTake> takes, TimePoint now,
                                std::vector<BucketState>& states) {
  states.clear();
  bool available = true;
  for (const BucketTake& take : takes) {
    const Level level = look(take, now);
    available = available && level.granted();
    states.push_back(level.state());
  }
  return available;
}

BucketTable::Shard& BucketTable::shard_of(const BucketTake& take) {
  // The high bits, because the maps use the low ones.
  static_assert(kShards == 64);
  return *shards_[Hash{hash_key_}(id_of(take)) >> 58];
}

BucketTable::Level BucketTable::look(const BucketTake& take, TimePoint now) {
  Level level{Gcra(*take.policy)};
  Shard& shard = shard_of(take);
  const std::shared_lock lock(shard.mutex);
  if (const auto found = shard.buckets.find(id_of(take)); found != shard.buckets.end()) {
    const Gcra::Units full_at = found->second.load(std::memory_order_relaxed);
    level.debt = std::max<Gcra::Units>(full_at - at(level.gcra, now), 0);
  }
  level.lacking = level.debt + level.gcra.cost(take.cost) - level.gcra.capacity();
  return level;
}

BucketTable::Level BucketTable::try_take(const BucketTake& take, TimePoint now) {
  Level level{Gcra(*take.policy)};
  const Gcra::Units present = at(level.gcra, now);
  const Gcra::Units cost = level.gcra.cost(take.cost);

  const auto move = [&](FullAt& full_at) {
    Gcra::Units seen = full_at.load(std::memory_order_relaxed);
    Gcra::Units after = 0;
    do {
      after = std::max(seen, present) + cost;
      level.debt = after - present;
      level.lacking = level.debt - level.gcra.capacity();
      if (!level.granted()) {
        level.debt -= cost;
        return;
      }
    } while (!full_at.compare_exchange_weak(seen, after, std::memory_order_relaxed));
  };

  Shard& shard = shard_of(take);
  const IdView id = id_of(take);
  {
    const std::shared_lock lock(shard.mutex);
    if (const auto found = shard.buckets.find(id); found != shard.buckets.end()) {
      move(found->second);
      return level;
    }
  }
  const std::unique_lock lock(shard.mutex);
  make_room(shard, now);
  move(shard.buckets.try_emplace(Id(id), 0).first->second);
  return level;
}

void BucketTable::refund(std::span<const BucketTake> takes) {
  for (const BucketTake& take : takes) {
    Shard& shard = shard_of(take);
    const std::shared_lock lock(shard.mutex);
    const auto found = shard.buckets.find(id_of(take));
    if (found == shard.buckets.end()) continue;  // full already
    // May fall into the past, which means full and nothing more.
    found->second.fetch_sub(Gcra(*take.policy).cost(take.cost), std::memory_order_relaxed);
  }
}

void BucketTable::make_room(Shard& shard, TimePoint now) {
  auto& buckets = shard.buckets;
  std::vector<const Id*> full;
  const Id* fullest = nullptr;
  Gcra::Units fewest_lacking = 0;

  const auto is_cramped = [&] { return buckets.size() - full.size() >= max_per_shard_; };
  const std::size_t slots = buckets.bucket_count();
  for (std::size_t i = 0; i < slots; ++i) {
    if (i >= kSweptSlots && (!is_cramped() || fullest != nullptr)) break;
    shard.hand = (shard.hand + 1) % slots;
    for (auto it = buckets.begin(shard.hand); it != buckets.end(shard.hand); ++it) {
      const Gcra gcra = it->first.gcra();
      const Gcra::Units full_at = it->second.load(std::memory_order_relaxed);
      if (full_at <= at(gcra, now - kFullFor)) {
        full.push_back(&it->first);
        continue;
      }
      const Gcra::Units lacking = std::max<Gcra::Units>(full_at - at(gcra, now), 0) / gcra.cost(1);
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
