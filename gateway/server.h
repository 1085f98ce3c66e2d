#pragma once

#include <functional>
#include <memory>

#include "config/configuration.h"
#include "gateway/supervision/succession.h"

namespace trackly {

/// Reads the configuration; nullptr where there are problems. Any thread.
using LoadConfiguration = std::function<std::shared_ptr<const config::Configuration>(Problems&)>;

/// Serves by `configuration` until SIGTERM or SIGINT: then says that it is not ready, takes new
/// connections for `drain_delay`, finishes what is in flight within `drain_timeout`, and returns
/// the exit code: 0 when nothing was cut, 1 when something was, or when the server could not be
/// started (the reason is in the diagnostics). A second signal ends the delay.
///
/// SIGHUP has everything read again by `load`, and reopens the access log; SIGUSR1 does only the
/// latter. SIGUSR2 starts another process by `command_line`, which takes over with the listening
/// sockets; this one then finishes what it has.
///
/// Listening sockets that systemd hands over are used, and $NOTIFY_SOCKET is told of all of this.
///
/// Says on standard error "listening on ADDRESS" for each listener and "ready" when all accept.
/// Requires: there are no other threads yet, and hold_signals().
int run_server(const std::shared_ptr<const config::Configuration>& configuration,
               LoadConfiguration load, CommandLine command_line);

}  // namespace trackly
