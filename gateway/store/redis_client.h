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
#include "gateway/store/redis_access.h"
#include "gateway/store/redis_connection.h"
#include "gateway/store/redis_health.h"
#include "gateway/store/redis_protocol.h"
#include "gateway/store/redis_refusals.h"

namespace trackly::store {

/// Commands to one Redis over one connection, for one worker.
///
/// * All commands of a turn leave in one write, and their replies are matched in order.
/// * Each command is answered once, by its own deadline at the latest, and never from inside
///   send(). Its place in the order is kept after its deadline, so that a late reply is dropped,
///   not taken for the next one's.
/// * A connection counts when Redis has taken our login and answered a PING on it: the kernel
///   accepts connections also for a process that is stopped.
///
/// It costs a caller nothing to find Redis dead:
/// * A command waits for a connection that is being made, until an attempt has failed; from then on
///   commands fail in their own turn, while the client tries again with growing, jittered pauses.
/// * A command that missed its deadline is itself the probe of a Redis that stopped answering:
///   until its reply comes, new commands are not sent. After kStallLimit the connection is given
///   up.
/// * So many commands in a row without an answer in time open the breaker. No command is sent then;
///   PINGs are, at jittered intervals, until one is answered in time. The next failure opens it
///   again; and each time that this happens soon, twice as many PINGs in a row have to be answered
///   before it closes, so that requests rarely wait for a Redis that comes and goes.
/// * What Redis refuses (OOM, READONLY…) is no longer sent; see RedisRefusals.
///
/// A callback may send further commands; it must not destroy the client.
class RedisClient final : public Redis, private RedisConnectionEvents {
 public:
  static constexpr Duration kStallLimit = std::chrono::seconds(1);
  static constexpr Duration kFirstPause = std::chrono::milliseconds(50);
  static constexpr Duration kLongestPause = std::chrono::seconds(1);
  /// The breaker opens soon after it closed where it does so within this.
  static constexpr Duration kSoon = std::chrono::seconds(10);
  static constexpr std::uint32_t kMostProbes = 64;

  /// Asks somebody where the server is; move_to() follows, not from inside the call.
  using Seek = std::function<void()>;

  /// To one server, to which it connects at once. Loop and connector outlive the client.
  RedisClient(Loop& loop, net::Connector& connector, const RedisAccess& access,
              const net::Address& server, RedisObservers observers = {});
  /// The same in clear, to the one server of the settings.
  RedisClient(Loop& loop, net::Connector& connector, const RedisSettings& settings);
  /// To a primary that somebody has to find; the first move_to() comes unasked. It is sought again
  /// when it cannot be connected to, or when it turns out to be a replica. `name`: as diagnostics
  /// and metrics call it.
  RedisClient(Loop& loop, net::Connector& connector, const RedisAccess& access,
              const std::string& name, Seek seek, RedisObservers observers = {});
  /// Commands under way are cancelled.
  ~RedisClient() override;

  TimePoint deadline() const override { return loop_.now() + settings_.command_timeout; }
  PendingPtr send(std::string_view key, std::span<const std::string_view> words, TimePoint deadline,
                  Callback callback) override;
  void send(std::string_view key, std::span<const std::string_view> words) override;

  /// `wire` is a whole command, `name` its first word.
  PendingPtr send_wire(std::string_view name, std::string wire, TimePoint deadline,
                       Callback callback);
  /// Nobody waits for the reply.
  void send_wire(std::string_view name, std::string wire);

  /// Connects there; answers that the server before still owes are waited for.
  void move_to(const net::Address& address);
  /// Whether commands would be sent, or wait for a first connection.
  bool is_usable() const { return !stalled() && !breaker_open_ && (!down_ || ready_since_); }
  /// Redis has answered on the connection, and is asked.
  bool is_ready() const { return ready_since_ && is_usable(); }
  /// No command waits or is under way.
  bool is_idle() const { return waiting_.empty() && sent_.empty(); }

 private:
  struct Command;
  class Ticket;
  using CommandPtr = std::shared_ptr<Command>;
  using Queue = std::deque<CommandPtr>;

  RedisClient(Loop& loop, net::Connector& connector, const RedisAccess& access,
              const std::string& name, RedisObservers observers);

  void on_open() override;
  void on_reply(RedisReply reply) override;
  void on_lost() override;

  // ---- the connection
  void connect();
  void open();
  void greet(std::string_view name, std::string wire, Callback callback);
  void on_login(const std::string& name, const RedisAnswer& answer);
  void on_role(const RedisAnswer& answer);
  void on_ping(const RedisAnswer& answer);
  void get_ready();
  bool stood_well() const;
  /// Drops the connection and what is under way, and tries again: at once where a connection that
  /// had stood well was lost, else after a pause.
  void reconnect(RedisFailure why);

  // ---- commands
  void submit(const CommandPtr& command);
  void transmit(const CommandPtr& command);
  void refuse(const CommandPtr& command, RedisFailure why);
  void finish(Command& command, RedisAnswer answer);
  std::optional<RedisFailure> obstacle(std::string_view name);
  bool stalled() const;
  void judge(const Command& command, const RedisReply& reply);
  /// True where the server is not, or no longer, the right one: the command waits for the next.
  bool waits_for_another(const CommandPtr& command, const RedisReply& reply);

  // ---- the breaker
  void missed(std::size_t deadlines);
  void open_breaker();
  void probe();
  void on_probe(const RedisAnswer& answer);
  void tell_health();
  void count(RedisOutcome outcome);

  // ---- deadlines
  void watch(TimePoint deadline);
  void on_deadline();
  void expire(TimePoint now);
  std::optional<TimePoint> next_deadline() const;

  Loop& loop_;
  net::Connector& connector_;
  const RedisSettings settings_;
  const RedisLogin login_;
  const RedisObservers observers_;
  RedisHealth::View health_;

  std::optional<net::Address> address_;       // empty: has to be sought
  std::optional<net::Address> next_address_;  // where move_to() leads
  Seek seek_;                                 // empty: the address is fixed

  std::unique_ptr<RedisConnection> connection_;  // nullptr: pausing or seeking
  std::optional<TimePoint> ready_since_;         // Redis greeted us on this connection
  std::string unwelcome_;                        // what was wrong with the greeting; empty: nothing
  bool leaving_ = false;  // nothing more is sent on this connection; another one follows
  bool down_ = false;     // the last attempt failed
  std::string trouble_;   // why it failed
  Duration pause_ = kFirstPause;

  Queue waiting_;  // for the connection to be ready
  Queue sent_;     // replies come in this order

  std::uint32_t missed_ = 0;  // deadlines in a row
  bool breaker_open_ = false;
  std::optional<TimePoint> breaker_closed_at_;  // empty: it never opened
  std::uint32_t probes_needed_ = 1;             // answered in time and in a row, to close it
  std::uint32_t probes_passed_ = 0;
  RedisRefusals refusals_;

  std::optional<TimePoint> watched_;  // what deadline_timer_ is armed for
  std::unique_ptr<Timer> deadline_timer_;
  std::unique_ptr<Timer> pause_timer_;
  std::unique_ptr<Timer> probe_timer_;
};

}  // namespace trackly::store
