#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "gateway/generation.h"
#include "gateway/process.h"
#include "gateway/proxy/upstream_monitor.h"
#include "gateway/reload_state.h"
#include "gateway/worker.h"

namespace trackly {

/// Whom the metrics of the process are asked of. On the main thread.
struct MetricsSources {
  const Generation& generation;
  const observe::RequestMetrics* earlier;  // of generations that counted otherwise; nullptr: none
  const ReloadState& reloads;
  const Process& process;
  std::span<const std::unique_ptr<Worker>> workers;
  std::span<const std::unique_ptr<proxy::UpstreamMonitor>> monitors;  // of generation.upstreams
  std::uint64_t connections_accepted;
  WallTime started_at;
  TimePoint now;
};

/// Everything that is counted, in Prometheus' text format.
std::string metrics_page(const MetricsSources& sources);

}  // namespace trackly
