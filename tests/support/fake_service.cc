#include "tests/support/fake_service.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <utility>

namespace trackly::test {
namespace {

using Kind = Reaction::Kind;
using Then = Reaction::Then;

/// The answer in HTTP/1.1: chunked where trailers follow, else with a length, which promises more
/// than there is where the answer is to break off.
std::string as_http1(const Reaction& reaction, bool with_body) {
  std::string fields;
  for (const auto& [name, value] : reaction.fields) fields += name + ": " + value + "\r\n";
  const std::string head = "HTTP/1.1 " + std::to_string(reaction.status) + " Whatever\r\n" + fields;
  if (!reaction.trailers.empty()) {
    std::string trailers;
    for (const auto& [name, value] : reaction.trailers) trailers += name + ": " + value + "\r\n";
    return head + "Transfer-Encoding: chunked\r\n\r\n" + http1_chunk(reaction.body) + "0\r\n" +
           trailers + "\r\n";
  }
  if (reaction.status == 204 || reaction.status == 304) return head + "\r\n";
  const std::size_t promised = reaction.body.size() + (reaction.then == Then::end ? 0 : 1000);
  return head + "Content-Length: " + std::to_string(promised) + "\r\n\r\n" +
         (with_body ? reaction.body : "");
}

/// Ends or hangs as told; false where the connection goes on.
bool break_off(Wire& wire, Then how) {
  if (how == Then::end) return false;
  if (how == Then::hang) wire.wait_for_end();
  if (how == Then::abort_connection) wire.reset();
  return true;
}

/// False where the connection is over.
bool perform(Wire& wire, const HttpMessage& request, const Reaction& reaction) {
  switch (reaction.kind) {
    case Kind::answer:
      return wire.send(as_http1(reaction, request.method() != "HEAD")) &&
             !break_off(wire, reaction.then);
    case Kind::hang:
      return !break_off(wire, Then::hang);
    case Kind::abort_connection:
      return !break_off(wire, Then::abort_connection);
    case Kind::malformed_head:
      wire.send("HTTP/1.1 abc\r\nContent-Length: 0\r\n\r\n");
      return false;
    case Kind::partial_head:
      wire.send("HTTP/1.1 200 OK\r\nContent-Le");
      return false;
    case Kind::close_connection:
    case Kind::reset_stream:
    case Kind::refuse_stream:
    case Kind::exclude_stream:
      return false;
  }
  return false;
}

}  // namespace

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

FakeService::Script reacting(React react) {
  auto seen = std::make_shared<std::atomic<std::size_t>>(0);
  return [react = std::move(react), seen](FakeService& service, Wire& wire) {
    while (true) {
      const HttpMessage request = service.receive(wire);
      if (!request.complete || !perform(wire, request, react(request, (*seen)++))) return;
    }
  };
}

FakeService::Script accepting() { return answering(http1_answer(200, kAccepted)); }

}  // namespace trackly::test
