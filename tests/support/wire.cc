#include "tests/support/wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <random>
#include <stdexcept>

#include "gateway/api/ascii.h"

namespace trackly::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int new_socket(int family) { return socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0); }

bool bind_loopback(int fd, std::uint16_t port) {
  const sockaddr_in address = loopback(port);
  return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

SSL_CTX* tls_context() {
  static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  return context;
}

}  // namespace

Wire::Wire(int fd, int stop_fd) : fd_(fd), stop_fd_(stop_fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on unix sockets: nothing to do
}

Wire::~Wire() { close(); }

std::unique_ptr<Wire> Wire::connect(std::uint16_t port) {
  const int fd = connect_to_port(port);
  if (fd < 0) throw std::runtime_error("nobody listens on port " + std::to_string(port));
  return std::make_unique<Wire>(fd);
}

std::unique_ptr<Wire> Wire::connect_tls(std::uint16_t port, std::string_view alpn) {
  auto wire = connect(port);
  wire->ssl_ = SSL_new(tls_context());
  std::string protocols(1, static_cast<char>(alpn.size()));
  protocols += alpn;
  SSL_set_alpn_protos(wire->ssl_, reinterpret_cast<const unsigned char*>(protocols.data()),
                      static_cast<unsigned>(protocols.size()));
  SSL_set_fd(wire->ssl_, wire->fd_);
  if (SSL_connect(wire->ssl_) != 1) throw std::runtime_error("the TLS handshake failed");
  return wire;
}

bool Wire::accept_tls(SSL_CTX* context) {
  // What is written to a peer that is gone is an error, not a signal.
  static const auto ignored = signal(SIGPIPE, SIG_IGN);
  static_cast<void>(ignored);
  if (!wait_readable()) return false;
  ssl_ = SSL_new(context);
  SSL_set_fd(ssl_, fd_);
  return SSL_accept(ssl_) == 1;
}

std::string Wire::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  if (ssl_ != nullptr) SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string Wire::tls_version() const {
  return ssl_ == nullptr ? std::string() : SSL_get_version(ssl_);
}

bool Wire::send(std::string_view bytes) {
  const Deadline deadline(kPatience);
  while (!bytes.empty() && !deadline.passed()) {
    const std::size_t sent = send_some(bytes, Milliseconds(deadline.remaining_ms()));
    if (sent == 0) return false;
    bytes.remove_prefix(sent);
  }
  return bytes.empty();
}

std::size_t Wire::send_some(std::string_view bytes, Milliseconds timeout) {
  const Deadline deadline(timeout);
  while (fd_ >= 0 && wait_for(POLLOUT, deadline)) {
    // A blocking TLS write is bounded by the test's own time limit.
    const ssize_t sent = ssl_ != nullptr
                             ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                             : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) return static_cast<std::size_t>(sent);
    if (ssl_ != nullptr || (errno != EAGAIN && errno != EINTR)) return 0;
  }
  return 0;
}

void Wire::finish_sending() {
  if (ssl_ != nullptr) SSL_shutdown(ssl_);
  shutdown(fd_, SHUT_WR);
}

void Wire::finish_sending_without_notice() { shutdown(fd_, SHUT_WR); }

