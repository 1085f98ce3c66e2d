#pragma once

#include <memory>

#include "config/configuration.h"

namespace trackly {

/// Serves by `configuration` until SIGTERM or SIGINT: then takes no new connections, finishes what
/// is in flight within `drain_timeout`, and returns the exit code: 0 when nothing was cut, 1 when
/// something was, or when the server could not be started (the reason is in the diagnostics).
/// SIGUSR1 reopens the access log.
///
/// Says on standard error "listening on ADDRESS" for each listener and "ready" when all accept.
int run_server(const std::shared_ptr<const config::Configuration>& configuration);

}  // namespace trackly
