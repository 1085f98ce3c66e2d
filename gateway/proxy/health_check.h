#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "gateway/api/loop.h"
#include "gateway/api/settings.h"
#include "gateway/net/connector.h"
#include "gateway/proxy/target.h"

namespace trackly::proxy {

/// One check of one target: GET on a connection of its own, which the head of a 2xx response
/// passes. Destroying it withdraws the question; it may be destroyed at any time, also by `done`.
class HealthCheck {
 public:
  struct Outcome {
    enum class Kind : std::uint8_t {
      passed,
      failed,
      unknown,  // the target could not be asked, for a reason of our own
    };
    Kind kind = Kind::passed;
    /// Why it has not passed, in a short phrase: "connection refused", "answered 503".
    std::string why = {};
  };
  using Done = std::function<void(const Outcome&)>;

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

  void finish(const Outcome& outcome);

  Loop& loop_;
  Done done_;
  std::unique_ptr<Probe> probe_;
};

}  // namespace trackly::proxy
