#pragma once

#include <functional>
#include <memory>

#include "config/configuration.h"

namespace trackly {

/// Reads the configuration; nullptr where there are problems. Any thread.
using LoadConfiguration = std::function<std::shared_ptr<const config::Configuration>(Problems&)>;

/// Serves by `configuration` until SIGTERM or SIGINT: then takes no new connections, finishes what
/// is in flight within `drain_timeout`, and returns the exit code: 0 when nothing was cut, 1 when
/// something was, or when the server could not be started (the reason is in the diagnostics).
/// SIGHUP has everything read again by `load`, and reopens the access log; SIGUSR1 does only the
/// latter.
///
/// Says on standard error "listening on ADDRESS" for each listener and "ready" when all accept.
int run_server(const std::shared_ptr<const config::Configuration>& configuration,
               LoadConfiguration load);

}  // namespace trackly
