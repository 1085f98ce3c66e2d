#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

#include "gateway/api/loop.h"

/// What systemd, or whoever else listens on $NOTIFY_SOCKET, is told of this process (sd_notify(3)).
/// Without one, none of it has an effect. Nothing of it blocks.
namespace trackly::service_manager {

/// After the start, and when a reload has ended, either way. `status` is for people.
void tell_ready(std::string_view status);
void tell_reloading();
/// It takes `at_most` so long.
void tell_stopping(std::string_view status, Duration at_most);
/// Another process is the service from now on.
void tell_successor(pid_t process);
/// Within each watchdog_interval(): it does what it is there for.
void tell_alive();

/// nullopt: nobody waits for a sign of life.
std::optional<Duration> watchdog_interval();

}  // namespace trackly::service_manager
