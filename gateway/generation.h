#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "config/configuration.h"
#include "gateway/api/result.h"
#include "gateway/api/siphash.h"
#include "gateway/api/stores.h"
#include "gateway/observe/log_writer.h"
#include "gateway/observe/request_metrics.h"
#include "gateway/proxy/shared_upstream.h"
#include "gateway/store/key_cache.h"
#include "gateway/store/redis_access.h"
#include "gateway/store/redis_health.h"

namespace trackly {

/// What all workers share of a Redis, and know about it. Any thread.
struct SharedRedis {
  explicit SharedRedis(store::RedisAccess how) : access(std::move(how)) {}

  const store::RedisAccess access;
  store::RedisHealth health;
  store::KeyCache keys{HashKey::random()};
  Fleet fleet;
};

/// One configuration in force, with all that the workers share because of it. What the next one
/// leaves as it is, it takes over: upstreams with their breakers and health, what is known of
/// Redis, the log, the counters. Immutable but for what is inside of its parts; any thread.
struct Generation {
  std::uint64_t number = 1;  // counts from 1
  std::shared_ptr<const config::Configuration> configuration;
  std::vector<std::shared_ptr<proxy::SharedUpstream>> upstreams;  // of settings.upstreams
  std::shared_ptr<SharedRedis> redis;                             // nullptr: there is none
  std::shared_ptr<observe::LogCounts> log_counts;                 // of all logs so far
  std::shared_ptr<observe::LogWriter> log;                        // nullptr: nothing is logged
  std::shared_ptr<const observe::RequestLabels> labels;
  std::vector<std::shared_ptr<observe::RequestMetrics>> metrics;  // of each worker

  const Settings& settings() const { return configuration->settings; }
};

/// The first generation, or the one after `before`. A fault says what cannot be used; nothing has
/// changed then.
Result<std::shared_ptr<const Generation>> make_generation(
    std::shared_ptr<const config::Configuration> configuration, std::size_t workers,
    const Generation* before = nullptr);

}  // namespace trackly