void Wire::reset() {
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Wire::close() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  ssl_ = nullptr;
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::string Wire::read_until(std::string_view marker, Milliseconds timeout) {
  const Deadline deadline(timeout);
  std::size_t searched = 0;
  while (true) {
    const auto at = buffer_.find(marker, searched);
    if (at != std::string::npos) return take(at + marker.size());
    searched = buffer_.size() < marker.size() ? 0 : buffer_.size() - marker.size();
    if (!fill(deadline)) return take(buffer_.size());
  }
}

std::string Wire::read_some(Milliseconds timeout) {
  if (buffer_.empty()) fill(Deadline(timeout));
  return take(buffer_.size());
}

std::string Wire::read_exactly(std::size_t count, Milliseconds timeout) {
  const Deadline deadline(timeout);
  while (buffer_.size() < count && fill(deadline)) {
  }
  return take(std::min(count, buffer_.size()));
}

std::string Wire::read_to_end(Milliseconds timeout) {
  const Deadline deadline(timeout);
  while (fill(deadline)) {
  }
  return take(buffer_.size());
}

bool Wire::wait_readable(Milliseconds timeout) {
  if (!buffer_.empty() || (ssl_ != nullptr && SSL_pending(ssl_) > 0)) return true;
  if (fd_ < 0 || !wait_for(POLLIN, Deadline(timeout))) return false;
  char byte = 0;
  return (ssl_ != nullptr ? SSL_peek(ssl_, &byte, 1) : recv(fd_, &byte, 1, MSG_PEEK)) > 0;
}

void Wire::wait_for_stop() {
  pollfd watched{stop_fd_, POLLIN, 0};
  while (poll(&watched, 1, -1) < 0 && errno == EINTR) {
  }
}

HttpMessage Wire::read_message(std::string_view answers) {
  HttpMessage message = read_head();
  read_rest(message, answers);
  return message;
}

HttpMessage Wire::read_head(Milliseconds timeout) {
  const std::string head = read_until("\r\n\r\n", timeout);
  HttpMessage message = parse_head(head);
  message.raw = head;
  return message;
}

void Wire::read_rest(HttpMessage& message, std::string_view answers) {
  if (!message.raw.ends_with("\r\n\r\n")) return;
  const bool is_answer = message.start_line.starts_with("HTTP/");
  const int status = is_answer ? message.status() : 0;
  const bool bodiless =
      is_answer && (answers == "HEAD" || status / 100 == 1 || status == 204 || status == 304);
  if (bodiless) {
    message.complete = true;
  } else if (ascii_iequals(message.field("Transfer-Encoding"), "chunked")) {
    read_chunked_body(message);
  } else if (message.has("Content-Length")) {
    const std::size_t size = std::strtoull(message.field("Content-Length").c_str(), nullptr, 10);
    message.body = read_exactly(size);
    message.raw += message.body;
    message.complete = message.body.size() == size;
  } else if (is_answer) {
    message.body = read_to_end();
    message.raw += message.body;
    message.complete = ended_ == End::closed;
  } else {
    message.complete = true;
  }
}

void Wire::read_chunked_body(HttpMessage& message) {
  while (true) {
    const std::string size_line = read_until("\r\n");
    message.raw += size_line;
    if (!size_line.ends_with("\r\n")) return;
    const std::size_t size = std::strtoull(size_line.c_str(), nullptr, 16);
    if (size == 0) break;
    const std::string chunk = read_exactly(size + 2);
    message.raw += chunk;
    if (chunk.size() < size + 2) return;
    message.body.append(chunk, 0, size);
  }
  std::string section = "trailers\r\n";
  while (true) {
    const std::string line = read_until("\r\n");
    message.raw += line;
    section += line;
    if (!line.ends_with("\r\n")) return;
    if (line == "\r\n") break;
  }
  message.trailers = parse_head(section).fields;
  message.complete = true;
}

bool Wire::wait_for(short what, const Deadline& deadline) const {
  std::array<pollfd, 2> watched{{{fd_, what, 0}, {stop_fd_, POLLIN, 0}}};
  while (true) {
    const int ready = poll(watched.data(), watched.size(), deadline.remaining_ms());
    if (watched[1].revents != 0) return false;
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

bool Wire::fill(const Deadline& deadline) {
  if (fd_ < 0 || ended_ != End::open) return false;
  if ((ssl_ == nullptr || SSL_pending(ssl_) == 0) && !wait_for(POLLIN, deadline)) return false;
  std::array<char, 65536> piece;
  const ssize_t count = ssl_ != nullptr ? SSL_read(ssl_, piece.data(), piece.size())
                                        : recv(fd_, piece.data(), piece.size(), 0);
  if (count > 0) {
    buffer_.append(piece.data(), static_cast<std::size_t>(count));
    return true;
  }
  const bool orderly = ssl_ != nullptr
                           ? SSL_get_error(ssl_, static_cast<int>(count)) == SSL_ERROR_ZERO_RETURN
                           : count == 0;
  ended_ = orderly ? End::closed : End::reset;
  return false;
}

std::string Wire::take(std::size_t count) {
  std::string taken = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return taken;
}

int connect_to_port(std::uint16_t port) {
  const int fd = new_socket(AF_INET);
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

int connect_without_waiting(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const sockaddr_in address = loopback(port);
  // EINPROGRESS is what is wanted.
  [[maybe_unused]] const int started =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return fd;
}

int listen_on_free_port(int backlog) {
  const int fd = new_socket(AF_INET);
  if (!bind_loopback(fd, 0) || listen(fd, backlog) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  return fd;
}

int listen_on_unix_socket(const std::string& path) {
  const int fd = new_socket(AF_UNIX);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("path too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, 128) != 0) {
    throw std::runtime_error("cannot listen on " + path);
  }
  return fd;
}

std::uint16_t port_of(int listening_fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(listening_fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

std::uint16_t free_port() {
  static std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<int> ports(10'000, 32'000);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const auto port = static_cast<std::uint16_t>(ports(random));
    const int fd = new_socket(AF_INET);
    const bool free = bind_loopback(fd, port);
    close(fd);
    if (free) return port;
  }
  throw std::runtime_error("no free port on 127.0.0.1");
}

RefusingPort::RefusingPort() : fd_(new_socket(AF_INET)) {
  if (!bind_loopback(fd_, 0)) throw std::runtime_error("cannot bind on 127.0.0.1");
}

RefusingPort::~RefusingPort() { close(fd_); }

std::uint16_t RefusingPort::number() const { return port_of(fd_); }

}  // namespace trackly::test
