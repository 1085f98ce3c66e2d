#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/net/connector.h"
#include "gateway/store/redis.h"
#include "gateway/store/redis_access.h"
#include "gateway/store/redis_client.h"
#include "gateway/store/redis_health.h"
#include "gateway/store/redis_slots.h"

namespace trackly::store {

/// Commands to a Redis Cluster (Redis 5 or newer), for one worker: one RedisClient, with a breaker
/// of its own, for each primary.
///
/// The map of slots comes from CLUSTER SLOTS of any node that is there. It is asked for again, at
/// most once in kRefreshInterval, when a node redirects a command or does not answer it. Where the
/// map does not know, any node is asked: those that do not serve a key say who does. Redirections
/// are followed within the command's deadline, since a redirected command was not executed.
class RedisCluster final : public Redis {
 public:
  static constexpr Duration kRefreshInterval = std::chrono::seconds(1);
  static constexpr int kMaxRedirections = 5;

  /// Connects at once to the nodes of the settings. Loop, connector and observers outlive it.
  RedisCluster(Loop& loop, net::Connector& connector, const RedisAccess& access,
               RedisObservers observers = {});
  /// Commands under way are cancelled.
  ~RedisCluster() override;

  TimePoint deadline() const override { return loop_.now() + access_.settings.command_timeout; }
  PendingPtr send(std::string_view key, std::span<const std::string_view> words, TimePoint deadline,
                  Callback callback) override;
  void send(std::string_view key, std::span<const std::string_view> words) override;

 private:
  struct Relay;
  class Ticket;
  using RelayPtr = std::shared_ptr<Relay>;
  struct Node {
    std::string host;
    std::unique_ptr<RedisClient> client;
    bool in_use = true;  // has slots, or nobody knows yet
  };

  Relay& begin(std::string_view key, std::span<const std::string_view> words, TimePoint deadline,
               Callback callback);
  void ask(Relay& relay, Node& node);
  void on_answer(Relay& relay, RedisAnswer answer);
  /// True where it is on its way to another node.
  bool follow(Relay& relay, const RedisReply& reply);
  void finish(Relay& relay, RedisAnswer answer);

  Node& node_at(const RedisNodeSettings& place, const Node* asked);
  Node& node_for(std::uint16_t slot);
  /// In turn, those that seem well first.
  Node& any_node();
  void add_seeds();

  void refresh_soon();
  void refresh();
  void on_slots(const Node& asked, const RedisAnswer& answer);
  void adopt(const std::vector<RedisSlotRange>& ranges, const Node& asked);
  void drop_unused();

  Loop& loop_;
  net::Connector& connector_;
  const RedisAccess access_;
  const RedisObservers observers_;

  std::map<std::string, Node> nodes_;            // by "host:port"
  std::array<Node*, kRedisSlots> slots_{};       // nullptr: not known
  std::unordered_map<Relay*, RelayPtr> relays_;  // until they are answered
  std::size_t turn_ = 0;

  PendingPtr question_;  // CLUSTER SLOTS under way
  bool refresh_armed_ = false;
  std::optional<TimePoint> refreshed_at_;
  std::unique_ptr<Timer> refresh_timer_;
  std::unique_ptr<Timer> drop_timer_;
};

}  // namespace trackly::store
