#include "gateway/store/two_call_token_bucket.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace trackly::store {
namespace {

std::string_view caller_of(const BucketTake& take) {
  return std::string_view(take.key).substr(0, take.key.find('/'));
}

bool are_of_one_caller(std::span<const BucketTake> takes) {
  return std::all_of(takes.begin(), takes.end(), [&takes](const BucketTake& take) {
    return caller_of(take) == caller_of(takes.front());
  });
}

/// Withdrawals of one caller, and where each of them stands among all.
struct Group {
  std::vector<BucketTake> takes;
  std::vector<std::size_t> places;
};

/// Those of the first caller, and the others.
std::pair<Group, Group> groups_of(std::span<const BucketTake> takes) {
  std::pair<Group, Group> groups;
  for (std::size_t i = 0; i < takes.size(); ++i) {
    const bool is_first = caller_of(takes[i]) == caller_of(takes.front());
    Group& group = is_first ? groups.first : groups.second;
    group.takes.push_back(takes[i]);
    group.places.push_back(i);
  }
  return groups;
}

class TwoCalls final : public Pending {
 public:
  TwoCalls(TokenBucketStore& store, std::span<const BucketTake> takes,
           TokenBucketStore::Callback callback)
      : store_(store), callback_(std::move(callback)) {
    std::tie(first_, second_) = groups_of(takes);
    states_.resize(takes.size(), BucketState{.known = false});
    call_ = ask(first_, [this](TakeAnswer answer) { on_first(std::move(answer)); });
  }
  ~TwoCalls() override {
    if (first_is_taken_) store_.refund(first_.takes);
  }

 private:
  PendingPtr ask(const Group& group, TokenBucketStore::Callback callback) {
    return std::get<PendingPtr>(store_.take(group.takes, std::move(callback)));
  }

  void on_first(TakeAnswer answer) {
    note(first_, answer);
    if (!answer.granted) return finish(std::move(answer));
    first_is_taken_ = true;
    call_ = ask(second_, [this](TakeAnswer second) { on_second(std::move(second)); });
  }

  void on_second(TakeAnswer answer) {
    note(second_, answer);
    if (!answer.granted) {
      // As it will be after the refund; when a bucket is full again, a rate alone could tell.
      for (std::size_t i = 0; i < first_.takes.size(); ++i) {
        const BucketTake& take = first_.takes[i];
        BucketState& state = states_[first_.places[i]];
        state.remaining = std::min(take.policy->burst, state.remaining + take.cost);
      }
      store_.refund(first_.takes);
    }
    first_is_taken_ = false;
    finish(std::move(answer));
  }

  void note(Group& group, const TakeAnswer& answer) {
    for (std::size_t i = 0; i < answer.states.size(); ++i) {
      states_[group.places[i]] = answer.states[i];
      group.takes[i].receipt = answer.states[i].receipt;
    }
  }

  /// The callback may destroy this.
  void finish(TakeAnswer answer) {
    if (answer.status == TakeAnswer::Status::ok) answer.states = std::move(states_);
    const TokenBucketStore::Callback callback = std::move(callback_);
    callback(std::move(answer));
  }

  TokenBucketStore& store_;
  TokenBucketStore::Callback callback_;
  Group first_;
  Group second_;
  std::vector<BucketState> states_;
  bool first_is_taken_ = false;  // and nobody answers for it yet
  PendingPtr call_;
};

}  // namespace

Lookup<TakeAnswer> TwoCallTokenBucketStore::take(std::span<const BucketTake> takes,
                                                 Callback callback) {
  if (are_of_one_caller(takes)) return store_.take(takes, std::move(callback));
  return std::make_unique<TwoCalls>(store_, takes, std::move(callback));
}

void TwoCallTokenBucketStore::refund(std::span<const BucketTake> takes) {
  if (are_of_one_caller(takes)) return store_.refund(takes);
  const auto [first, second] = groups_of(takes);
  store_.refund(first.takes);
  store_.refund(second.takes);
}

}  // namespace trackly::store
