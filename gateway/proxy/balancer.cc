#include "gateway/proxy/balancer.h"

namespace trackly::proxy {
namespace {

using Balance = UpstreamSettings::Balance;

/// Requests over weight, compared without a division.
bool is_less_busy(const Load& a, const Load& b) {
  return a.requests * b.weight < b.requests * a.weight;
}

}  // namespace

std::size_t choose(Balance balance, std::span<Load* const> candidates) {
  std::size_t least = 0;
  if (balance == Balance::least_requests) {
    for (std::size_t i = 1; i < candidates.size(); ++i) {
      if (is_less_busy(*candidates[i], *candidates[least])) least = i;
    }
  }
  // Smooth weighted round robin, as nginx has it: everybody gains its weight, the winner pays for
  // all.
  std::size_t chosen = least;
  std::int64_t paid = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    Load& load = *candidates[i];
    if (balance == Balance::least_requests && is_less_busy(*candidates[least], load)) continue;
    load.turn += load.weight;
    paid += load.weight;
    if (load.turn > candidates[chosen]->turn) chosen = i;
  }
  candidates[chosen]->turn -= paid;
  return chosen;
}

}  // namespace trackly::proxy
