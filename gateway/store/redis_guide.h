#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/api/stores.h"
#include "gateway/net/connector.h"
#include "gateway/store/redis_access.h"
#include "gateway/store/redis_health.h"

namespace trackly::store {

/// Where changes can be heard of, and what is to be said there first.
struct RedisEntrance {
  net::Address address;
  /// Commands whose replies must not be errors, as they go over the wire; for a login. Secret.
  std::vector<std::string> login;
};

/// Finds a server that hears of every change.
class RedisGuide {
 public:
  using Callback = std::function<void(const RedisEntrance&)>;

  RedisGuide() = default;
  RedisGuide(const RedisGuide&) = delete;
  RedisGuide& operator=(const RedisGuide&) = delete;
  virtual ~RedisGuide() = default;

  /// Asked before each connection, one question at a time. Answers once, when it knows, never from
  /// inside the call. Destroying the Pending cancels.
  virtual PendingPtr find(Callback callback) = 0;
};

/// For Redis as it is deployed: the one server; the primary that sentinels name (when it is
/// demoted, what is published at the new one reaches it all the same); the nodes of a cluster that
/// the settings name, in turn, since what is published at one node reaches all. Loop, connector and
/// health outlive it.
std::unique_ptr<RedisGuide> make_redis_guide(Loop& loop, net::Connector& connector,
                                             const RedisAccess& access, RedisHealth* health);

}  // namespace trackly::store
