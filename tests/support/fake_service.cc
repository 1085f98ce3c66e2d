#include "tests/support/fake_service.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace trackly::test {

void RequestLog::add(HttpMessage request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(std::move(request));
  added_.notify_all();
}

std::vector<HttpMessage> RequestLog::all() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t RequestLog::size() const {
  const std::lock_guard lock(mutex_);
  return requests_.size();
}

std::optional<HttpMessage> RequestLog::wait_for(std::size_t n, Milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  if (!added_.wait_for(lock, timeout, [&] { return requests_.size() > n; })) return std::nullopt;
  return requests_[n];
}

Acceptor::Acceptor(int listening_fd, Serve serve)
    : listening_fd_(listening_fd),
      stop_fd_(eventfd(0, EFD_CLOEXEC)),
      serve_(std::move(serve)),
      accepting_([this] { accept_connections(); }) {}

Acceptor::~Acceptor() {
  eventfd_write(stop_fd_, 1);
  accepting_.join();
  for (std::thread& thread : threads_) thread.join();
  close(listening_fd_);
  close(stop_fd_);
}

int Acceptor::connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(threads_.size());
}

void Acceptor::accept_connections() {
  std::array<pollfd, 2> watched{{{listening_fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}}};
  while (poll(watched.data(), watched.size(), -1) >= 0 || errno == EINTR) {
    if (watched[1].revents != 0) return;
    const int fd = accept4(listening_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([this, fd] {
      Wire wire(fd, stop_fd_);
      serve_(wire);
    });
  }
}

FakeService::FakeService(Script script)
    : FakeService(std::move(script), listen_on_free_port(), {}) {}

FakeService::FakeService(Script script, const std::string& unix_path)
    : FakeService(std::move(script), listen_on_unix_socket(unix_path), "unix:" + unix_path) {}

FakeService::FakeService(Script script, int listening_fd, std::string url)
    : url_(url.empty() ? "http://127.0.0.1:" + std::to_string(port_of(listening_fd))
                       : std::move(url)),
      acceptor_(listening_fd,
                [this, script = std::move(script)](Wire& wire) { script(*this, wire); }) {}

HttpMessage FakeService::receive(Wire& wire) {
  HttpMessage request = wire.read_message();
  if (!request.start_line.empty()) requests_.add(request);
  return request;
}

FakeService::Script answering(std::string message) {
  return [message = std::move(message)](FakeService& service, Wire& wire) {
    while (service.receive(wire).complete && wire.send(message)) {
    }
  };
}

FakeService::Script accepting() { return answering(http1_answer(200, kAccepted)); }

}  // namespace trackly::test
