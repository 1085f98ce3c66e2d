#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.h"
#include "gateway/api/exchange.h"
#include "gateway/api/filter.h"
#include "gateway/api/result.h"
#include "gateway/cli/memory_peer.h"
#include "gateway/json/parser.h"
#include "gateway/net/event_loop.h"
#include "gateway/observe/access_log.h"
#include "gateway/observe/incidents.h"
#include "gateway/observe/request_metrics.h"
#include "gateway/proxy/body_budget.h"
#include "gateway/proxy/connection.h"
#include "gateway/proxy/context.h"
#include "gateway/proxy/upstream.h"
#include "gateway/store/bucket_table.h"
#include "gateway/store/local_token_bucket.h"
#include "gateway/store/sha256.h"

namespace trackly::cli {

/// Requests on their way through the real gateway, from the bytes of the client to the bytes for
/// the service, with nobody at either end: it opens no socket, but to Redis where that is asked
/// for.
class Rehearsal final : private proxy::ConnectionOwner, private proxy::RequestObserver {
 public:
  struct Options {
    /// Limits and keys that are in Redis are asked for there. Else limits are counted in this
    /// process, and of keys nobody knows.
    bool connect = false;
    /// Only filters that judge the request alone are asked, not those that judge by what the
    /// gateway knows (PossibleAnswer::by_state): keys, limits.
    bool requests_only = false;
  };

  static Result<std::unique_ptr<Rehearsal>> create(
      std::shared_ptr<const config::Configuration> configuration, const Options& options);
  ~Rehearsal() override;

  struct Outcome {
    std::string answer;                    // all bytes that the client would get
    std::optional<WireRequest> forwarded;  // what the service would get, as HTTP/1.1
    bool complete = false;                 // the text had a whole request in it
    std::size_t left_over = 0;             // bytes of the text after it
  };
  /// `request`: the bytes of an HTTP/1.1 request. `visit` sees what has become of it, before any of
  /// that is gone.
  Outcome run(std::string_view request, const std::function<void(const Exchange&)>& visit);

  /// nullptr: there is no route for it.
  const proxy::Chain* chain_of(const Exchange& exchange) const;
  /// Why Redis could not be reached; empty: it was, or nobody asked.
  const std::string& redis_trouble() const { return redis_trouble_; }

 private:
  struct RedisStores;
  class NoKeys;
  class ClientEnd;

  Rehearsal(std::shared_ptr<const config::Configuration> configuration,
            std::unique_ptr<net::EventLoop> loop);

  std::optional<Fault> connect_to_redis();
  void make_snapshot(bool requests_only);
  void begin(std::string_view request, bool complete);
  void on_connection_closed(proxy::Connection& connection) override;
  void on_finished(const Exchange& exchange) override;

  const std::shared_ptr<const config::Configuration> configuration_;
  const std::unique_ptr<net::EventLoop> loop_;
  store::Sha256 hasher_;
  store::BucketTable table_{HashKey::random()};
  store::LocalTokenBucketStore buckets_;
  std::unique_ptr<SharedKeys> no_keys_;
  std::unique_ptr<RedisStores> redis_;  // nullptr: not asked
  std::string redis_trouble_;
  Services services_;

  MemoryConnector connector_;
  observe::AccessLogCounts log_counts_;
  observe::AccessLog log_;
  const std::shared_ptr<const observe::RequestLabels> labels_;
  observe::RequestMetrics metrics_;
  observe::Incidents incidents_;
  json::Parser parser_;
  proxy::BodyBudget budget_;
  proxy::Activity activity_;
  proxy::Context context_;
  std::unique_ptr<proxy::Connection> connection_;

  const std::function<void(const Exchange&)>* visit_ = nullptr;
  Outcome outcome_;
};

}  // namespace trackly::cli
