#include "gateway/net/tcp_transport.h"

#include <sys/socket.h>

#include <cerrno>

namespace trackly::net {

void TcpTransport::connected(int fd) {
  adopt(fd);
  events()->on_connected();
}

void TcpTransport::handle_readable() {
  if (!reading()) return;
  const std::span<char> room = loop().scratch();
  // Once a turn: a peer that always has more to say must not starve the others.
  const ssize_t got = recv(fd(), room.data(), room.size(), 0);
  if (got > 0) {
    events()->on_data({room.data(), static_cast<std::size_t>(got)});
  } else if (got == 0) {
    report_eof();
  } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    report_error(TransportError::reset);
  }
}

void TcpTransport::handle_writable() { events()->on_writable(); }

std::size_t TcpTransport::write(std::string_view bytes) {
  if (fd() < 0) return 0;
  std::size_t sent = 0;
  while (sent < bytes.size() && !broken()) {
    const ssize_t n = send(fd(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n >= 0) {
      sent += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_writable();
      break;
    } else if (errno != EINTR) {
      write_failed();
    }
  }
  return sent;
}

void TcpTransport::shutdown_write() {
  if (fd() >= 0) shutdown(fd(), SHUT_WR);
}

}  // namespace trackly::net
