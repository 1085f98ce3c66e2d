#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/http_message.h"
#include "tests/support/patience.h"

namespace trackly::test {

/// One end of a connection, byte by byte and in a test's own time: what a client sends that no
/// library would send, and what a service does that none should do. Every call waits for at most
/// kPatience (or what it is given) and tells what it got until then.
class Wire {
 public:
  /// Takes the socket over. Where `stop_fd` becomes readable every wait ends at once: that is how a
  /// service's threads are stopped.
  explicit Wire(int fd, int stop_fd = -1);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// Connects to 127.0.0.1, over TLS where `alpn` is given (as one protocol name). Throws
  /// std::runtime_error where nobody answers.
  static std::unique_ptr<Wire> connect(std::uint16_t port);
  static std::unique_ptr<Wire> connect_tls(std::uint16_t port, std::string_view alpn);
  /// The service's side of TLS, on a connection on which nothing came yet. False where the
  /// handshake fails. `context` is the caller's (a TlsServerContext has one).
  bool accept_tls(SSL_CTX* context);
  /// What ALPN agreed on; empty without TLS.
  std::string alpn() const;
  /// The TLS version in words; empty without TLS.
  std::string tls_version() const;

  /// False when the peer does not take it all.
  bool send(std::string_view bytes);
  /// How many of the bytes the peer took at once; 0 where it took none until the time was over.
  std::size_t send_some(std::string_view bytes, Milliseconds timeout);
  /// FIN, over TLS after a close_notify: we send no more, but go on reading.
  void finish_sending();
  /// FIN alone, which over TLS is no proper end.
  void finish_sending_without_notice();
  /// RST: the peer loses what it has not read yet. Nothing works afterwards.
  void reset();
  /// FIN both ways. Nothing works afterwards.
  void close();

  /// Until bytes can be read, which they are not yet; false where the peer ends before, or time is
  /// over.
  bool wait_readable(Milliseconds timeout = std::chrono::minutes(2));
  /// Until whoever owns the `stop_fd` says so; nothing is read meanwhile.
  void wait_for_stop();

  /// Everything up to and with `marker`; less where the stream ends or time is over before.
  std::string read_until(std::string_view marker, Milliseconds timeout = kPatience);
  /// What comes next, however little; empty when the peer ended.
  std::string read_some(Milliseconds timeout = std::chrono::minutes(2));
  std::string read_exactly(std::size_t count, Milliseconds timeout = kPatience);
  /// Everything until the peer ends; see ended().
  std::string read_to_end(Milliseconds timeout = kPatience);
  /// Hangs: reads and drops until the peer ends.
  void wait_for_end(Milliseconds timeout = std::chrono::minutes(2)) { read_to_end(timeout); }

  enum class End : std::uint8_t { open, closed, reset };
  /// How the peer's side ended, as far as it was read.
  End ended() const { return ended_; }

  /// One HTTP/1.1 message with its body and trailers. `answers` is the method of the request that
  /// an answer belongs to: that to HEAD has no body. Interim (1xx) answers are messages too.
  HttpMessage read_message(std::string_view answers = "GET");
  /// The same in two steps: a message without its body yet, then the body.
  HttpMessage read_head(Milliseconds timeout = kPatience);
  void read_rest(HttpMessage& message, std::string_view answers = "GET");

 private:
  bool wait_for(short what, const Deadline& deadline) const;
  bool fill(const Deadline& deadline);
  std::string take(std::size_t count);
  void read_chunked_body(HttpMessage& message);

  int fd_;
  int stop_fd_;
  SSL* ssl_ = nullptr;
  std::string buffer_;
  End ended_ = End::open;
};

/// Connects to 127.0.0.1; -1 where nobody listens.
int connect_to_port(std::uint16_t port);
/// A socket that is still connecting.
int connect_without_waiting(std::uint16_t port);

/// A listening socket on 127.0.0.1 with a port of the system's choice, or on a unix socket.
int listen_on_free_port(int backlog = 128);
int listen_on_unix_socket(const std::string& path);
std::uint16_t port_of(int listening_fd);

/// A port on 127.0.0.1 for a program that has to be told one. It lies below those that the system
/// hands out by itself, so that no test that runs beside this one gets it by chance.
std::uint16_t free_port();

/// A port of 127.0.0.1 that refuses connections, and that nobody else can take, while this lives.
class RefusingPort {
 public:
  RefusingPort();
  ~RefusingPort();
  RefusingPort(const RefusingPort&) = delete;
  RefusingPort& operator=(const RefusingPort&) = delete;

  std::uint16_t number() const;

 private:
  int fd_;  // bound, never listening
};

}  // namespace trackly::test
