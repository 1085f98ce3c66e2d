#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/generation.h"
#include "gateway/json/parser.h"
#include "gateway/net/dns_resolver.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/tcp_connector.h"
#include "gateway/net/tls_context.h"
#include "gateway/observe/counter.h"
#include "gateway/process.h"
#include "gateway/proxy/connection.h"
#include "gateway/proxy/context.h"
#include "gateway/proxy/target.h"
#include "gateway/proxy/upstream.h"
#include "gateway/store/local_token_bucket.h"
#include "gateway/store/redis_health.h"
#include "gateway/store/sha256.h"

namespace trackly {

/// One thread with a loop, and everything that its requests need: filters, stores, upstream
/// connections. Workers share nothing on the way of a request but what is in Process and
/// Generation.
class Worker final : private proxy::ConnectionOwner {
 public:
  /// `process` outlives the worker; `index` is its place among the workers.
  static Result<std::unique_ptr<Worker>> create(
      Process& process, std::size_t index, const std::shared_ptr<const Generation>& generation);
  /// Requires: stopped, or never started.
  ~Worker() override;

  void start();

  // Any thread.
  /// Takes the descriptor. `tls` is nullptr for cleartext; `place` is kept until the connection is
  /// gone.
  void accept(int fd, std::string peer_address, std::shared_ptr<const net::TlsContext> tls,
              std::shared_ptr<const void> place);
  /// Requests that begin from then on are served by it. `adopted` is called on this worker's
  /// thread.
  void adopt(std::shared_ptr<const Generation> generation, std::function<void()> adopted);
  /// The targets that an upstream has from now on, or whose health has changed. Of no effect where
  /// the worker does not have the upstream any more.
  void set_targets(std::shared_ptr<const proxy::SharedUpstream> upstream,
                   std::shared_ptr<const proxy::Targets> targets);
  /// Has this worker's thread do it.
  void submit(std::function<void()> task) { loop_->submit(std::move(task)); }
  /// Takes no new requests.
  void drain();
  /// Closes what is left, ends the thread and waits for it.
  void stop();
  const proxy::Activity& activity() const { return activity_; }
  const observe::AccessLogCounts& log_counts() const { return log_counts_; }
  const store::RedisCounts& redis_counts() const { return redis_counts_; }

 private:
  struct RedisStores;
  struct Service;

  Worker(Process& process, std::size_t index, const ResolverSettings& resolving,
         std::unique_ptr<net::EventLoop> loop);

  void on_connection_closed(proxy::Connection& connection) override;
  void install(const std::shared_ptr<const Generation>& generation);
  std::shared_ptr<RedisStores> redis_stores(const std::shared_ptr<SharedRedis>& redis);
  std::shared_ptr<proxy::Upstream> upstream(const std::shared_ptr<proxy::SharedUpstream>& shared);
  /// To be destroyed when nothing that was posted before can want it any more.
  void dispose(std::shared_ptr<void> part);

  Process& process_;
  const std::size_t index_;
  const std::unique_ptr<net::EventLoop> loop_;
  net::DnsResolver resolver_;
  net::TcpConnector connector_;
  store::Sha256 hasher_;
  store::LocalTokenBucketStore local_buckets_;
  store::RedisCounts redis_counts_;
  observe::AccessLogCounts log_counts_;
  json::Parser parser_;
  proxy::Activity activity_;
  std::vector<std::shared_ptr<void>> disposed_;
  std::unordered_map<const proxy::SharedUpstream*, std::weak_ptr<proxy::Upstream>> upstreams_;
  std::weak_ptr<RedisStores> redis_stores_;  // of the generation of the moment
  proxy::Context context_;
  std::unordered_map<proxy::Connection*, std::unique_ptr<proxy::Connection>> connections_;
  bool draining_ = false;
  std::thread thread_;
};

}  // namespace trackly
