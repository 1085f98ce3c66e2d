#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "gateway/api/loop.h"
#include "gateway/api/result.h"
#include "gateway/api/stores.h"
#include "gateway/store/redis_protocol.h"

namespace trackly::store {

/// Why a command has no reply.
enum class RedisFailure : std::uint8_t {
  timeout,     // its deadline passed; where it was sent already, Redis may still execute it
  lost,        // the connection broke; Redis may have executed it
  down,        // not sent: the last attempt to connect failed, or Redis stopped answering
  overloaded,  // not sent: RedisSettings::max_in_flight are under way
};
std::string_view to_string(RedisFailure failure);

using RedisAnswer = Result<RedisReply, RedisFailure>;

/// Commands to Redis, however it is deployed: one server, a primary that sentinels name, a cluster.
///
/// Each command is answered once, by its own deadline at the latest, and never from inside send().
/// The commands of a turn to one node leave in one write. A callback may send further commands; it
/// must not destroy the object.
class Redis {
 public:
  using Callback = std::function<void(RedisAnswer)>;

  Redis() = default;
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;
  virtual ~Redis() = default;

  /// For a command that is sent now.
  virtual TimePoint deadline() const = 0;
  /// `key` is one of the command's keys: it says which node of a cluster is asked. Destroying the
  /// Pending cancels: the callback never runs, a reply that comes is dropped.
  virtual PendingPtr send(std::string_view key, std::span<const std::string_view> words,
                          TimePoint deadline, Callback callback) = 0;
  /// Nobody waits for the reply; lost where Redis cannot be reached.
  virtual void send(std::string_view key, std::span<const std::string_view> words) = 0;
};

}  // namespace trackly::store
