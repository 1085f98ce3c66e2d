#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/net/connector.h"
#include "gateway/store/redis.h"
#include "gateway/store/redis_access.h"
#include "gateway/store/redis_client.h"
#include "gateway/store/redis_connection.h"
#include "gateway/store/redis_health.h"

namespace trackly::store {

/// Asks sentinels where the primary is, and hears from them when it moves.
///
/// One connection at a time, to the first sentinel that answers and knows it: the question, the
/// question for other sentinels (which are remembered) and a subscription to +switch-master leave
/// in one write, so that no failover can fall between the answer and the subscription. Polling
/// would be slower by its interval, or a load. A PING in each kPing finds out whether the
/// connection still works. Where it does not, the next sentinel is asked: at once, but after a
/// growing, jittered pause when all of them have failed, or answered and closed the connection.
class RedisSentinels final : private RedisConnectionEvents {
 public:
  static constexpr Duration kPing = std::chrono::seconds(2);
  static constexpr Duration kFirstPause = std::chrono::milliseconds(50);
  static constexpr Duration kLongestPause = std::chrono::seconds(1);
  /// What they name beyond that is not remembered.
  static constexpr std::size_t kMostSentinels = 32;

  using Found = std::function<void(const net::Address&)>;

  /// Asks at once. `found`: the primary's address, after each answer and each move; never from
  /// inside a call. Loop, connector and health (which may be nullptr) outlive it. Requires:
  /// access.settings.sentinels.
  RedisSentinels(Loop& loop, net::Connector& connector, const RedisAccess& access,
                 RedisHealth* health, Found found);
  ~RedisSentinels() override;

  /// The address turned out to be of no use: another sentinel may know better.
  void ask_again();

 private:
  void on_open() override;
  void on_reply(RedisReply reply) override;
  void on_lost() override;

  void connect();
  void give_up(std::string_view why);
  void on_answer(std::size_t question, const RedisReply& reply);
  void settle();
  void forget_failures();
  void on_push(const RedisReply& message);
  void on_tick();
  void remember(const RedisReply& sentinels);
  bool is_subscribed() const { return answers_ == questions_; }

  Loop& loop_;
  net::Connector& connector_;
  const RedisAccess access_;
  const RedisSentinelSettings& settings_;
  const RedisLogin login_;
  const Found found_;
  RedisHealth::View health_;

  std::vector<RedisNodeSettings> nodes_;
  std::size_t turn_ = 0;    // whose turn it is: nodes_[turn_ % size]
  std::size_t failed_ = 0;  // in a row
  Duration pause_ = kFirstPause;

  std::unique_ptr<RedisConnection> connection_;  // nullptr: pausing
  std::size_t questions_ = 0;                    // sent on this connection
  std::size_t answers_ = 0;
  bool is_pinged_ = false;               // and has not answered yet
  std::optional<TimePoint> settled_at_;  // when the subscription was taken
  std::unique_ptr<Timer> tick_;
  std::unique_ptr<Timer> pause_timer_;
};

/// Commands to the primary that sentinels name, for one worker. A failover is followed; see
/// RedisClient::move_to().
class RedisPrimary final : public Redis {
 public:
  RedisPrimary(Loop& loop, net::Connector& connector, const RedisAccess& access,
               RedisObservers observers = {});

  TimePoint deadline() const override { return client_.deadline(); }
  PendingPtr send(std::string_view key, std::span<const std::string_view> words, TimePoint deadline,
                  Callback callback) override {
    return client_.send(key, words, deadline, std::move(callback));
  }
  void send(std::string_view key, std::span<const std::string_view> words) override {
    client_.send(key, words);
  }

 private:
  RedisClient client_;
  RedisSentinels sentinels_;
};

}  // namespace trackly::store
