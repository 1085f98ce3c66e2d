#include "tests/support/fake_service_manager.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace trackly::test {

FakeServiceManager::FakeServiceManager() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  const std::string path = directory_ / "notify";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error("bind to " + path);
  }
}

FakeServiceManager::~FakeServiceManager() { close(fd_); }

std::string FakeServiceManager::environment() const {
  return "NOTIFY_SOCKET=" + (directory_ / "notify");
}

std::string FakeServiceManager::next(std::string_view name, Milliseconds timeout) {
  const Deadline deadline(timeout);
  while (true) {
    pollfd entry{fd_, POLLIN, 0};
    if (poll(&entry, 1, deadline.remaining_ms()) <= 0) return {};
    std::array<char, 4096> buffer{};
    const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
    message_ = "\n" + std::string(buffer.data(), static_cast<std::size_t>(size));
    if (std::string value = also(name); !value.empty()) return value;
  }
}

std::string FakeServiceManager::also(std::string_view name) const {
  const std::string start = "\n" + std::string(name) + "=";
  const std::size_t at = message_.find(start);
  if (at == std::string::npos) return {};
  const std::size_t from = at + start.size();
  return message_.substr(from, message_.find('\n', from) - from);
}

}  // namespace trackly::test
