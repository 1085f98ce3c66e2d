#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/api/loop.h"

namespace trackly::observe {

/// What clients do that a limit ends.
enum class Incident : std::uint8_t {
  connections,              // more than limits.connections
  connections_per_address,  // more than limits.connections_per_address
  slow_handshake,           // TLS, or the first bytes, within limits.header_timeout
  slow_head,                // limits.header_timeout
  slow_body,                // limits.body_timeout or limits.body_rate
  slow_reader,              // limits.write_timeout or limits.write_rate
  resets,                   // limits.reset_burst, limits.reset_rate
  overhead,                 // limits.overhead_burst, limits.overhead_rate
  body_memory,              // limits.body_memory
};
inline constexpr std::size_t kIncidents = 9;

/// As in logs: "slow_head".
std::string_view to_string(Incident incident);

/// Counts incidents, and tells the diagnostics about each kind at most once a second, so that an
/// attack does not become one on the log. Any thread may call anything.
class Incidents {
 public:
  /// `client`: its address.
  void note(Incident incident, std::string_view client, TimePoint now);
  std::uint64_t count(Incident incident) const {
    return kinds_[static_cast<std::size_t>(incident)].count.load(std::memory_order_relaxed);
  }

 private:
  struct Kind {
    std::atomic<std::uint64_t> count = 0;
    std::atomic<std::uint64_t> told = 0;        // of count, by the last line
    std::atomic<std::int64_t> quiet_until = 0;  // ns of the clock
  };
  std::array<Kind, kIncidents> kinds_;
};

}  // namespace trackly::observe
