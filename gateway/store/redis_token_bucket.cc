#include "gateway/store/redis_token_bucket.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/store/quota.h"
#include "gateway/store/token_bucket_script.h"

namespace trackly::store {
namespace {

__extension__ using Wide = __int128;

/// The figures of a policy in the script's terms: a period is `period` whole microseconds, each of
/// `n` parts, and a token takes `period` parts.
struct Scale {
  explicit Scale(const BucketPolicy& policy)
      : n(static_cast<std::int64_t>(policy.tokens)),
        period(std::chrono::duration_cast<std::chrono::microseconds>(policy.period).count()) {}

  std::int64_t n;
  std::int64_t period;

  Wide parts(Wide tokens) const { return tokens * period; }
  Duration duration(Wide parts) const {  // rounded up
    return std::chrono::microseconds(static_cast<std::int64_t>((parts + n - 1) / n));
  }
};

/// Usage of another kind, or in slices of another length, would be something else under this name.
std::string quota_suffix(const BucketPolicy& policy) {
  if (policy.refill == Refill::monthly) return ":monthly";
  return (policy.refill == Refill::rolling ? ":rolling." : ":calendar.") +
         std::to_string(QuotaSlices(policy).length().count());
}

// For what goes around a key and its rule's name, of a quota too.
constexpr std::size_t kSuffixRoom = 32;

std::string redis_key(const BucketTake& take) {
  const std::string_view key = take.key;
  const std::string_view caller = key.substr(0, key.find('/'));
  std::string name = "trackly:{";
  name.reserve(name.size() + key.size() + take.policy->name.size() + kSuffixRoom);
  name.append(caller).append("}").append(key.substr(caller.size())).append(":");
  name.append(take.policy->name);
  return is_quota(*take.policy) ? name + quota_suffix(*take.policy) : name;
}

/// A bucket's word for the script: its kind and five numbers, as doubles, which Lua's numbers are;
/// whole ones below 2^53, so nothing is lost. In text each would be a word of its own, and words
/// are what a command costs here and in Redis.
using Figures = std::array<std::int64_t, 5>;

void put(std::string& word, std::size_t at, std::int64_t number) {
  const auto bits = std::bit_cast<std::uint64_t>(static_cast<double>(number));
  for (std::size_t i = 0; i < sizeof(bits); ++i) word[at + i] = static_cast<char>(bits >> (8 * i));
}

constexpr std::size_t place_of(std::size_t figure) { return 1 + figure * sizeof(double); }

std::string packed(char kind, const Figures& figures) {
  std::string word(place_of(figures.size()), kind);
  for (std::size_t i = 0; i < figures.size(); ++i) put(word, place_of(i), figures[i]);
  return word;
}

std::string rate_word(const BucketTake& take) {
  const Scale scale(*take.policy);
  const Wide cost = scale.parts(take.cost);
  const Wide capacity = scale.parts(take.policy->burst);
  const auto whole = [&scale](Wide parts) { return static_cast<std::int64_t>(parts / scale.n); };
  const auto rest = [&scale](Wide parts) { return static_cast<std::int64_t>(parts % scale.n); };
  return packed('r', {scale.n, whole(cost), rest(cost), whole(capacity), rest(capacity)});
}

constexpr std::size_t kReceipt = 4;  // among the figures

std::string quota_word(const BucketTake& take) {
  const QuotaSlices slices(*take.policy);
  return packed(
      'q', {static_cast<std::int64_t>(take.policy->burst), static_cast<std::int64_t>(take.cost),
            slices.length().count(), static_cast<std::int64_t>(slices.older()), take.receipt});
}

/// The words of the command but for the first two: how many keys, the keys, the verb, the buckets.
std::vector<std::string> arguments(std::string_view verb, std::span<const BucketTake> takes) {
  std::vector<std::string> words;
  words.reserve(2 + 2 * takes.size());
  words.push_back(std::to_string(takes.size()));
  for (const BucketTake& take : takes) words.push_back(redis_key(take));
  words.emplace_back(verb);
  for (const BucketTake& take : takes) {
    words.push_back(is_quota(*take.policy) ? quota_word(take) : rate_word(take));
  }
  return words;
}

std::vector<std::string_view> command(std::string_view name, std::string_view script,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string_view> words;
  words.reserve(2 + arguments.size());
  words = {name, script};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

/// The numbers that the script says of one bucket.
constexpr std::size_t numbers_of(bool quota) { return quota ? 4 : 2; }

BucketState rate_state(const BucketPolicy& policy, std::uint64_t cost, bool granted,
                       std::span<const RedisReply> said) {
  const Scale scale(policy);
  const Wide debt = Wide{said[0].integer} * scale.n + said[1].integer;
  const Wide capacity = scale.parts(policy.burst);
  BucketState state;
  state.remaining = static_cast<std::uint64_t>(std::max<Wide>(capacity - debt, 0) / scale.period);
  state.reset = scale.duration(debt);
  if (!granted) {
    const Wide lacking = debt + scale.parts(cost) - capacity;
    state.retry_after = scale.duration(std::max<Wide>(lacking, 0));
  }
  return state;
}

BucketState quota_state(const BucketPolicy& policy, std::span<const RedisReply> said) {
  BucketState state;
  state.remaining =
      policy.burst - std::min(policy.burst, static_cast<std::uint64_t>(said[0].integer));
  state.retry_after = Micros(said[1].integer);
  state.reset = Micros(said[2].integer);
  state.receipt = said[3].integer;
  return state;
}

TakeAnswer unavailable(std::string_view why) {
  TakeAnswer answer;
  answer.status = TakeAnswer::Status::unavailable;
  answer.failure = why;
  return answer;
}

}  // namespace

/// What the one who waits holds.
class RedisTokenBucketStore::Handle final : public Pending {
 public:
  explicit Handle(Call& call);
  ~Handle() override;
  void let_go() { call_ = nullptr; }

