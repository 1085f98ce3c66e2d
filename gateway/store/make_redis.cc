#include "gateway/store/make_redis.h"

#include "gateway/store/redis_client.h"
#include "gateway/store/redis_cluster.h"
#include "gateway/store/redis_sentinels.h"

namespace trackly::store {

std::unique_ptr<Redis> make_redis(Loop& loop, net::Connector& connector, const RedisAccess& access,
                                  RedisObservers observers) {
  if (!access.settings.cluster.empty()) {
    return std::make_unique<RedisCluster>(loop, connector, access, observers);
  }
  if (access.settings.sentinels) {
    return std::make_unique<RedisPrimary>(loop, connector, access, observers);
  }
  return std::make_unique<RedisClient>(loop, connector, access, access.address(), observers);
}

}  // namespace trackly::store
