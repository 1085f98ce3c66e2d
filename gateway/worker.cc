#include "gateway/worker.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include "gateway/net/tcp_transport.h"
#include "gateway/net/tls_transport.h"
#include "gateway/observe/access_log.h"
#include "gateway/proxy/snapshot.h"
#include "gateway/store/make_redis.h"
#include "gateway/store/redis.h"
#include "gateway/store/redis_key_store.h"
#include "gateway/store/redis_token_bucket.h"
#include "gateway/store/two_call_token_bucket.h"

namespace trackly {

// --------------------------------------------------------------------------- what a worker serves
// by

/// This worker's way to a Redis.
struct Worker::RedisStores {
  RedisStores(net::EventLoop& loop, net::Connector& connector,
              const std::shared_ptr<SharedRedis>& shared_redis, store::RedisCounts& counts)
      : shared(shared_redis),
        redis(store::make_redis(loop, connector, shared->access, {&shared->health, &counts})),
        buckets(*redis),
        keys(loop, *redis, shared->keys) {
    if (!shared->access.settings.cluster.empty()) two_call_buckets.emplace(buckets);
  }

  TokenBucketStore& token_buckets() {
    return two_call_buckets ? static_cast<TokenBucketStore&>(*two_call_buckets) : buckets;
  }

  const std::shared_ptr<SharedRedis> shared;
  const std::unique_ptr<store::Redis> redis;
  store::RedisTokenBucketStore buckets;
  std::optional<store::TwoCallTokenBucketStore> two_call_buckets;  // of a cluster
  store::RedisKeys keys;
};

/// One generation on this worker. Requests hold it as their snapshot, until they end.
struct Worker::Service {
  Service(Worker& worker, const std::shared_ptr<const Generation>& the_generation)
      : owner(worker),
        generation(the_generation),
        redis(worker.redis_stores(generation->redis)),
        services{*worker.loop_,
                 worker.hasher_,
                 worker.local_buckets_,
                 redis == nullptr ? nullptr : &redis->token_buckets(),
                 redis == nullptr ? nullptr : &redis->keys,
                 redis == nullptr ? nullptr : &redis->shared->fleet},
        access_log(generation->log.get(), *worker.loop_, worker.log_counts_),
        snapshot(generation->settings(), generation->configuration->api,
                 generation->configuration->errors, upstreams(),
                 {access_log, *generation->labels, *generation->metrics[worker.index_],
                  &worker.process_.shadow_findings}) {
    for (const Operation& operation : snapshot.api.operations) add(operation);
    add(snapshot.api.unknown);
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service() {
    for (const auto& upstream : snapshot.upstreams) owner.dispose(upstream);
    owner.dispose(redis);
  }

  std::vector<std::shared_ptr<proxy::Upstream>> upstreams() const {
    std::vector<std::shared_ptr<proxy::Upstream>> all;
    for (const auto& shared : generation->upstreams) all.push_back(owner.upstream(shared));
    return all;
  }

  void add(const Operation& operation) {
    const config::Configuration& configuration = *generation->configuration;
    proxy::Endpoint endpoint;
    endpoint.operation = &operation;
    endpoint.upstream = index_of_upstream(configuration.settings, operation.upstream);
    endpoint.chain.links = configuration.make_chain(operation, services);
    snapshot.add(std::move(endpoint));
  }

  Worker& owner;
  const std::shared_ptr<const Generation> generation;
  const std::shared_ptr<RedisStores> redis;  // nullptr: none
  Services services;
  observe::AccessLog access_log;
  proxy::Snapshot snapshot;
};

// ------------------------------------------------------------------------------------------ worker

Result<std::unique_ptr<Worker>> Worker::create(
    Process& process, std::size_t index, const std::shared_ptr<const Generation>& generation) {
  auto loop = net::EventLoop::create();
  if (!loop) return loop.error();
  std::unique_ptr<Worker> worker(
      new Worker(process, index, generation->settings().resolver, std::move(loop).value()));
  worker->install(generation);
  return worker;
}

Worker::Worker(Process& process, std::size_t index, const ResolverSettings& resolving,
               std::unique_ptr<net::EventLoop> loop)
    : process_(process),
      index_(index),
      loop_(std::move(loop)),
      resolver_(*loop_, resolving),
      connector_(*loop_, resolver_),
      local_buckets_(process.buckets, *loop_),
      context_{*loop_, parser_, process_.body_budget, process_.incidents, activity_, nullptr} {}

Worker::~Worker() { context_.snapshot.reset(); }

std::shared_ptr<Worker::RedisStores> Worker::redis_stores(
    const std::shared_ptr<SharedRedis>& redis) {
  if (redis == nullptr) return nullptr;
  const auto before = redis_stores_.lock();
  if (before != nullptr && before->shared == redis) return before;
  auto stores = std::make_shared<RedisStores>(*loop_, connector_, redis, redis_counts_);
  redis_stores_ = stores;
  return stores;
}

std::shared_ptr<proxy::Upstream> Worker::upstream(
    const std::shared_ptr<proxy::SharedUpstream>& shared) {
  std::erase_if(upstreams_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<proxy::Upstream>& known = upstreams_[shared.get()];
  if (auto before = known.lock()) return before;
  auto made = std::make_shared<proxy::Upstream>(*loop_, connector_, shared);
  known = made;
  return made;
}

void Worker::dispose(std::shared_ptr<void> part) {
  if (disposed_.empty()) loop_->post([this] { disposed_.clear(); });
  disposed_.push_back(std::move(part));
}

void Worker::install(const std::shared_ptr<const Generation>& generation) {
  const auto service = std::make_shared<Service>(*this, generation);
  context_.snapshot = std::shared_ptr<const proxy::Snapshot>(service, &service->snapshot);
}

void Worker::adopt(std::shared_ptr<const Generation> generation, std::function<void()> adopted) {
  loop_->submit([this, next = std::move(generation), done = std::move(adopted)] {
    install(next);
    done();
  });
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

void Worker::set_targets(std::shared_ptr<const proxy::SharedUpstream> upstream,
                         std::shared_ptr<const proxy::Targets> targets) {
  loop_->submit([this, shared = std::move(upstream), all = std::move(targets)] {
    const auto found = upstreams_.find(shared.get());
    if (found == upstreams_.end()) return;
    if (const auto known = found->second.lock()) known->set_targets(*all);
  });
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
