#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/api/result.h"
#include "gateway/net/listener.h"

namespace trackly::net {

/// The listening sockets that this process was started with: by systemd, which listens for its
/// services so that nobody is turned away while they start (sd_listen_fds(3)), or by the gateway
/// whose place it takes. For one thread.
class GivenSockets {
 public:
  /// What LISTEN_FDNAMES calls a socket of a predecessor, and one that it has from a service
  /// manager as well. Service managers have other names.
  static constexpr const char* kOfPredecessor = "predecessor";
  static constexpr const char* kOfServiceManager = "service-manager";

  /// Those of the environment, whose variables are removed: call it before there are threads.
  static GivenSockets take();
  /// None.
  GivenSockets() = default;

  /// The one that is bound to `address`, or a new one: faults are those of ListeningSocket::open().
  /// Port 0 is any port.
  Result<std::unique_ptr<ListeningSocket>> open(const std::string& address,
                                                std::optional<mode_t> unix_mode = std::nullopt);
  /// Which of those that were given have been opened, in their order.
  std::vector<bool> opened() const;
  /// Closes those that nobody has opened, and names them.
  std::vector<std::string> drop_rest();

 private:
  std::vector<std::unique_ptr<ListeningSocket>> sockets_;  // nullptr: opened
};

}  // namespace trackly::net
