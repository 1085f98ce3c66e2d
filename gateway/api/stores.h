#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/api/loop.h"

namespace trackly {

/// Something that somebody is waiting for. Destroying it cancels it: the callback then never runs.
class Pending {
 public:
  Pending() = default;
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  virtual ~Pending() = default;
};
using PendingPtr = std::unique_ptr<Pending>;

/// What a store gives back: the answer itself, by value, where it is at hand; else a Pending whose
/// callback brings the answer later, exactly once, on this worker's loop, within the store's own
/// deadline. A callback never runs from inside the call, so nobody is re-entered.
template <class Answer>
using Lookup = std::variant<Answer, PendingPtr>;

// ---------------------------------------------------------------------------------- token buckets

/// How tokens that were taken come back. All but `steady` are quotas: `burst` tokens in a period.
enum class Refill : std::uint8_t {
  steady,    // at a rate, from an empty bucket too
  rolling,   // each a `period` after it was taken, or up to a sixtieth of one later
  calendar,  // all at the end of the period, which begins at a multiple of itself since the epoch
  monthly,   // all at the end of the month, UTC
};

/// A bucket of `burst` tokens at most, that `tokens` per `period` flow into; those of a quota are
/// as many as its burst. None of the three is zero, the period is whole microseconds, and an empty
/// bucket fills within kLongestRefill.
struct BucketPolicy {
  std::string name;  // of the limiter rule
  std::uint64_t tokens = 0;
  Duration period = std::chrono::seconds(1);  // 31 days where it is monthly
  std::uint64_t burst = 0;
  Refill refill = Refill::steady;
};

/// What the arithmetic of every store holds with a wide margin.
inline constexpr Duration kLongestRefill = std::chrono::hours(24 * 3660);
/// The most tokens that a policy may name, for the same reason.
inline constexpr std::uint64_t kMostTokens = 1'000'000'000;

/// One withdrawal. `policy` outlives the call and its Pending.
struct BucketTake {
  const BucketPolicy* policy = nullptr;
  /// Whose bucket: "caller" or "caller/part", never a secret in clear. Stores that are spread over
  /// nodes keep the buckets of one caller together.
  std::string key;
  /// More than the policy's burst is never granted.
  std::uint64_t cost = 1;
  std::int64_t receipt = 0;  // for a refund: BucketState::receipt of the grant
};

struct BucketState {
  std::uint64_t remaining = 0;  // whole tokens left
  Duration retry_after{};       // until `cost` tokens are there; zero where they were granted
  Duration reset{};             // until the bucket is full
  /// Tells a refund from which part of a quota's period the tokens were taken.
  std::int64_t receipt = 0;
  bool known = true;  // false: another bucket had refused before this one was asked
};

/// No two withdrawals of a call are from the same bucket. All of them are granted or none is
/// (`granted`); `states` has one entry for each, in order, describing the bucket after the call.
struct TakeAnswer {
  enum class Status : std::uint8_t { ok, unavailable };
  Status status = Status::ok;
  bool granted = false;
  std::vector<BucketState> states;
  std::string failure;  // why the store was unavailable, for the log
};

class TokenBucketStore {
 public:
  using Callback = std::function<void(TakeAnswer)>;

  TokenBucketStore() = default;
  TokenBucketStore(const TokenBucketStore&) = delete;
  TokenBucketStore& operator=(const TokenBucketStore&) = delete;
  virtual ~TokenBucketStore() = default;

  virtual Lookup<TakeAnswer> take(std::span<const BucketTake> takes, Callback callback) = 0;
  /// Gives tokens back after a grant whose request came to nothing; never above the burst. Nobody
  /// waits for it.
  virtual void refund(std::span<const BucketTake> takes) = 0;
};

/// How many gateways share the limits in Redis, this one included, as far as is known. Any thread.
class Fleet {
 public:
  std::uint32_t gateways() const { return gateways_.load(std::memory_order_relaxed); }
  /// Requires: at least one.
  void set(std::uint32_t gateways) { gateways_.store(gateways, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> gateways_ = 1;
};

// ------------------------------------------------------------------------------------------- keys

/// SHA-256 of a whole API key ("trk_" included).
using KeyDigest = std::array<std::uint8_t, 32>;

enum class AccountStatus : std::uint8_t { active, suspended, billing_blocked, fraud_blocked };

/// What one account may instead of what a limiter rule says for all: a rate with its burst, or a
/// quota (then `burst` equals `tokens`).
struct AccountLimit {
  std::string rule;  // its name
  std::uint64_t tokens = 0;
  Duration period = std::chrono::seconds(1);
  std::uint64_t burst = 0;
};

struct Account {
  std::string id;
  AccountStatus status = AccountStatus::active;
  // Absent: the account has all there are.
  std::optional<std::vector<std::string>> products;
  std::optional<std::vector<std::string>> features;
  /// First digits of the numbers that it may send to, such as "1" or "44".
  std::optional<std::vector<std::string>> calling_codes;
  std::vector<AccountLimit> limits;
  /// In place of an operation's own maximum of items in a batch; never above it.
  std::optional<std::uint64_t> batch_maximum;
};

struct KeyRecord {
  std::string id;    // its digest's first 16 hexadecimal digits; tells keys apart
  std::string name;  // what logs call it; never the key
  std::shared_ptr<const Account> account;
};

struct KeyAnswer {
  enum class Status : std::uint8_t { known, unknown, unavailable };
  Status status = Status::unknown;
  std::shared_ptr<const KeyRecord> record;  // of a known key
};

class KeyStore {
 public:
  using Callback = std::function<void(KeyAnswer)>;

  KeyStore() = default;
  KeyStore(const KeyStore&) = delete;
  KeyStore& operator=(const KeyStore&) = delete;
  virtual ~KeyStore() = default;

  virtual Lookup<KeyAnswer> find(const KeyDigest& digest, Callback callback) = 0;
};

/// Cryptography stays out of the filters: they get it as a service.
class Hasher {
 public:
  Hasher() = default;
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  virtual ~Hasher() = default;
  virtual KeyDigest sha256(std::string_view text) = 0;
};

}  // namespace trackly
