#pragma once

#include <memory>
#include <string>

#include "gateway/api/loop.h"
#include "gateway/api/stores.h"
#include "gateway/store/redis.h"

namespace trackly::store {

/// Tells the other gateways through Redis that this one is alive, and counts them: those that
/// Redis, by its own clock, has heard of in the last kAliveFor. While Redis does not answer, the
/// last known number stays. For one thread; `fleet` is read by any.
class FleetHeartbeat {
 public:
  static constexpr Duration kInterval = std::chrono::seconds(2);
  static constexpr Duration kAliveFor = std::chrono::seconds(6);

  /// All outlive this.
  FleetHeartbeat(Loop& loop, Redis& redis, Fleet& fleet);

  void start();
  /// This gateway takes no more requests: the others need not wait until it is forgotten.
  void leave();

 private:
  void beat();
  void on_answer(const RedisAnswer& answer);

  Loop& loop_;
  Redis& redis_;
  Fleet& fleet_;
  const std::string name_;  // of this process, for as long as it lives
  const std::unique_ptr<Timer> next_;
  PendingPtr pending_;
};

}  // namespace trackly::store
