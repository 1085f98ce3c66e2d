#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "gateway/api/settings.h"
#include "gateway/net/connector.h"
#include "gateway/proxy/circuit_breaker.h"
#include "gateway/proxy/upstream_call.h"
#include "gateway/proxy/upstream_connection.h"

namespace trackly::proxy {

/// One endpoint of an upstream, with this worker's connections to it.
class UpstreamEndpoint {
 public:
  explicit UpstreamEndpoint(const EndpointSettings& settings) : settings_(settings) {}

  const EndpointSettings& settings() const { return settings_; }

 private:
  friend class Upstream;

  std::size_t connecting() const;

  const EndpointSettings& settings_;
  std::vector<std::unique_ptr<UpstreamConnection>> connections_;
  /// Those that may have room for a call; the one used last is used next, so that the others can
  /// time out.
  std::vector<UpstreamConnection*> ready_;
};

/// The service behind the gateway, as one worker sees it: its endpoints, the connections to them,
/// and the calls that wait for one.
class Upstream {
 public:
  /// `settings`, `loop`, `connector` and `breaker` (nullptr: none) outlive the upstream.
  Upstream(Loop& loop, net::Connector& connector, const UpstreamSettings& settings,
           const http::CodecLimits& limits, CircuitBreaker* breaker = nullptr);
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  const std::string& name() const { return settings_.name; }
  const UpstreamSettings& settings() const { return settings_; }

  /// One for all workers; nullptr: none. Callers ask it before they call.
  CircuitBreaker* breaker() const { return breaker_; }

  /// A call that begin() will send. `end`: no body follows the head.
  std::unique_ptr<UpstreamCall> call(Head head, bool end, UpstreamCallEvents& events);

 private:
  friend class UpstreamCall;
  friend class UpstreamConnection;

  /// Finds a connection for the call, opens one, or lets it wait. The call may be gone afterwards.
  void assign(UpstreamCall& call);
  bool assign_anywhere(UpstreamCall& call);
  /// Connecting failed: the next endpoint, if the call has not tried them all.
  void try_elsewhere(UpstreamCall& call, UpstreamFailure reason);
  bool assign_to(UpstreamEndpoint& endpoint, UpstreamCall& call);
  UpstreamConnection* ready_connection(UpstreamEndpoint& endpoint);
  UpstreamConnection& open(UpstreamEndpoint& endpoint);
  void leave_queue(UpstreamCall& call);
  void serve_queue();

  // By connections.
  void on_room(UpstreamConnection& connection);
  void on_gone(UpstreamConnection& connection);

  Loop& loop_;
  net::Connector& connector_;
  const UpstreamSettings& settings_;
  const http::CodecLimits limits_;
  CircuitBreaker* const breaker_;
  std::vector<std::unique_ptr<UpstreamEndpoint>> endpoints_;
  std::size_t next_endpoint_ = 0;
  std::deque<UpstreamCall*> waiting_;
};

}  // namespace trackly::proxy
