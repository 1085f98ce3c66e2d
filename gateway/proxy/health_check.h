#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "gateway/api/loop.h"
#include "gateway/api/result.h"
#include "gateway/api/settings.h"
#include "gateway/net/connector.h"
#include "gateway/proxy/target.h"

namespace trackly::proxy {

/// One check of one target: GET on a connection of its own, which the head of a 2xx response
/// passes. Destroying it withdraws the question; it may be destroyed at any time, also by `done`.
class HealthCheck {
 public:
  /// Without a fault where the target passes; else the fault says why not, in a short phrase:
  /// "connection refused", "answered 503".
  using Done = std::function<void(std::optional<Fault>)>;

  /// Begins at once. `done` comes once, never from inside the constructor and within
  /// `settings.timeout`. What is passed by reference outlives the check; `target` has to live only
  /// during the call.
  HealthCheck(Loop& loop, net::Connector& connector, const Target& target,
              const HealthCheckSettings& settings, Done done);
  ~HealthCheck();
  HealthCheck(const HealthCheck&) = delete;
  HealthCheck& operator=(const HealthCheck&) = delete;

 private:
  class Probe;

  void finish(std::optional<Fault> fault);

  Loop& loop_;
  Done done_;
  std::unique_ptr<Probe> probe_;
};

}  // namespace trackly::proxy
