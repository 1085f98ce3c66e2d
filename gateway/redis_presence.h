#pragma once

#include <memory>

#include "gateway/generation.h"
#include "gateway/net/connector.h"
#include "gateway/store/fleet.h"
#include "gateway/store/redis.h"
#include "gateway/store/redis_guide.h"
#include "gateway/store/redis_key_watch.h"

namespace trackly {

/// What the process itself does with a Redis, beside its workers: it tells the gateways that share
/// it that there is one more, and hears of changes of keys. On one loop.
class RedisPresence {
 public:
  /// Loop and connector outlive it.
  RedisPresence(Loop& loop, net::Connector& connector, std::shared_ptr<SharedRedis> shared);
  RedisPresence(const RedisPresence&) = delete;
  RedisPresence& operator=(const RedisPresence&) = delete;
  ~RedisPresence();

  const std::shared_ptr<SharedRedis>& shared() const { return shared_; }
  /// Where keys are looked up there, which is known when the filters have been made. Any number of
  /// times.
  void watch_keys();
  /// No more requests are taken: the other gateways need not count this one any longer.
  void leave() { fleet_.leave(); }

 private:
  Loop& loop_;
  net::Connector& connector_;
  const std::shared_ptr<SharedRedis> shared_;
  const std::unique_ptr<store::Redis> redis_;
  store::FleetHeartbeat fleet_;
  std::unique_ptr<store::RedisGuide> guide_;
  std::unique_ptr<store::RedisKeyWatch> key_watch_;  // nullptr: no keys
};

}  // namespace trackly
