#include "gateway/supervision/service_manager.h"

#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace trackly {
namespace {

std::string microseconds(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

/// In one line: a line break would end it, and begin another word.
std::string status_line(std::string_view status) {
  std::string line = "STATUS=" + std::string(status);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace

ServiceManager ServiceManager::of_environment() {
  ServiceManager manager;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment later
  const char* const value = std::getenv("NOTIFY_SOCKET");
  const std::string_view path = value == nullptr ? "" : value;
  const bool is_path = path.starts_with('/') || path.starts_with('@');
  if (!is_path || path.size() >= sizeof(manager.address_.sun_path)) return manager;
  manager.address_.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), manager.address_.sun_path);
  if (path.front() == '@') manager.address_.sun_path[0] = '\0';  // no file, but a name (unix(7))
  manager.address_size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  manager.fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return manager;
}

ServiceManager::ServiceManager(ServiceManager&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      address_(other.address_),
      address_size_(other.address_size_) {}

ServiceManager::~ServiceManager() {
  if (fd_ >= 0) close(fd_);
}

void ServiceManager::tell(const std::string& state) const {
  if (fd_ < 0) return;
  sendto(fd_, state.data(), state.size(), MSG_NOSIGNAL,
         reinterpret_cast<const sockaddr*>(&address_), address_size_);
}

void ServiceManager::tell_ready(std::string_view status) const {
  tell("READY=1\n" + status_line(status));
}

void ServiceManager::tell_reloading() const {
  // The time is what Type=notify-reload waits for, by the clock that steady_clock is here.
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  tell("RELOADING=1\nMONOTONIC_USEC=" + microseconds(now));
}

void ServiceManager::tell_stopping(std::string_view status, Duration at_most) const {
  tell("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + microseconds(at_most) + "\n" + status_line(status));
}

/// Its own words are not heard before this, so what matters of them is said here: that it is ready,
/// which also ends a reload, and alive.
void ServiceManager::tell_successor(pid_t process) const {
  tell("MAINPID=" + std::to_string(process) + "\nREADY=1\nWATCHDOG=1");
}

void ServiceManager::tell_alive() const { tell("WATCHDOG=1"); }

std::optional<Duration> ServiceManager::watchdog_interval() {
  std::uint64_t us = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/0, &us) <= 0) return std::nullopt;
  return std::chrono::microseconds(us);
}

}  // namespace trackly
