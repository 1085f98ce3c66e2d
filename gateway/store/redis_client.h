#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/api/loop.h"
#include "gateway/api/result.h"
#include "gateway/api/settings.h"
#include "gateway/api/stores.h"
#include "gateway/net/connector.h"
#include "gateway/store/redis.h"
#include "gateway/store/redis_connection.h"
#include "gateway/store/redis_protocol.h"

namespace trackly::store {

/// Commands to one Redis over one connection, for one worker.
///
/// * All commands of a turn leave in one write, and their replies are matched in order.
/// * Each command is answered once, by its own deadline at the latest, and never from inside
/// send().
///   Its place in the order is kept after its deadline, so that a late reply is dropped, not taken
///   for the next one's.
/// * It costs a caller nothing to find Redis dead. A command waits for a connection that is being
///   made, until an attempt has failed; from then on commands fail in their own turn, while the
///   client tries again with growing, jittered pauses. A new connection counts when Redis has
///   answered a PING on it: the kernel accepts connections also for a process that is stopped.
/// * A command that missed its deadline is itself the probe of a Redis that stopped answering:
/// until
///   its reply comes, new commands are not sent. After kStallLimit the connection is given up.
///
/// A callback may send further commands; it must not destroy the client.
class RedisClient final : public Redis, private RedisConnectionEvents {
 public:
  static constexpr Duration kStallLimit = std::chrono::seconds(1);
  static constexpr Duration kFirstPause = std::chrono::milliseconds(50);
  static constexpr Duration kLongestPause = std::chrono::seconds(1);

  /// Connects at once. Loop and connector outlive the client.
  RedisClient(Loop& loop, net::Connector& connector, const RedisSettings& settings);
  /// Commands under way are cancelled.
  ~RedisClient() override;

  TimePoint deadline() const override { return loop_.now() + settings_.command_timeout; }
  PendingPtr send(std::string_view key, std::span<const std::string_view> words, TimePoint deadline,
                  Callback callback) override;
  void send(std::string_view key, std::span<const std::string_view> words) override;

 private:
  struct Command;
  class Ticket;
  using CommandPtr = std::shared_ptr<Command>;
  using Queue = std::deque<CommandPtr>;

  void on_open() override;
  void on_reply(RedisReply reply) override;
  void on_lost() override;

  void connect();
  void on_greeting(const RedisAnswer& answer);
  /// Drops the connection and what is under way, and tries again: at once where a connection that
  /// had stood well was lost, else after a pause.
  void reconnect(RedisFailure why);

  void submit(const CommandPtr& command);
  void transmit(const CommandPtr& command);
  std::optional<RedisFailure> obstacle() const;
  bool stalled() const;

  void watch(TimePoint deadline);
  void on_deadline();
  void expire(TimePoint now);
  std::optional<TimePoint> next_deadline() const;

  Loop& loop_;
  net::Connector& connector_;
  const RedisSettings settings_;

  std::unique_ptr<RedisConnection> connection_;  // nullptr: pausing before the next attempt
  std::optional<TimePoint> ready_since_;         // Redis greeted us on this connection
  bool down_ = false;                            // the last attempt failed
  Duration pause_ = kFirstPause;

  Queue waiting_;  // for the connection to be ready
  Queue sent_;     // replies come in this order

  std::optional<TimePoint> watched_;  // what deadline_timer_ is armed for
  std::unique_ptr<Timer> deadline_timer_;
  std::unique_ptr<Timer> pause_timer_;
};

}  // namespace trackly::store