 private:
  Call* call_;
};

/// One request's withdrawals on their way.
class RedisTokenBucketStore::Call {
 public:
  Call(RedisTokenBucketStore& store, std::span<const BucketTake> takes, Callback callback)
      : store_(store), callback_(std::move(callback)), deadline_(store.redis_.deadline()) {
    begin(takes);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    if (handle_ != nullptr) handle_->let_go();
  }

  void held_by(Handle& handle) { handle_ = &handle; }
  void keep_place(std::list<Call>::iterator place) { place_ = place; }
  /// Nobody waits any more. Redis may have decided already, so its answer is still of interest.
  void abandon() {
    handle_ = nullptr;
    callback_ = nullptr;
  }

 private:
  struct Bucket {
    const BucketPolicy* policy;  // not touched where nobody waits
    std::uint64_t cost;
    bool quota;
  };

  void begin(std::span<const BucketTake> takes) {
    for (const BucketTake& take : takes) {
      buckets_.push_back({take.policy, take.cost, is_quota(*take.policy)});
    }
    arguments_ = arguments("take", takes);
    send("EVALSHA", kTokenBucketScriptSha1);
  }

  void send(std::string_view name, std::string_view script) {
    command_ = store_.redis_.send(arguments_[1], command(name, script, arguments_), deadline_,
                                  [this](const RedisAnswer& answer) { on_answer(answer); });
  }

  void on_answer(const RedisAnswer& answer) {
    if (callback_ == nullptr) {
      if (answer && is_verdict(*answer)) refund_grant(*answer);
      end();
      return;
    }
    // After a restart or a SCRIPT FLUSH.
    if (answer && answer->is_error("NOSCRIPT")) return send("EVAL", kTokenBucketScript);
    TakeAnswer taken = interpret(answer);
    const Callback callback = std::move(callback_);
    end();
    callback(std::move(taken));
  }

  /// This is gone then.
  void end() { store_.calls_.erase(place_); }

  void refund_grant(const RedisReply& reply) {
    if (reply.items[0].integer != 1) return;
    const std::size_t verb = 1 + buckets_.size();
    arguments_[verb] = "refund";
    std::size_t said = 1;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      said += numbers_of(buckets_[i].quota);
      if (!buckets_[i].quota) continue;
      put(arguments_[verb + 1 + i], place_of(kReceipt), reply.items[said - 1].integer);
    }
    store_.redis_.send(arguments_[1], command("EVALSHA", kTokenBucketScriptSha1, arguments_));
  }

  TakeAnswer interpret(const RedisAnswer& answer) const {
    if (!answer) return unavailable(to_string(answer.error()));
    const RedisReply& reply = *answer;
    if (reply.kind == RedisReply::Kind::error) {
      return unavailable(std::string_view(reply.text).substr(0, reply.text.find(' ')));
    }
    if (!is_verdict(reply)) return unavailable("unexpected reply");
    TakeAnswer take;
    take.granted = reply.items[0].integer == 1;
    std::span<const RedisReply> said(reply.items);
    said = said.subspan(1);
    for (const auto [policy, cost, quota] : buckets_) {
      take.states.push_back(quota ? quota_state(*policy, said)
                                  : rate_state(*policy, cost, take.granted, said));
      said = said.subspan(numbers_of(quota));
    }
    return take;
  }

  /// Whether it is what the script returns: granted or not, then the numbers of each bucket.
  bool is_verdict(const RedisReply& reply) const {
    std::size_t expected = 1;
    for (const Bucket& bucket : buckets_) expected += numbers_of(bucket.quota);
    return reply.items.size() == expected &&
           std::all_of(reply.items.begin(), reply.items.end(), [](const RedisReply& item) {
             return item.kind == RedisReply::Kind::integer && item.integer >= 0;
           });
  }

  RedisTokenBucketStore& store_;
  Callback callback_;  // nullptr: nobody waits
  Handle* handle_ = nullptr;
  std::list<Call>::iterator place_;
  std::vector<Bucket> buckets_;
  std::vector<std::string> arguments_;
  const TimePoint deadline_;
  PendingPtr command_;
};

RedisTokenBucketStore::Handle::Handle(Call& call) : call_(&call) { call.held_by(*this); }

RedisTokenBucketStore::Handle::~Handle() {
  if (call_ != nullptr) call_->abandon();
}

RedisTokenBucketStore::RedisTokenBucketStore(Redis& redis) : redis_(redis) {}

RedisTokenBucketStore::~RedisTokenBucketStore() = default;

Lookup<TakeAnswer> RedisTokenBucketStore::take(std::span<const BucketTake> takes,
                                               Callback callback) {
  Call& call = calls_.emplace_back(*this, takes, std::move(callback));
  call.keep_place(std::prev(calls_.end()));
  return std::make_unique<Handle>(call);
}

void RedisTokenBucketStore::refund(std::span<const BucketTake> takes) {
  // Follows a grant, so Redis has met the script; if it has restarted since, the bucket is gone
  // too.
  const std::vector<std::string> words = arguments("refund", takes);
  redis_.send(words[1], command("EVALSHA", kTokenBucketScriptSha1, words));
}

}  // namespace trackly::store
