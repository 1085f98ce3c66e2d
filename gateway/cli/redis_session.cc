#include "gateway/cli/redis_session.h"

#include <optional>
#include <string>
#include <utility>

#include "gateway/store/make_redis.h"
#include "gateway/store/redis_access.h"

namespace trackly::cli {
namespace {

constexpr Duration kPatience = std::chrono::seconds(5);

}  // namespace

Result<std::unique_ptr<RedisSession>> RedisSession::open(const Settings& settings) {
  if (!settings.redis) return Fault{"the configuration has no `redis` section"};
  auto access = store::RedisAccess::create(*settings.redis);
  if (!access) return access.error();
  auto loop = net::EventLoop::create();
  if (!loop) return loop.error();
  std::unique_ptr<RedisSession> session(new RedisSession(settings, std::move(loop).value()));
  session->redis_ = store::make_redis(*session->loop_, session->connector_, *access);
  return session;
}

RedisSession::RedisSession(const Settings& settings, std::unique_ptr<net::EventLoop> loop)
    : loop_(std::move(loop)), resolver_(*loop_, settings.resolver), connector_(*loop_, resolver_) {}

Result<store::RedisReply> RedisSession::call(std::string_view key,
                                             const std::vector<std::string_view>& words) {
  std::optional<store::RedisAnswer> answer;
  const PendingPtr pending =
      redis_->send(key, words, loop_->now() + kPatience, [&](store::RedisAnswer came) {
        answer = std::move(came);
        loop_->stop();
      });
  loop_->run();
  if (!answer || !*answer) {
    return Fault{"Redis cannot be reached: " +
                 std::string(answer ? store::to_string(answer->error()) : "no answer")};
  }
  if ((*answer)->kind == store::RedisReply::Kind::error) {
    return Fault{"Redis refused: " + (*answer)->text};
  }
  return std::move(**answer);
}

}  // namespace trackly::cli
