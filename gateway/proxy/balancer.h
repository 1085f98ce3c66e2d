#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "gateway/api/settings.h"

namespace trackly::proxy {

/// What balancing knows about one target on one worker.
struct Load {
  std::uint32_t weight = 1;
  std::size_t requests = 0;  // that it has now
  /// Whose turn it is among equals: see choose().
  std::int64_t turn = 0;
};

/// The one of `candidates` that gets the next request; at least one is needed. least_requests: the
/// one with the fewest requests for its weight, and among those in turn. round_robin: in turn. A
/// turn is as long as the weight, and the turns of a heavy target are spread among the others'
/// instead of following one another.
std::size_t choose(UpstreamSettings::Balance balance, std::span<Load* const> candidates);

}  // namespace trackly::proxy
