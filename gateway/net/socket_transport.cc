#include "gateway/net/socket_transport.h"

#include <event2/event.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace trackly::net {

SocketTransport::SocketTransport(EventLoop& loop, int fd, std::string peer_address)
    : loop_(loop), peer_address_(std::move(peer_address)) {
  if (fd >= 0) adopt(fd);
}

SocketTransport::~SocketTransport() {
  read_event_.reset();
  write_event_.reset();
  if (fd_ >= 0) close(fd_);
}

void SocketTransport::adopt(int fd) {
  read_event_.reset();
  write_event_.reset();
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
  read_event_.reset(
      event_new(loop_.base(), fd_, EV_READ | EV_PERSIST, &SocketTransport::on_event, this));
  write_event_.reset(event_new(loop_.base(), fd_, EV_WRITE, &SocketTransport::on_event, this));
  update_read_event();
}

void SocketTransport::on_event(int, short what, void* context) {
  auto& self = *static_cast<SocketTransport*>(context);
  if (self.reported_ || self.events_ == nullptr) return;
  if ((what & EV_WRITE) != 0) {
    if (self.broken_) {
      self.report_error(TransportError::reset);
      return;
    }
    self.handle_writable();
  } else {
    self.handle_readable();
  }
}

void SocketTransport::set_reading(bool on) {
  if (reading_ == on) return;
  reading_ = on;
  update_read_event();
}

void SocketTransport::update_read_event() {
  if (read_event_ == nullptr) return;
  if (reading_ && !eof_ && !reported_) {
    event_add(read_event_.get(), nullptr);
  } else {
    event_del(read_event_.get());
    // Nobody would notice a broken connection any more.
    if (broken_ && !reported_ && write_event_ != nullptr)
      event_active(write_event_.get(), EV_WRITE, 0);
  }
}

void SocketTransport::wait_writable() {
  if (!reported_) event_add(write_event_.get(), nullptr);
}

void SocketTransport::activate_read() const { event_active(read_event_.get(), EV_READ, 0); }

void SocketTransport::report_eof() {
  if (eof_) return;
  eof_ = true;
  update_read_event();
  events_->on_eof();
}

void SocketTransport::report_error(TransportError error) {
  if (reported_) return;
  reported_ = true;
  broken_ = true;
  update_read_event();
  if (write_event_ != nullptr) event_del(write_event_.get());
  events_->on_error(error);
}

void SocketTransport::write_failed() {
  if (broken_) return;
  broken_ = true;
  if (!reading_ || eof_) event_active(write_event_.get(), EV_WRITE, 0);
}

void SocketTransport::abort() {
  if (fd_ < 0) return;
  const linger hard = {1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

/// On TCP an end of ours (FIN) that is on its way counts as a byte; on a unix socket the peer has
/// all from the beginning.
bool SocketTransport::is_delivered() const {
  int domain = AF_UNIX;
  socklen_t size = sizeof(domain);
  if (fd_ < 0 || broken_ || getsockopt(fd_, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0)
    return true;
  int bytes = 0;
  return domain == AF_UNIX || ioctl(fd_, SIOCOUTQ, &bytes) != 0 || bytes == 0;
}

bool SocketTransport::usable() const {
  if (fd_ < 0 || eof_ || broken_) return false;
  char byte = 0;
  const ssize_t got = recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace trackly::net
