#include "gateway/redis_presence.h"

#include <utility>

#include "gateway/store/make_redis.h"

namespace trackly {

RedisPresence::RedisPresence(Loop& loop, net::Connector& connector,
                             std::shared_ptr<SharedRedis> shared)
    : loop_(loop),
      connector_(connector),
      shared_(std::move(shared)),
      redis_(store::make_redis(loop, connector, shared_->access, {&shared_->health, nullptr})),
      fleet_(loop, *redis_, shared_->fleet) {
  fleet_.start();
}

RedisPresence::~RedisPresence() = default;

void RedisPresence::watch_keys() {
  if (key_watch_ != nullptr || !shared_->keys.in_use()) return;
  guide_ = store::make_redis_guide(loop_, connector_, shared_->access, &shared_->health);
  key_watch_ = std::make_unique<store::RedisKeyWatch>(
      loop_, connector_, *guide_, shared_->access.settings.connect_timeout, shared_->keys);
}

}  // namespace trackly
