#include "gateway/store/redis_token_bucket.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

/// Whole microseconds and the rest in parts, which is never negative.
void append_time(std::vector<std::string>& words, const Scale& scale, Wide parts) {
  Wide whole = parts / scale.n;
  if (whole * scale.n > parts) --whole;
  words.push_back(std::to_string(static_cast<std::int64_t>(whole)));
  words.push_back(std::to_string(static_cast<std::int64_t>(parts - whole * scale.n)));
}

std::string redis_key(const BucketTake& take) {
  const std::string_view key = take.key;
  const std::string_view caller = key.substr(0, key.find('/'));
  std::string name = "trackly:{";
  name.append(caller).append("}").append(key.substr(caller.size())).append(":");
  return name.append(take.policy->name);
}

enum class Direction : std::int8_t { take = 1, refund = -1 };

/// The words of the command but for the first two: how many keys, the keys, the figures.
std::vector<std::string> arguments(std::span<const BucketTake> takes, Direction direction) {
  std::vector<std::string> words{std::to_string(takes.size())};
  for (const BucketTake& take : takes) words.push_back(redis_key(take));
  for (const BucketTake& take : takes) {
    const Scale scale(*take.policy);
    words.push_back(std::to_string(scale.n));
    append_time(words, scale, scale.parts(take.cost) * static_cast<int>(direction));
    append_time(words, scale, scale.parts(take.policy->burst));
  }
  return words;
}

std::vector<std::string_view> command(std::string_view name, std::string_view script,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string_view> words{name, script};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

BucketState state_of(const BucketPolicy& policy, std::uint64_t cost, bool granted, Wide debt) {
  const Scale scale(policy);
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

TakeAnswer unavailable(std::string_view why) {
  TakeAnswer answer;
  answer.status = TakeAnswer::Status::unavailable;
  answer.failure = why;
  return answer;
}

/// One request's withdrawals on their way.
class PendingTake final : public Pending {
 public:
  PendingTake(Redis& redis, std::span<const BucketTake> takes, TokenBucketStore::Callback callback)
      : redis_(redis),
        callback_(std::move(callback)),
        arguments_(arguments(takes, Direction::take)),
        deadline_(redis.deadline()) {
    for (const BucketTake& take : takes) buckets_.push_back({take.policy, take.cost});
    send("EVALSHA", kTokenBucketScriptSha1);
  }

 private:
  struct Bucket {
    const BucketPolicy* policy;
    std::uint64_t cost;
  };

  void send(std::string_view name, std::string_view script) {
    command_ = redis_.send(arguments_[1], command(name, script, arguments_), deadline_,
                           [this](const RedisAnswer& answer) { on_answer(answer); });
  }

  void on_answer(const RedisAnswer& answer) {
    // After a restart or a SCRIPT FLUSH.
    if (answer && answer->is_error("NOSCRIPT")) return send("EVAL", kTokenBucketScript);
    // Moved out, because the callback may destroy this.
    const TokenBucketStore::Callback callback = std::move(callback_);
    callback(interpret(answer));
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
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      const auto [policy, cost] = buckets_[i];
      const Wide whole = reply.items[1 + 2 * i].integer;
      const Wide debt = whole * Scale(*policy).n + reply.items[2 + 2 * i].integer;
      take.states.push_back(state_of(*policy, cost, take.granted, debt));
    }
    return take;
  }

  /// Whether it is what the script returns: granted or not, then a debt in two parts for each
  /// bucket.
  bool is_verdict(const RedisReply& reply) const {
    return reply.items.size() == 1 + 2 * buckets_.size() &&
           std::all_of(reply.items.begin(), reply.items.end(), [](const RedisReply& item) {
             return item.kind == RedisReply::Kind::integer && item.integer >= 0;
           });
  }

  Redis& redis_;
  TokenBucketStore::Callback callback_;
  std::vector<Bucket> buckets_;
  const std::vector<std::string> arguments_;
  const TimePoint deadline_;
  PendingPtr command_;
};

}  // namespace

Lookup<TakeAnswer> RedisTokenBucketStore::take(std::span<const BucketTake> takes,
                                               Callback callback) {
  return std::make_unique<PendingTake>(redis_, takes, std::move(callback));
}

void RedisTokenBucketStore::refund(std::span<const BucketTake> takes) {
  // Follows a grant, so Redis has met the script; if it has restarted since, the bucket is gone
  // too.
  const std::vector<std::string> words = arguments(takes, Direction::refund);
  redis_.send(words[1], command("EVALSHA", kTokenBucketScriptSha1, words));
}

}  // namespace trackly::store
