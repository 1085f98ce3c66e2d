#include "gateway/worker.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "gateway/net/tcp_transport.h"
#include "gateway/net/tls_transport.h"
#include "gateway/store/make_redis.h"

namespace trackly {
namespace {

/// The first one where the name is empty, as that of unknown paths is.
std::size_t index_of_upstream(const Settings& settings, std::string_view name) {
  const auto found =
      std::find_if(settings.upstreams.begin(), settings.upstreams.end(),
                   [name](const UpstreamSettings& upstream) { return upstream.name == name; });
  return found == settings.upstreams.end()
             ? 0
             : static_cast<std::size_t>(found - settings.upstreams.begin());
}

std::shared_ptr<const proxy::Snapshot> make_snapshot(
    const std::shared_ptr<const config::Configuration>& configuration, Services& services) {
  auto snapshot = std::make_shared<proxy::Snapshot>(configuration, configuration->settings,
                                                    configuration->api, configuration->errors);
  const auto add = [&](const Operation& operation) {
    proxy::Endpoint endpoint;
    endpoint.operation = &operation;
    endpoint.upstream = index_of_upstream(configuration->settings, operation.upstream);
    for (std::size_t i = 0; i < configuration->filters.size(); ++i) {
      auto filter = configuration->factory_for(i, operation).make(operation, services);
      if (filter == nullptr) continue;
      endpoint.chain.links.push_back({configuration->filters[i].name, std::move(filter)});
    }
    snapshot->add(std::move(endpoint));
  };
  for (const Operation& operation : configuration->api.operations) add(operation);
  add(configuration->api.unknown);
  return snapshot;
}

http::CodecLimits upstream_limits(const Limits& limits) {
  http::CodecLimits codec;
  codec.header_bytes = limits.header_bytes;
  codec.header_count = limits.header_count;
  return codec;
}

std::vector<std::unique_ptr<proxy::Upstream>> make_upstreams(Loop& loop, net::Connector& connector,
                                                             const Settings& settings,
                                                             const Process& process) {
  std::vector<std::unique_ptr<proxy::Upstream>> upstreams;
  for (std::size_t i = 0; i < settings.upstreams.size(); ++i) {
    upstreams.push_back(std::make_unique<proxy::Upstream>(loop, connector, settings.upstreams[i],
                                                          upstream_limits(settings.limits),
                                                          process.breakers[i].get()));
  }
  return upstreams;
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::create(
    Process& process, std::shared_ptr<const config::Configuration> configuration) {
  auto loop = net::EventLoop::create();
  if (!loop) return loop.error();
  return std::unique_ptr<Worker>(
      new Worker(process, std::move(configuration), std::move(loop).value()));
}

Worker::Worker(Process& process, std::shared_ptr<const config::Configuration> configuration,
               std::unique_ptr<net::EventLoop> loop)
    : configuration_(std::move(configuration)),
      loop_(std::move(loop)),
      resolver_(*loop_, configuration_->settings.resolver),
      connector_(*loop_, resolver_),
      local_buckets_(process.buckets, *loop_),
      redis_(process.redis ? store::make_redis(*loop_, connector_, *process.redis,
                                               {&process.redis_health, &redis_counts_})
                           : nullptr),
      redis_buckets_(redis_ ? std::make_unique<store::RedisTokenBucketStore>(*redis_) : nullptr),
      two_call_buckets_(redis_ && !process.redis->settings.cluster.empty()
                            ? std::make_unique<store::TwoCallTokenBucketStore>(*redis_buckets_)
                            : nullptr),
      redis_keys_(redis_ ? std::make_unique<store::RedisKeys>(*loop_, *redis_, process.keys)
                         : nullptr),
      services_{*loop_,           hasher_,           local_buckets_,
                shared_buckets(), redis_keys_.get(), &process.fleet},
      upstreams_(make_upstreams(*loop_, connector_, configuration_->settings, process)),
      access_log_(process.log_writer),
      metrics_(process.request_labels),
      context_{*loop_,
               parser_,
               process.body_budget,
               upstreams_,
               access_log_,
               metrics_,
               process.incidents,
               activity_,
               make_snapshot(configuration_, services_)} {}

Worker::~Worker() = default;

TokenBucketStore* Worker::shared_buckets() const {
  if (two_call_buckets_ != nullptr) return two_call_buckets_.get();
  return redis_buckets_.get();
}

void Worker::start() {
  thread_ = std::thread([this] { loop_->run(); });
}

void Worker::accept(int fd, std::string peer_address, std::shared_ptr<const net::TlsContext> tls,
                    std::shared_ptr<const void> place) {
  ++activity_.connections;
  ++activity_.busy;
  loop_->submit([this, fd, peer = std::move(peer_address), context = std::move(tls),
                 kept = std::move(place)]() mutable {
    std::unique_ptr<net::Transport> transport;
    if (context != nullptr) {
      transport =
          std::make_unique<net::TlsTransport>(*loop_, fd, std::move(peer), std::move(context));
    } else {
      transport = std::make_unique<net::TcpTransport>(*loop_, fd, std::move(peer));
    }
    auto connection =
        std::make_unique<proxy::Connection>(context_, static_cast<proxy::ConnectionOwner&>(*this),
                                            std::move(transport), std::move(kept));
    proxy::Connection* key = connection.get();
    if (draining_) key->drain();
    connections_.emplace(key, std::move(connection));
  });
}

void Worker::set_targets(std::size_t upstream, std::shared_ptr<const proxy::Targets> targets) {
  loop_->submit(
      [this, upstream, all = std::move(targets)] { upstreams_[upstream]->set_targets(*all); });
}

void Worker::on_connection_closed(proxy::Connection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  loop_->defer_delete(std::move(found->second));
  connections_.erase(found);
}

void Worker::drain() {
  loop_->submit([this] {
    draining_ = true;
    std::vector<proxy::Connection*> all;
    for (const auto& [key, connection] : connections_) all.push_back(key);
    for (proxy::Connection* connection : all) connection->drain();
  });
}

void Worker::stop() {
  loop_->submit([this] {
    std::vector<proxy::Connection*> all;
    for (const auto& [key, connection] : connections_) all.push_back(key);
    for (proxy::Connection* connection : all) connection->close_now();
  });
  loop_->stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace trackly
