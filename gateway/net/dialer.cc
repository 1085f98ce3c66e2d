#include "gateway/net/dialer.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace trackly::net {
namespace {

// How long a unix socket with a full backlog, which nobody would tell us about again, is left
// alone.
constexpr auto kBacklogPause = std::chrono::milliseconds(5);

/// EADDRNOTAVAIL says that every local port towards the peer is in use, or that we have no address
/// of its family at all. Datagrams have ports of their own, so they tell the two apart; connecting
/// their socket sends none.
bool has_local_address(const SocketAddress& peer) {
  const int fd = socket(peer.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;
  const bool has = ::connect(fd, peer.get(), peer.size()) == 0 || errno != EADDRNOTAVAIL;
  close(fd);
  return has;
}

TransportError error_of(int error, const SocketAddress& peer) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:  // of another than a unix socket
      return TransportError::no_local_resources;
    case EADDRNOTAVAIL:
      return has_local_address(peer) ? TransportError::no_local_resources : TransportError::refused;
    default:
      return TransportError::refused;
  }
}

}  // namespace

Dialer::Dialer(EventLoop& loop, Resolver& resolver, const Address& address, Duration timeout,
               Done done)
    : loop_(loop),
      resolver_(resolver),
      done_(std::move(done)),
      deadline_(loop.timer([this] { finish(TransportError::connect_timeout); })),
      start_(loop.timer([this, address] { start(address); })),
      again_(loop.timer([this] { connect_again(); })) {
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
  lookup_ = resolver_.resolve(address.host, address.port,
                              [this](const Result<ResolvedName>& found) { on_resolved(found); });
}

void Dialer::on_resolved(const Result<ResolvedName>& found) {
  if (!found) return finish(TransportError::unresolved);
  more_may_come_ = found->unknown && !found->unknown->fault;
  for (const SocketAddress& address : found->addresses) {
    const bool is_known = std::any_of(
        candidates_.begin(), candidates_.end(),
        [&address](const auto& known) { return known.to_string() == address.to_string(); });
    if (!is_known) candidates_.push_back(address);
  }
  if (fd_ < 0) try_next();
}

void Dialer::try_next() {
  while (next_ < candidates_.size()) {
    const SocketAddress& candidate = candidates_[next_++];
    if (open_socket(candidate) && connect_to(candidate)) return;
    failure_ = error_of(errno, candidate);
    close_socket();
  }
  if (!more_may_come_) finish(failure_);
}

/// False: errno says why not.
bool Dialer::open_socket(const SocketAddress& candidate) {
  fd_ = socket(candidate.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return false;
  if (candidate.family() != AF_UNIX) {
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  return true;
}

/// True: it is connected, or may be in a while. False: errno says why not.
bool Dialer::connect_to(const SocketAddress& candidate) {
  if (::connect(fd_, candidate.get(), candidate.size()) == 0) {
    finish(std::exchange(fd_, -1));
    return true;
  }
  if (errno == EINPROGRESS) {
    writable_ = loop_.on_fd(
        fd_, EV_WRITE, [](int, short, void* self) { static_cast<Dialer*>(self)->on_writable(); },
        this);
    return true;
  }
  const bool backlog_is_full = errno == EAGAIN && candidate.family() == AF_UNIX;
  if (backlog_is_full) again_->arm(kBacklogPause);
  return backlog_is_full;
}

void Dialer::connect_again() {
  const SocketAddress& candidate = candidates_[next_ - 1];
  if (connect_to(candidate)) return;
  failure_ = error_of(errno, candidate);
  close_socket();
  try_next();
}

void Dialer::on_writable() {
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  writable_.reset();
  if (error == 0) return finish(std::exchange(fd_, -1));
  failure_ = error_of(error, candidates_[next_ - 1]);
  close_socket();
  try_next();
}

void Dialer::close_socket() {
  writable_.reset();
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

void Dialer::finish(Result<int, TransportError> outcome) {
  deadline_->disarm();
  again_->disarm();
  lookup_.reset();
  close_socket();
  done_(std::move(outcome));
}

}  // namespace trackly::net
