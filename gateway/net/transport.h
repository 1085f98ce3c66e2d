#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/api/loop.h"
#include "gateway/api/result.h"

namespace trackly::net {

enum class TransportError : std::uint8_t {
  unresolved,  // the name has no address
  /// Of descriptors, ports or memory, the system has no more to give us. The peer was not asked.
  no_local_resources,
  refused,  // nobody listens, or no route
  connect_timeout,
  /// TLS. After on_connected(): the peer refuses our certificate, and has read nothing else.
  handshake,
  certificate,        // of the peer: it does not verify, or is for another name
  handshake_timeout,  // connected, but TLS took too long
  reset,              // the connection broke after it stood
};

/// For people: "connection refused".
std::string_view phrase_of(TransportError error);

/// What happens on a transport. An event may call any method of the transport; it may not destroy
/// it (Loop::defer_delete its owner instead).
class TransportEvents {
 public:
  TransportEvents() = default;
  TransportEvents(const TransportEvents&) = delete;
  TransportEvents& operator=(const TransportEvents&) = delete;
  virtual ~TransportEvents() = default;

  /// The connection stands (TCP connected; TLS handshake done). Not for accepted plain TCP.
  virtual void on_connected() {}
  /// Bytes from the peer, valid during the call.
  virtual void on_data(std::string_view bytes) = 0;
  /// The peer closed its sending side; ours still works.
  virtual void on_eof() = 0;
  /// write() would take bytes again, after it took less than it was given.
  virtual void on_writable() = 0;
  /// Connecting failed, or the connection broke. Nothing follows.
  virtual void on_error(TransportError error) = 0;
};

/// A byte stream to a peer, over TCP, a unix socket or TLS, on one loop. Closes its socket when it
/// is destroyed.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// Whom to tell; before that nothing is read. `events` must outlive the transport or be replaced.
  virtual void set_events(TransportEvents* events) = 0;
  /// Turned off, the kernel's buffer fills and the peer has to wait: this is our back-pressure. On
  /// by default.
  virtual void set_reading(bool on) = 0;
  /// Sends what the socket takes now and returns how much that was; on_writable() follows where it
  /// was not all. After an error it takes nothing.
  virtual std::size_t write(std::string_view bytes) = 0;
  /// For a connection that lay idle: false when the peer has closed it or sent something unasked,
  /// even where the event for it has not been delivered yet.
  virtual bool usable() const = 0;
  /// Ends our sending side, the peer's stays open (FIN; close_notify first).
  virtual void shutdown_write() = 0;
  /// Whether the peer has all bytes that write() took, as far as its system has said so.
  virtual bool is_delivered() const = 0;
  /// Makes the close abortive (RST), so that a peer can tell a cut answer from a whole one.
  virtual void abort() = 0;

  /// "h2", "http/1.1" or empty: what ALPN agreed on.
  virtual std::string_view alpn() const = 0;
  virtual bool is_tls() const = 0;
  /// The subject of the certificate that the peer showed and we verified (RFC 2253); empty: none.
  virtual const std::string& peer_subject() const = 0;
  /// The peer's address without the port; "unix" for a unix socket.
  virtual const std::string& peer_address() const = 0;
};

}  // namespace trackly::net
