#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/settings.h"
#include "gateway/store/redis_protocol.h"

namespace trackly::store {

/// How a cluster spreads keys over its nodes.
inline constexpr std::size_t kRedisSlots = 16384;

/// CRC16 (XMODEM) of the key, or of what stands in its first braces, where that is not empty.
std::uint16_t redis_slot(std::string_view key);

/// Slots in a row, and the primary that serves them.
struct RedisSlotRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  RedisNodeSettings primary;  // no host: the host that was asked
};
/// The answer to CLUSTER SLOTS; nothing where it is not one.
std::optional<std::vector<RedisSlotRange>> read_cluster_slots(const RedisReply& reply);

/// "MOVED 3999 10.0.0.1:6381": another node serves the slot; "ASK …": it will, and has the key
/// already.
struct RedisRedirection {
  enum class Kind : std::uint8_t { moved, ask };
  Kind kind = Kind::moved;
  std::uint16_t slot = 0;
  RedisNodeSettings node;  // no host: the host that was asked
};
std::optional<RedisRedirection> read_redirection(const RedisReply& reply);

}  // namespace trackly::store
