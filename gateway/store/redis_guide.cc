#include "gateway/store/redis_guide.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "gateway/store/redis_sentinels.h"

namespace trackly::store {
namespace {

/// A question that is answered in this turn or later, unless it is cancelled before.
class Question final : public Pending {
 public:
  explicit Question(std::shared_ptr<RedisGuide::Callback> callback)
      : callback_(std::move(callback)) {}
  ~Question() override { *callback_ = nullptr; }

 private:
  const std::shared_ptr<RedisGuide::Callback> callback_;
};

void answer(RedisGuide::Callback& asked, const RedisEntrance& entrance) {
  // Moved out, because the callback may destroy the question.
  if (const RedisGuide::Callback call = std::exchange(asked, nullptr)) call(entrance);
}

class KnownServers final : public RedisGuide {
 public:
  KnownServers(Loop& loop, std::vector<RedisEntrance> servers)
      : loop_(loop), servers_(std::move(servers)) {}

  PendingPtr find(Callback callback) override {
    auto asked = std::make_shared<Callback>(std::move(callback));
    loop_.post([asked, server = servers_[turn_++ % servers_.size()]] { answer(*asked, server); });
    return std::make_unique<Question>(std::move(asked));
  }

 private:
  Loop& loop_;
  const std::vector<RedisEntrance> servers_;
  std::size_t turn_ = 0;
};

class PrimaryOfSentinels final : public RedisGuide {
 public:
  PrimaryOfSentinels(Loop& loop, net::Connector& connector, const RedisAccess& access,
                     RedisHealth* health)
      : loop_(loop),
        login_(login_of(access.settings).commands),
        sentinels_(loop, connector, access, health,
                   [this](const net::Address& address) { on_found(address); }) {}

  PendingPtr find(Callback callback) override {
    asked_ = std::make_shared<Callback>(std::move(callback));
    if (auto news = std::exchange(news_, std::nullopt)) {
      loop_.post([asked = asked_, entrance = *std::move(news)] { answer(*asked, entrance); });
    } else {
      // What they said last has been tried.
      sentinels_.ask_again();
    }
    return std::make_unique<Question>(asked_);
  }

 private:
  void on_found(const net::Address& address) {
    RedisEntrance entrance{address, login_};
    if (asked_ == nullptr || *asked_ == nullptr) {
      news_ = std::move(entrance);
    } else {
      answer(*asked_, entrance);
    }
  }

  Loop& loop_;
  const std::vector<std::string> login_;
  std::shared_ptr<Callback> asked_;
  std::optional<RedisEntrance> news_;  // that nobody has asked for yet
  RedisSentinels sentinels_;
};

}  // namespace

std::unique_ptr<RedisGuide> make_redis_guide(Loop& loop, net::Connector& connector,
                                             const RedisAccess& access, RedisHealth* health) {
  const RedisSettings& settings = access.settings;
  if (settings.sentinels) {
    return std::make_unique<PrimaryOfSentinels>(loop, connector, access, health);
  }
  const std::vector<std::string> login = login_of(settings).commands;
  std::vector<RedisEntrance> servers;
  for (const RedisNodeSettings& node : settings.cluster) {
    servers.push_back({access.address_of(node), login});
  }
  if (servers.empty()) servers.push_back({access.address(), login});
  return std::make_unique<KnownServers>(loop, std::move(servers));
}

}  // namespace trackly::store
