#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/api/exchange.h"
#include "gateway/api/fields.h"
#include "gateway/api/loop.h"
#include "gateway/proxy/circuit_breaker.h"
#include "gateway/proxy/upstream.h"

namespace trackly::proxy {

/// One request's dealings with its upstream, over as many calls as it takes: whether the service
/// may be asked at all, for how long, whether again, and what others learn from how it went.
class UpstreamAttempts {
 public:
  /// Both outlive it.
  UpstreamAttempts(Upstream& upstream, Loop& loop) : upstream_(upstream), loop_(loop) {}

  Upstream& upstream() { return upstream_; }
  const UpstreamSettings& settings() const { return upstream_.settings(); }

  /// For how long the request may take from now on, as the operator and the client's own field say;
  /// not positive where that is over already. nullopt: for as long as it takes. `elapsed`: since
  /// the request came. Once.
  std::optional<Duration> time_left(const FieldList& fields, Duration elapsed);

  /// The time limit is the client's own: when it is over, that says nothing about the connection.
  bool client_is_impatient() const { return client_is_impatient_; }

  /// nullopt: go ahead. Else the service has failed too often to be asked, and that is the time
  /// until somebody may try.
  std::optional<Duration> refused_for();

  /// Whether a call that has failed may be followed by another. `whole`: we still have all of the
  /// request.
  bool may_repeat(const CallFailure& failure, std::string_view method, bool whole);

  // How it went. `call` is the last one, if there is one.
  /// The response head came.
  void answered();
  void succeeded(UpstreamCall* call);
  void failed(UpstreamFailure reason, UpstreamCall* call);
  /// Nobody will know.
  void give_up() { permit_.reset(); }

 private:
  bool is_of_the_service(UpstreamFailure reason, const UpstreamCall* call) const;

  Upstream& upstream_;
  Loop& loop_;
  std::optional<CircuitBreaker::Permit> permit_;  // from the first call to the outcome
  std::uint32_t repeats_ = 0;
  bool client_is_impatient_ = false;
};

}  // namespace trackly::proxy
