#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/api/settings.h"
#include "gateway/store/redis_protocol.h"

namespace trackly::store {

/// The code of a reply by which Redis, being what it is at the moment, refuses the command without
/// executing any of it: "LOADING", "OOM", "READONLY"…; empty for all other replies.
std::string_view refusal_code(const RedisReply& reply);

/// Keeps commands from a Redis that answers, but refuses them. It refuses by what a command does
/// (without memory it still reads, a replica too) and by what the user may do, so that each command
/// name is judged by itself: so many refusals in a row, and no more are sent, but for one in every
/// probe interval that tries.
class RedisRefusals {
 public:
  explicit RedisRefusals(const RedisBreakerSettings& settings) : settings_(settings) {}

  /// Whether a command fails without being sent. False may be the leave to try, which is given
  /// once. `random` spreads the attempts of many gateways.
  bool blocks(std::string_view name, TimePoint now, std::uint64_t random);

  // Both: true where it changed what describe() says.
  bool refused(std::string_view name, std::string_view code, TimePoint now, std::uint64_t random);
  bool accepted(std::string_view name);

  void clear() { names_.clear(); }
  bool empty() const { return names_.empty(); }
  /// "EVALSHA is refused: OOM"; empty where nothing is blocked.
  std::string describe() const;

 private:
  struct Name {
    std::string name;
    std::string code;  // of the last refusal
    std::uint32_t in_a_row = 0;
    TimePoint next_trial{};
  };

  bool is_blocked(const Name& name) const { return name.in_a_row >= settings_.failures; }
  Name* find(std::string_view name);

  const RedisBreakerSettings settings_;
  std::vector<Name> names_;  // those that were refused last; a handful at most
};

/// Between half of it and all of it, so that many who wait do not come back at the same time.
Duration jittered(Duration pause, std::uint64_t random);

}  // namespace trackly::store
