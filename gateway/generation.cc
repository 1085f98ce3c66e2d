#include "gateway/generation.h"

#include <algorithm>

#include "gateway/net/tls_client_context.h"
#include "gateway/observe/access_format.h"

namespace trackly {
namespace {

using TlsClientContextPtr = std::shared_ptr<const net::TlsClientContext>;

bool speaks_tls(const UpstreamSettings& upstream) {
  return std::any_of(upstream.endpoints.begin(), upstream.endpoints.end(),
                     [](const EndpointSettings& endpoint) {
                       return endpoint.protocol == EndpointSettings::Protocol::https;
                     });
}

Result<TlsClientContextPtr> tls_of(const UpstreamSettings& upstream) {
  if (!speaks_tls(upstream)) return TlsClientContextPtr();
  return net::TlsClientContext::create(upstream.tls, {"h2", "http/1.1"});
}

bool are_same(const TlsClientContextPtr& a, const TlsClientContextPtr& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->is_same_as(*b);
}

/// Where something stands in the file makes no difference to what it says.
UpstreamSettings without_marks(UpstreamSettings settings) {
  settings.mark = {};
  for (EndpointSettings& endpoint : settings.endpoints) endpoint.mark = {};
  return settings;
}

http::CodecLimits answer_limits(const Limits& limits) {
  http::CodecLimits codec;
  codec.header_bytes = limits.header_bytes;
  codec.header_count = limits.header_count;
  return codec;
}

bool are_same(const http::CodecLimits& a, const http::CodecLimits& b) {
  return a.header_bytes == b.header_bytes && a.header_count == b.header_count;
}

std::shared_ptr<proxy::SharedUpstream> find(const Generation* generation, const std::string& name) {
  if (generation == nullptr) return nullptr;
  for (const auto& upstream : generation->upstreams) {
    if (upstream->settings.name == name) return upstream;
  }
  return nullptr;
}

/// The one before where it is the same in every respect. Else a new one, which still has the old
/// one's breaker: that the service fails does not change because a time limit does.
Result<std::shared_ptr<proxy::SharedUpstream>> make_upstream(const UpstreamSettings& settings,
                                                             const Limits& limits,
                                                             const Generation* before) {
  auto tls = tls_of(settings);
  if (!tls) return tls.error();
  const auto old = find(before, settings.name);
  const http::CodecLimits codec = answer_limits(limits);
  if (old != nullptr && without_marks(old->settings) == without_marks(settings) &&
      are_same(old->limits, codec) && are_same(old->tls, *tls)) {
    return old;
  }
  const bool keeps_breaker =
      old != nullptr && old->settings.circuit_breaker == settings.circuit_breaker;
  return std::make_shared<proxy::SharedUpstream>(settings, codec, std::move(tls).value(),
                                                 keeps_breaker ? old->breaker : nullptr);
}

Result<std::shared_ptr<SharedRedis>> make_redis(const Settings& settings,
                                                const Generation* before) {
  if (!settings.redis) return std::shared_ptr<SharedRedis>();
  auto access = store::RedisAccess::create(*settings.redis);
  if (!access) return access.error();
  if (before != nullptr && before->redis != nullptr &&
      before->redis->access.settings == *settings.redis &&
      are_same(before->redis->access.tls, access->tls)) {
    return before->redis;
  }
  return std::make_shared<SharedRedis>(std::move(access).value());
}

Result<std::shared_ptr<observe::LogWriter>> open_log(
    const AccessLogSettings& settings, const std::shared_ptr<observe::LogCounts>& counts,
    const Generation* before) {
  if (!settings.is_on()) return std::shared_ptr<observe::LogWriter>();
  auto options = observe::access_log_options(settings);
  if (before != nullptr && before->log != nullptr && before->log->options() == options) {
    return before->log;
  }
  auto writer = observe::LogWriter::start(std::move(options), counts);
  if (!writer) return writer.error();
  return std::shared_ptr<observe::LogWriter>(std::move(writer).value());
}

void make_counters(Generation& generation, std::size_t workers, const Generation* before) {
  const config::Configuration& all = *generation.configuration;
  generation.labels =
      std::make_shared<const observe::RequestLabels>(all.settings, all.api, all.errors);
  if (before != nullptr && before->labels->has_same_series(*generation.labels)) {
    generation.metrics = before->metrics;
    return;
  }
  for (std::size_t i = 0; i < workers; ++i) {
    generation.metrics.push_back(std::make_shared<observe::RequestMetrics>(generation.labels));
  }
}

}  // namespace

Result<std::shared_ptr<const Generation>> make_generation(
    std::shared_ptr<const config::Configuration> configuration, std::size_t workers,
    const Generation* before) {
  auto generation = std::make_shared<Generation>();
  if (before != nullptr) generation->number = before->number + 1;
  generation->configuration = std::move(configuration);
  const Settings& settings = generation->settings();
  for (const UpstreamSettings& upstream : settings.upstreams) {
    auto made = make_upstream(upstream, settings.limits, before);
    if (!made) return made.error();
    generation->upstreams.push_back(std::move(made).value());
  }
  auto redis = make_redis(settings, before);
  if (!redis) return redis.error();
  generation->redis = std::move(redis).value();
  generation->log_counts =
      before == nullptr ? std::make_shared<observe::LogCounts>() : before->log_counts;
  auto log = open_log(settings.access_log, generation->log_counts, before);
  if (!log) return log.error();
  generation->log = std::move(log).value();
  make_counters(*generation, workers, before);
  return std::shared_ptr<const Generation>(std::move(generation));
}

}  // namespace trackly
