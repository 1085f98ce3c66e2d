#pragma once

#include <memory>
#include <string>

#include "gateway/net/event_loop.h"
#include "gateway/net/transport.h"

namespace trackly::net {

/// What TCP, unix and TLS transports share: the descriptor, its two events, and the order in which
/// trouble is reported (never from inside a call of ours).
class SocketTransport : public Transport {
 public:
  ~SocketTransport() override;

  void set_events(TransportEvents* events) override { events_ = events; }
  void set_reading(bool on) override;
  void abort() override;
  bool usable() const override;
  bool is_delivered() const override;
  std::string_view alpn() const override { return {}; }
  bool is_tls() const override { return false; }
  const std::string& peer_subject() const override { return peer_subject_; }
  const std::string& peer_address() const override { return peer_address_; }

 protected:
  /// Takes the descriptor, or -1 where the transport has to connect first: adopt() follows.
  SocketTransport(EventLoop& loop, int fd, std::string peer_address);

  /// The socket is readable (or the event was activated by hand).
  virtual void handle_readable() = 0;
  virtual void handle_writable() = 0;

  void adopt(int fd);
  int fd() const { return fd_; }
  EventLoop& loop() { return loop_; }
  TransportEvents* events() { return events_; }
  bool reading() const { return reading_; }
  bool at_eof() const { return eof_; }
  bool broken() const { return broken_; }

  void verified_peer(std::string subject) { peer_subject_ = std::move(subject); }
  void wait_writable();
  /// Runs handle_readable() in the next turn even if the socket says nothing.
  void activate_read() const;
  /// Reports the end of the peer's data once and stops reading.
  void report_eof();
  void report_error(TransportError error);
  /// A write failed. Data that arrived before may still be read (a service may answer and close
  /// without reading our whole request), so the reading side is the one to report it where it is
  /// on.
  void write_failed();

 private:
  static void on_event(int fd, short what, void* self);
  void update_read_event();

  EventLoop& loop_;
  int fd_ = -1;
  std::string peer_address_;
  std::string peer_subject_;
  TransportEvents* events_ = nullptr;
  EventPtr read_event_;
  EventPtr write_event_;
  bool reading_ = true;
  bool eof_ = false;
  bool broken_ = false;  // writing failed, or the error was reported
  bool reported_ = false;
};

}  // namespace trackly::net
