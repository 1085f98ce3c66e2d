#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gateway/generation.h"
#include "gateway/process.h"
#include "gateway/proxy/upstream_monitor.h"
#include "gateway/reload_state.h"
#include "gateway/worker.h"

namespace trackly {

/// Whom the pages for operators are asked of. On the main thread.
struct PageSources {
  const Generation& generation;
  const observe::RequestMetrics* earlier;  // of generations that counted otherwise; nullptr: none
  const ReloadState& reloads;
  const Process& process;
  std::span<const std::unique_ptr<Worker>> workers;
  std::span<const std::unique_ptr<proxy::UpstreamMonitor>> monitors;  // of generation.upstreams
  std::vector<std::string>
      listening_on;  // of generation.settings().listeners; none while it drains
  std::map<std::string, std::chrono::sys_seconds> certificate_expiries;  // by file; the same
  std::uint64_t connections_accepted;
  WallTime started_at;
  TimePoint now;
  bool draining;

  /// Whoever counts, or has counted, requests.
  std::vector<const observe::RequestMetrics*> metrics() const {
    std::vector<const observe::RequestMetrics*> all;
    for (const auto& of_worker : generation.metrics) all.push_back(of_worker.get());
    if (earlier != nullptr) all.push_back(earlier);
    return all;
  }
};

}  // namespace trackly
