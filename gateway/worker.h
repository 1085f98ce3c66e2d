#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "config/configuration.h"
#include "gateway/json/parser.h"
#include "gateway/net/dns_resolver.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/tcp_connector.h"
#include "gateway/net/tls_context.h"
#include "gateway/observe/access_log.h"
#include "gateway/observe/request_metrics.h"
#include "gateway/proxy/body_budget.h"
#include "gateway/proxy/circuit_breaker.h"
#include "gateway/proxy/connection.h"
#include "gateway/proxy/connection_counts.h"
#include "gateway/proxy/context.h"
#include "gateway/proxy/upstream.h"
#include "gateway/store/bucket_table.h"
#include "gateway/store/key_cache.h"
#include "gateway/store/local_token_bucket.h"
#include "gateway/store/redis.h"
#include "gateway/store/redis_access.h"
#include "gateway/store/redis_health.h"
#include "gateway/store/redis_key_store.h"
#include "gateway/store/redis_token_bucket.h"
#include "gateway/store/sha256.h"
#include "gateway/store/two_call_token_bucket.h"

namespace trackly {

/// What all workers of the process share; outlives them. Safe to use from any thread.
struct Process {
  Process(const config::Configuration& configuration, observe::LogWriter* log)
      : request_labels(configuration.settings, configuration.api, configuration.errors),
        body_budget(configuration.settings.limits.body_memory),
        connections(configuration.settings.limits.connections,
                    configuration.settings.limits.connections_per_address),
        log_writer(log) {
    for (const UpstreamSettings& upstream : configuration.settings.upstreams) {
      breakers.push_back(upstream.circuit_breaker
                             ? std::make_unique<proxy::CircuitBreaker>(*upstream.circuit_breaker)
                             : nullptr);
    }
  }

  const observe::RequestLabels request_labels;
  store::BucketTable buckets{HashKey::random()};
  store::KeyCache keys{HashKey::random()};  // of those in Redis
  proxy::BodyBudget body_budget;
  proxy::ConnectionCounts connections;
  observe::Incidents incidents;
  std::vector<std::unique_ptr<proxy::CircuitBreaker>> breakers;  // of each upstream; nullptr: none
  observe::LogWriter* log_writer;
  std::optional<store::RedisAccess> redis;  // before the workers are made; absent: there is none
  store::RedisHealth redis_health;
  Fleet fleet;
};

/// One thread with a loop, and everything that its requests need: filters, stores, upstream
/// connections. Workers share nothing on the way of a request but what is in Process.
class Worker final : private proxy::ConnectionOwner {
 public:
  static Result<std::unique_ptr<Worker>> create(
      Process& process, std::shared_ptr<const config::Configuration> configuration);
  /// Requires: stopped, or never started.
  ~Worker() override;

  void start();

  // Any thread.
  /// Takes the descriptor. `tls` is nullptr for cleartext; `place` is kept until the connection is
  /// gone.
  void accept(int fd, std::string peer_address, std::shared_ptr<const net::TlsContext> tls,
              std::shared_ptr<const void> place);
  /// The targets that an upstream has from now on, or whose health has changed. `upstream` is its
  /// index in Settings::upstreams.
  void set_targets(std::size_t upstream, std::shared_ptr<const proxy::Targets> targets);
  /// Takes no new requests.
  void drain();
  /// Closes what is left, ends the thread and waits for it.
  void stop();
  const proxy::Activity& activity() const { return activity_; }
  const observe::RequestMetrics& metrics() const { return metrics_; }
  const observe::AccessLog& access_log() const { return access_log_; }
  const store::RedisCounts& redis_counts() const { return redis_counts_; }
  /// To an upstream, by its index in Settings::upstreams.
  std::size_t upstream_connections(std::size_t upstream) const {
    return upstreams_[upstream]->connections();
  }

 private:
  Worker(Process& process, std::shared_ptr<const config::Configuration> configuration,
         std::unique_ptr<net::EventLoop> loop);

  void on_connection_closed(proxy::Connection& connection) override;
  /// nullptr: no Redis.
  TokenBucketStore* shared_buckets() const;

  const std::shared_ptr<const config::Configuration> configuration_;
  const std::unique_ptr<net::EventLoop> loop_;
  net::DnsResolver resolver_;
  net::TcpConnector connector_;
  store::Sha256 hasher_;
  store::LocalTokenBucketStore local_buckets_;
  store::RedisCounts redis_counts_;
  std::unique_ptr<store::Redis> redis_;
  std::unique_ptr<store::RedisTokenBucketStore> redis_buckets_;
  std::unique_ptr<store::TwoCallTokenBucketStore> two_call_buckets_;  // nullptr: no cluster
  std::unique_ptr<store::RedisKeys> redis_keys_;
  Services services_;
  json::Parser parser_;
  const std::vector<std::unique_ptr<proxy::Upstream>> upstreams_;
  observe::AccessLog access_log_;
  observe::RequestMetrics metrics_;
  proxy::Activity activity_;
  proxy::Context context_;
  std::unordered_map<proxy::Connection*, std::unique_ptr<proxy::Connection>> connections_;
  bool draining_ = false;
  std::thread thread_;
};

}  // namespace trackly
