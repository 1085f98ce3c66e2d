#pragma once

#include <sys/types.h>
#include <sys/un.h>

#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/loop.h"

namespace trackly {

/// systemd, or whoever else listens on $NOTIFY_SOCKET, and what it is told of this process
/// (sd_notify(3)). Without one, none of it has an effect. Nothing of it blocks, or needs a
/// descriptor at that time, as it would with libsystemd: a message for which there is no room is
/// lost. For one thread.
class ServiceManager {
 public:
  static ServiceManager of_environment();
  ServiceManager(ServiceManager&& other) noexcept;
  ServiceManager& operator=(ServiceManager&&) = delete;
  ~ServiceManager();

  /// After the start, and when a reload has ended, either way. `status` is for people.
  void tell_ready(std::string_view status) const;
  void tell_reloading() const;
  /// It takes `at_most` so long.
  void tell_stopping(std::string_view status, Duration at_most) const;
  /// Another process is the service from now on, and ready.
  void tell_successor(pid_t process) const;
  /// Within each watchdog_interval(): it does what it is there for.
  void tell_alive() const;

  /// nullopt: nobody waits for a sign of life.
  static std::optional<Duration> watchdog_interval();

 private:
  ServiceManager() = default;
  void tell(const std::string& state) const;

  int fd_ = -1;  // -1: there is nobody
  sockaddr_un address_{};
  socklen_t address_size_ = 0;
};

}  // namespace trackly
