#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "gateway/proxy/upstream_monitor.h"
#include "gateway/worker.h"

namespace trackly {

/// Whom the metrics of the process are asked of. On the main thread.
struct MetricsSources {
  const Settings& settings;
  const Process& process;
  std::span<const std::unique_ptr<Worker>> workers;
  std::span<const std::unique_ptr<proxy::UpstreamMonitor>> monitors;  // of settings.upstreams
  std::uint64_t connections_accepted;
  WallTime started_at;
  TimePoint now;
};

/// Everything that is counted, in Prometheus' text format.
std::string metrics_page(const MetricsSources& sources);

}  // namespace trackly
