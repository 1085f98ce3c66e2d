#include "gateway/observe/incidents.h"

#include <spdlog/spdlog.h>

namespace trackly::observe {
namespace {

constexpr std::array<std::string_view, kIncidents> kNames = {
    "connections",    "connections_per_address",
    "slow_handshake", "slow_head",
    "slow_body",      "slow_reader",
    "resets",         "overhead",
    "body_memory"};
constexpr auto kQuiet = std::chrono::nanoseconds(std::chrono::seconds(1));

}  // namespace

std::string_view to_string(Incident incident) { return kNames[static_cast<std::size_t>(incident)]; }

void Incidents::note(Incident incident, std::string_view client, TimePoint now) {
  Kind& kind = kinds_[static_cast<std::size_t>(incident)];
  const std::uint64_t count = ++kind.count;
  const std::int64_t at = now.time_since_epoch().count();
  std::int64_t quiet_until = kind.quiet_until.load(std::memory_order_relaxed);
  if (at < quiet_until) return;
  if (!kind.quiet_until.compare_exchange_strong(quiet_until, at + kQuiet.count())) return;
  const std::uint64_t since = count - kind.told.exchange(count);
  spdlog::warn("limit {}: client {} ({} times since the last such line, {} in all)",
               to_string(incident), client, since, count);
}

}  // namespace trackly::observe
