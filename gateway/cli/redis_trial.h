#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/api/settings.h"
#include "gateway/net/connector.h"
#include "gateway/store/redis_access.h"
#include "gateway/store/redis_connection.h"

namespace trackly::cli {

/// Takes what was found, once: whether it is well, and in words.
using Report = std::function<void(bool ok, std::string found)>;

/// One connection to one server of Redis: whether it is there, takes the login, and is in a state
/// to serve.
class RedisTrial final : private store::RedisConnectionEvents {
 public:
  enum class Kind : std::uint8_t { server, cluster_node, sentinel };
  struct Question {
    Kind kind = Kind::server;
    std::string primary;  // its name, for a sentinel
  };
  static Question sentinel(std::string primary) { return {Kind::sentinel, std::move(primary)}; }

  /// `report` is called from the loop, never from inside the constructor. `on_primary` is told
  /// where a sentinel says that the primary is, before that.
  RedisTrial(Loop& loop, net::Connector& connector, const net::Address& address, Duration timeout,
             store::RedisLogin login, Question question, Report report,
             std::function<void(const RedisNodeSettings&)> on_primary);
  ~RedisTrial() override;

 private:
  void on_open() override;
  void on_reply(store::RedisReply reply) override;
  void on_lost() override;

  void judge(const store::RedisReply& reply);
  void judge_role(const store::RedisReply& reply);
  void judge_cluster(const store::RedisReply& reply);
  void judge_sentinel(const store::RedisReply& reply);

  const store::RedisLogin login_;
  const Question question_;
  const Report report_;
  const std::function<void(const RedisNodeSettings&)> on_primary_;
  std::size_t replies_ = 0;
  std::unique_ptr<store::RedisConnection> connection_;
};

}  // namespace trackly::cli
