#include "gateway/store/redis_health.h"

#include <utility>

#include "gateway/observe/diagnostics.h"

namespace trackly::store {

std::string_view to_string(RedisOutcome outcome) {
  static constexpr std::array<std::string_view, kRedisOutcomes> kNames = {
      "answered", "refused", "timeout", "lost", "down", "overloaded"};
  return kNames[static_cast<std::size_t>(outcome)];
}

RedisHealth::View::View(RedisHealth* health, std::string server)
    : health_(health), server_(std::move(server)) {
  if (health_ == nullptr) return;
  const std::lock_guard lock(health_->mutex_);
  ++health_->servers_[server_].views;
}

RedisHealth::View::~View() {
  if (health_ == nullptr) return;
  const std::lock_guard lock(health_->mutex_);
  const auto seen = health_->servers_.find(server_);
  if (!trouble_.empty()) --seen->second.in_trouble;
  if (--seen->second.views == 0) health_->servers_.erase(seen);
}

void RedisHealth::View::set(std::string_view trouble) {
  if (health_ == nullptr || trouble == trouble_) return;
  health_->change(server_, !trouble_.empty(), trouble);
  trouble_ = trouble;
}

void RedisHealth::change(const std::string& server, bool was_in_trouble, std::string_view trouble) {
  const std::lock_guard lock(mutex_);
  Seen& seen = servers_[server];
  if (was_in_trouble) --seen.in_trouble;
  if (!trouble.empty()) ++seen.in_trouble;
  if (seen.told == trouble) return;
  seen.told = trouble;
  observe::report_redis(server, trouble.empty() ? "is well again" : trouble);
}

std::vector<RedisHealth::Server> RedisHealth::servers() const {
  const std::lock_guard lock(mutex_);
  std::vector<Server> all;
  for (const auto& [name, seen] : servers_) all.push_back({name, seen.in_trouble == 0});
  return all;
}

}  // namespace trackly::store
