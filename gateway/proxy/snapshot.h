#pragma once

#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/api/api_description.h"
#include "gateway/api/settings.h"
#include "gateway/api/upstream_for.h"
#include "gateway/http/request_target.h"
#include "gateway/observe/access_format.h"
#include "gateway/observe/access_log.h"
#include "gateway/observe/request_metrics.h"
#include "gateway/observe/shadow_findings.h"
#include "gateway/proxy/chain.h"
#include "gateway/proxy/reply.h"
#include "gateway/proxy/router.h"
#include "gateway/proxy/trusted_proxies.h"
#include "gateway/proxy/upstream.h"

namespace trackly::proxy {

/// An operation with the filters that its requests pass on this worker.
struct Endpoint {
  const Operation* operation = nullptr;
  Chain chain;
  std::size_t upstream = 0;  // index in Settings::upstreams; not for unknown paths
};

/// Told of every request that has ended, while everything of it is still there.
class RequestObserver {
 public:
  RequestObserver() = default;
  RequestObserver(const RequestObserver&) = delete;
  RequestObserver& operator=(const RequestObserver&) = delete;
  virtual ~RequestObserver() = default;
  virtual void on_finished(const Exchange& exchange) = 0;
};

/// Where the requests of a snapshot are noted when they are over.
struct Records {
  observe::AccessLog& access_log;
  const observe::RequestLabels& labels;
  observe::RequestMetrics& metrics;
  observe::ShadowFindings* shadow_findings = nullptr;  // of the process; nullptr: none
  RequestObserver* observer = nullptr;                 // nullptr: none
};

/// What one worker serves by: one configuration, compiled. Requests keep the snapshot that they
/// began with until they end, and with it everything that its references point to.
struct Snapshot {
  Snapshot(const Settings& the_settings, const ApiDescription& the_api,
           const ErrorCatalogue& errors, std::vector<std::shared_ptr<Upstream>> all_upstreams,
           const Records& the_records)
      : settings(the_settings),
        api(the_api),
        replies(errors),
        router(the_api),
        access_format(the_settings.access_log, the_api),
        trusted_proxies(the_settings.trusted_proxies),
        upstreams(std::move(all_upstreams)),
        records(the_records) {}

  /// The endpoint of an operation that the router found, or of `api.unknown`.
  const Endpoint& endpoint(const Operation& operation) const {
    return *by_operation.at(&operation);
  }
  /// The index of the upstream that serves a request to `path`, which is percent-encoded.
  std::size_t upstream_of(const Endpoint& endpoint, std::string_view path) const {
    if (!endpoint.operation->is_unknown) return endpoint.upstream;
    return upstream_for(settings, http::decode_segment(path));
  }
  void add(Endpoint endpoint) {
    endpoints.push_back(std::move(endpoint));
    by_operation[endpoints.back().operation] = &endpoints.back();
  }

  const Settings& settings;
  const ApiDescription& api;
  const CoreErrors replies;
  const Router router;
  const observe::AccessFormat access_format;
  const TrustedProxies trusted_proxies;
  const std::vector<std::shared_ptr<Upstream>> upstreams;  // in the order of Settings::upstreams
  const Records records;
  std::deque<Endpoint> endpoints;
  std::unordered_map<const Operation*, const Endpoint*> by_operation;
};

}  // namespace trackly::proxy
