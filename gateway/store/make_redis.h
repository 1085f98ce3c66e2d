#pragma once

#include <memory>

#include "gateway/api/loop.h"
#include "gateway/net/connector.h"
#include "gateway/store/redis.h"
#include "gateway/store/redis_access.h"
#include "gateway/store/redis_health.h"

namespace trackly::store {

/// Redis as it is deployed, for the users on one loop. Starts to connect at once. Loop, connector
/// and observers outlive it.
std::unique_ptr<Redis> make_redis(Loop& loop, net::Connector& connector, const RedisAccess& access,
                                  RedisObservers observers = {});

}  // namespace trackly::store
