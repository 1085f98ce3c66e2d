#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "gateway/api/result.h"
#include "gateway/api/settings.h"
#include "gateway/net/dns_resolver.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/tcp_connector.h"
#include "gateway/store/redis.h"

namespace trackly::cli {

/// The Redis of a configuration, for a command that has nothing else to do than to wait for it.
class RedisSession {
 public:
  /// The fault says what is missing in the configuration, or which file cannot be used.
  static Result<std::unique_ptr<RedisSession>> open(const Settings& settings);

  /// Waits for the reply, some seconds at most. The fault is for a person: Redis cannot be reached,
  /// or what it said is wrong. `key`: see store::Redis::send().
  Result<store::RedisReply> call(std::string_view key, const std::vector<std::string_view>& words);

  WallTime now() const { return loop_->wall_now(); }

 private:
  RedisSession(const Settings& settings, std::unique_ptr<net::EventLoop> loop);

  std::unique_ptr<net::EventLoop> loop_;
  net::DnsResolver resolver_;
  net::TcpConnector connector_;
  std::unique_ptr<store::Redis> redis_;
};

}  // namespace trackly::cli
