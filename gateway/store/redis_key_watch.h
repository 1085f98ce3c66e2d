#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/api/stores.h"
#include "gateway/net/connector.h"
#include "gateway/store/key_cache.h"
#include "gateway/store/redis_connection.h"
#include "gateway/store/redis_guide.h"
#include "gateway/store/redis_protocol.h"

namespace trackly::store {

/// Keeps one connection of the process subscribed to the changes of keys and accounts, and tells
/// the cache of them.
///
/// A PING each kPing finds out whether the connection still works: where the answer to one has not
/// come when the next is due, it is given up. So a connection that is dead without anybody knowing
/// hides changes for at most two of these. Lost connections are replaced at once if they stood
/// well, else with growing, jittered pauses.
class RedisKeyWatch final : private RedisConnectionEvents {
 public:
  static constexpr Duration kPing = std::chrono::seconds(1);
  static constexpr Duration kFirstPause = std::chrono::milliseconds(50);
  static constexpr Duration kLongestPause = std::chrono::seconds(1);

  /// All outlive the watch.
  RedisKeyWatch(Loop& loop, net::Connector& connector, RedisGuide& guide, Duration connect_timeout,
                KeyCache& cache);
  ~RedisKeyWatch() override;

 private:
  void on_open() override;
  void on_reply(RedisReply reply) override;
  void on_lost() override { start_over(); }

  void look_for_redis();
  void connect(const RedisEntrance& entrance);
  void on_message(const RedisReply& reply);
  void on_change(const std::string& message);
  void subscribed();
  void on_tick();
  void send(std::initializer_list<std::string_view> words);
  /// Drops the connection and tries again.
  void start_over();

  Loop& loop_;
  net::Connector& connector_;
  RedisGuide& guide_;
  const Duration connect_timeout_;
  KeyCache& cache_;

  PendingPtr search_;
  std::unique_ptr<RedisConnection> connection_;
  std::vector<std::string> login_;
  std::size_t login_replies_ = 0;  // still to come
  std::optional<TimePoint> subscribed_since_;
  std::optional<TimePoint> ping_sent_;  // and not answered yet
  Duration pause_ = kFirstPause;
  std::unique_ptr<Timer>
      tick_;  // the next PING; before the subscription stands: the end of patience
  std::unique_ptr<Timer> pause_timer_;
};

}  // namespace trackly::store
