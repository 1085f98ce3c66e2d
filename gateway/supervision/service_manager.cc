#include "gateway/supervision/service_manager.h"

#include <systemd/sd-daemon.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace trackly::service_manager {
namespace {

void tell(const std::string& state) { sd_notify(/*unset_environment=*/0, state.c_str()); }

std::string microseconds(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

}  // namespace

void tell_ready(std::string_view status) { tell("READY=1\nSTATUS=" + std::string(status)); }

void tell_reloading() {
  // The time is what Type=notify-reload waits for, by the clock that steady_clock is here.
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  tell("RELOADING=1\nMONOTONIC_USEC=" + microseconds(now));
}

void tell_stopping(std::string_view status, Duration at_most) {
  tell("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + microseconds(at_most) +
       "\nSTATUS=" + std::string(status));
}

void tell_successor(pid_t process) { tell("MAINPID=" + std::to_string(process)); }

void tell_alive() { tell("WATCHDOG=1"); }

std::optional<Duration> watchdog_interval() {
  std::uint64_t us = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/0, &us) <= 0) return std::nullopt;
  return std::chrono::microseconds(us);
}

}  // namespace trackly::service_manager
