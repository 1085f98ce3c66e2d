#include "gateway/net/given_sockets.h"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace trackly::net {
namespace {

bool fits(const SocketAddress& bound, const SocketAddress& wanted) {
  if (wanted.family() != AF_UNIX && wanted.port() == 0) {
    return bound.family() == wanted.family() && bound.host() == wanted.host();
  }
  return bound.to_string() == wanted.to_string();
}

}  // namespace

GivenSockets GivenSockets::take() {
  GivenSockets given;
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(/*unset_environment=*/1, &names);
  for (int i = 0; i < count; ++i) {
    const bool passes_on = names != nullptr && std::string_view(names[i]) == kOfPredecessor;
    given.sockets_.push_back(ListeningSocket::adopt(
        SD_LISTEN_FDS_START + i, passes_on ? ListeningSocket::Keeper::predecessor
                                           : ListeningSocket::Keeper::service_manager));
  }
  for (int i = 0; names != nullptr && names[i] != nullptr; ++i) std::free(names[i]);
  std::free(names);
  return given;
}

Result<std::unique_ptr<ListeningSocket>> GivenSockets::open(const std::string& address,
                                                            std::optional<mode_t> unix_mode) {
  const auto wanted = parse_listen_address(address);
  if (!wanted) return wanted.error();
  const auto found = std::find_if(sockets_.begin(), sockets_.end(), [&](const auto& socket) {
    return socket != nullptr && socket->is_listening() && fits(socket->address(), *wanted);
  });
  if (found == sockets_.end()) return ListeningSocket::open(address, unix_mode);
  return std::move(*found);
}

std::vector<bool> GivenSockets::opened() const {
  std::vector<bool> all;
  for (const auto& socket : sockets_) all.push_back(socket == nullptr);
  return all;
}

std::vector<std::string> GivenSockets::drop_rest() {
  std::vector<std::string> names;
  for (auto& socket : sockets_) {
    if (socket == nullptr) continue;
    names.push_back(socket->is_listening() ? socket->bound_address()
                                           : "descriptor " + std::to_string(socket->fd()));
    socket.reset();
  }
  return names;
}

}  // namespace trackly::net
