#include "gateway/net/dialer.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace trackly::net {

Dialer::Dialer(EventLoop& loop, Resolver& resolver, const Address& address, Duration timeout,
               Done done)
    : loop_(loop),
      resolver_(resolver),
      done_(std::move(done)),
      deadline_(loop.timer([this] { finish(TransportError::connect_timeout); })),
      start_(loop.timer([this, address] { start(address); })) {
  deadline_->arm(timeout);
  start_->arm(Duration::zero());
}

Dialer::~Dialer() { close_socket(); }

void Dialer::start(const Address& address) {
  if (!address.unix_path.empty()) {
    if (const auto path = unix_socket_address(address.unix_path)) candidates_.push_back(*path);
    try_next();
  } else if (const auto literal = parse_socket_address(address.host, address.port)) {
    candidates_.push_back(*literal);
    try_next();
  } else {
    resolve(address);
  }
}

void Dialer::resolve(const Address& address) {
  lookup_ = resolver_.resolve(address.host, address.port, [this](Result<ResolvedName> found) {
    if (!found) return finish(TransportError::unresolved);
    candidates_ = std::move(found->addresses);
    try_next();
  });
}

void Dialer::try_next() {
  while (next_ < candidates_.size()) {
    const SocketAddress& candidate = candidates_[next_++];
    fd_ = socket(candidate.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) continue;
    if (candidate.family() != AF_UNIX) {
      const int on = 1;
      setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    if (::connect(fd_, candidate.get(), candidate.size()) == 0) {
      return finish(std::exchange(fd_, -1));
    }
    if (errno == EINPROGRESS) {
      writable_ = loop_.on_fd(
          fd_, EV_WRITE, [](int, short, void* self) { static_cast<Dialer*>(self)->on_writable(); },
          this);
      return;
    }
    close_socket();
  }
  finish(TransportError::refused);
}

void Dialer::on_writable() {
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  writable_.reset();
  if (error == 0) return finish(std::exchange(fd_, -1));
  close_socket();
  try_next();
}

void Dialer::close_socket() {
  writable_.reset();
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

void Dialer::finish(Result<int, TransportError> outcome) {
  deadline_->disarm();
  lookup_.reset();
  close_socket();
  done_(std::move(outcome));
}

}  // namespace trackly::net
