#include "gateway/metrics_page.h"

#include <algorithm>
#include <string_view>

#include "gateway/observe/metrics_text.h"
#include "gateway/observe/request_metrics.h"

namespace trackly {
namespace {

using observe::MetricsText;

/// Sums what `value_of` finds at each worker.
template <class ValueOf>
std::uint64_t sum(const PageSources& sources, ValueOf value_of) {
  std::uint64_t total = 0;
  for (const auto& worker : sources.workers) total += value_of(*worker);
  return total;
}

void append_process(MetricsText& text, const PageSources& sources) {
  text.gauge("build_info", "The program that runs.");
  text.sample({{"version", TRACKLY_VERSION}}, 1);
  text.gauge("start_time_seconds", "When it started, since the epoch.");
  text.sample_seconds({}, sources.started_at.time_since_epoch());
  text.gauge("workers", "Threads that serve requests.");
  text.sample(sources.workers.size());
}

void append_reloads(MetricsText& text, const PageSources& sources) {
  const ReloadState& reloads = sources.reloads;
  text.gauge("config_generation", "The configuration in force: how many there have been.");
  text.sample(reloads.generation);
  text.gauge("config_loaded_time_seconds", "When it came into force, since the epoch.");
  text.sample_seconds({}, reloads.loaded_at.time_since_epoch());
  text.counter("config_reloads_total", "Attempts to put another one in force.");
  text.sample({{"result", "succeeded"}}, reloads.attempts - reloads.failures);
  text.sample({{"result", "failed"}}, reloads.failures);
  text.gauge("config_last_reload_successful", "0: the last attempt failed; 1 also before any.");
  text.sample(reloads.problems.empty() ? 1 : 0);
}

void append_clients(MetricsText& text, const PageSources& sources) {
  text.counter("connections_total", "Client connections that were taken.");
  text.sample(sources.connections_accepted);
  text.gauge("connections", "Client connections of the moment.");
  text.sample(
      sum(sources, [](const Worker& worker) { return worker.activity().connections.load(); }));
  text.gauge("requests_in_flight", "Requests that have not ended yet.");
  text.sample(sum(sources, [](const Worker& worker) { return worker.activity().requests.load(); }));
  text.counter("incidents_total", "What a limit ended, as in the diagnostics.");
  for (std::size_t i = 0; i < observe::kIncidents; ++i) {
    const auto incident = static_cast<observe::Incident>(i);
    text.sample({{"kind", to_string(incident)}}, sources.process.incidents.count(incident));
  }
  text.gauge("body_memory_bytes", "Of limits.body_memory: reserved for held bodies.");
  text.sample(sources.process.body_budget.used());
  text.gauge("body_memory_limit_bytes", "The same: all there is.");
  text.sample(sources.process.body_budget.total());
  text.gauge("body_memory_waiting_requests", "Requests that wait for room there.");
  text.sample(sources.process.body_budget.waiting());
}

void append_certificates(MetricsText& text, const PageSources& sources) {
  text.gauge("certificate_expiry_time_seconds",
             "When a certificate of a listener expires, since the epoch.");
  for (const auto& [file, time] : sources.certificate_expiries) {
    const auto seconds = std::max<std::int64_t>(0, time.time_since_epoch().count());
    text.sample({{"certificate", file}}, static_cast<std::uint64_t>(seconds));
  }
}

void append_requests(MetricsText& text, const PageSources& sources) {
  append_request_metrics(text, *sources.generation.labels, sources.metrics());
  sources.process.shadow_findings.append(text);
}

void append_breakers(MetricsText& text, const PageSources& sources) {
  const auto& upstreams = sources.generation.upstreams;
  text.gauge("circuit_open", "1: the circuit breaker is open, or lets one request at a time try.");
  for (const auto& upstream : upstreams) {
    if (upstream->breaker == nullptr) continue;
    text.sample({{"upstream", upstream->settings.name}}, upstream->breaker->is_open() ? 1 : 0);
  }
  text.counter("circuit_openings_total", "Times that it opened, after trials too.");
  for (const auto& upstream : upstreams) {
    if (upstream->breaker == nullptr) continue;
    text.sample({{"upstream", upstream->settings.name}}, upstream->breaker->openings());
  }
}

/// What `state_of` says about each target that there is at the moment.
template <class StateOf>
void append_targets(MetricsText& text, const PageSources& sources, StateOf state_of) {
  for (std::size_t i = 0; i < sources.monitors.size(); ++i) {
    const auto targets = sources.monitors[i]->targets();
    if (targets == nullptr) continue;
    for (const auto& target : *targets) {
      text.sample({{"upstream", sources.generation.upstreams[i]->settings.name},
                   {"target", target->text()}},
                  state_of(*target) ? 1 : 0);
    }
  }
}

void append_upstreams(MetricsText& text, const PageSources& sources) {
  append_breakers(text, sources);
  text.gauge("target_up", "0: it fails its health check.");
  append_targets(text, sources, [](const proxy::Target& target) { return target.passes_checks(); });
  text.gauge("target_ejected", "1: too many requests in a row have failed there.");
  append_targets(text, sources,
                 [&](const proxy::Target& target) { return target.is_ejected(sources.now); });
  text.gauge("upstream_connections", "Connections to its targets, those in the making included.");
  for (const auto& upstream : sources.generation.upstreams) {
    text.sample({{"upstream", upstream->settings.name}}, upstream->connections.load());
  }
}

void append_keys(MetricsText& text, const PageSources& sources) {
  const SharedRedis* redis = sources.generation.redis.get();
  if (redis == nullptr || !redis->keys.in_use()) return;
  const store::KeyCache::Counts counts = redis->keys.counts();
  text.counter("key_lookups_total",
               "Of API keys in Redis: known here; Redis asked; known here not to exist.");
  text.sample({{"result", "hit"}}, counts.hits);
  text.sample({{"result", "miss"}}, counts.misses);
  text.sample({{"result", "unknown"}}, counts.unknown);
  text.counter("key_lookup_failures_total",
               "Look-ups that Redis did not answer: an older answer was used, or there was none.");
  text.sample({{"result", "stale"}}, counts.stale);
  text.sample({{"result", "unavailable"}}, counts.unavailable);
  text.gauge("key_cache_entries", "What is remembered of Redis.");
  text.sample({{"kind", "key"}}, counts.keys);
  text.sample({{"kind", "account"}}, counts.accounts);
  text.sample({{"kind", "unknown"}}, counts.unknown_keys);
  text.gauge("key_subscription_up", "1: changes of keys in Redis are heard of.");
  text.sample(counts.watched ? 1 : 0);
}

void append_redis(MetricsText& text, const PageSources& sources) {
  if (sources.generation.redis == nullptr) return;
  text.gauge("redis_up", "0: a worker finds it of no use; the diagnostics say why.");
  for (const auto& server : sources.generation.redis->health.servers()) {
    text.sample({{"server", server.name}}, server.up ? 1 : 0);
  }
  text.counter("redis_commands_total", "Commands to Redis, by what became of them.");
  for (std::size_t i = 0; i < store::kRedisOutcomes; ++i) {
    const auto outcome = static_cast<store::RedisOutcome>(i);
    text.sample({{"outcome", to_string(outcome)}}, sum(sources, [i](const Worker& worker) {
                  return worker.redis_counts().commands[i].value();
                }));
  }
  text.gauge("fleet_gateways", "Gateways that share the limits in Redis, as far as is known.");
  text.sample(sources.generation.redis->fleet.gateways());
  text.counter("redis_breaker_openings_total", "Times that a worker stopped asking a server.");
  text.sample(sum(sources, [](const Worker& worker) {
    return worker.redis_counts().breaker_openings.value();
  }));
}

void append_access_log(MetricsText& text, const PageSources& sources) {
  const std::uint64_t written = sources.generation.log_counts->written;
  const std::uint64_t lost = sources.generation.log_counts->lost;
  text.counter("access_log_lines_total", "Requests by what became of their lines.");
  text.sample({{"outcome", "written"}}, written);
  text.sample({{"outcome", "lost"}}, lost);
  text.sample({{"outcome", "sampled_out"}}, sum(sources, [](const Worker& worker) {
                return worker.log_counts().sampled_out.value();
              }));
  text.gauge("access_log_lines_waiting", "Lines that the log has not taken yet.");
  // Workers go on meanwhile; asked last, they have no fewer lines than became something.
  const std::uint64_t lines =
      sum(sources, [](const Worker& worker) { return worker.log_counts().lines.value(); });
  text.sample(lines - std::min(lines, written + lost));
}

}  // namespace

std::string metrics_page(const PageSources& sources) {
  MetricsText text;
  append_process(text, sources);
  append_reloads(text, sources);
  append_certificates(text, sources);
  append_clients(text, sources);
  append_requests(text, sources);
  append_upstreams(text, sources);
  append_keys(text, sources);
  append_redis(text, sources);
  append_access_log(text, sources);
  return text.text();
}

}  // namespace trackly
