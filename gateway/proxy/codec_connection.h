#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/api/loop.h"
#include "gateway/http/codec.h"
#include "gateway/net/transport.h"

namespace trackly::proxy {

/// A transport with a codec on top: reads into the codec, and writes what the codec produced, once
/// a turn. Base of the connections on both sides of the proxy.
///
/// It is destroyed only through Loop::defer_delete, by its owner, after closed() became true; from
/// then on it ignores events.
class CodecConnection : public Deferred,
                        protected net::TransportEvents,
                        protected http::CodecEvents {
 public:
  ~CodecConnection() override;

  http::Codec& codec() { return *codec_; }
  /// Something was given to the codec: write it at the end of this turn.
  void schedule_flush();
  bool closed() const { return closed_; }
  /// Bytes that the codec made, and those of them that the kernel took, for the question whether
  /// anything reached the peer.
  std::uint64_t bytes_produced() const { return bytes_written_ + out_.size() - written_; }
  std::uint64_t bytes_written() const { return bytes_written_; }
  std::uint64_t bytes_received() const { return bytes_received_; }
  /// Produced, and not taken by the kernel yet.
  bool has_unwritten() const { return written_ < out_.size(); }

 protected:
  CodecConnection(Loop& loop, Duration write_timeout);

  void set_transport(std::unique_ptr<net::Transport> transport) {
    transport_ = std::move(transport);
  }
  void set_codec(std::unique_ptr<http::Codec> codec) { codec_ = std::move(codec); }
  bool has_codec() const { return codec_ != nullptr; }

  /// Gives bytes to the codec, or keeps them until it wants them.
  void feed(std::string_view bytes);
  /// Takes no further events; the socket closes when the connection is destroyed, at the end of
  /// this turn. `abortive`: with a reset, so that the peer can tell a cut message from a whole one.
  void close(bool abortive);

  /// After each flush: time to look at timers and at whether the connection is over.
  virtual void on_flushed() = 0;
  /// The connection is gone: whoever still has an exchange on it must be told, and the owner hands
  /// the connection to Loop::defer_delete.
  virtual void on_closed() = 0;
  /// The peer takes nothing.
  virtual void on_write_timeout() { close(/*abortive=*/true); }
  /// The codec has to stop (finished() or a fault) and everything is written.
  virtual void on_codec_finished() = 0;

  // net::TransportEvents
  void on_data(std::string_view bytes) override;
  void on_eof() override;
  void on_writable() override;
  void on_error(net::TransportError error) override;

  Loop& loop() { return loop_; }
  net::Transport& transport() { return *transport_; }
  bool at_eof() const { return eof_; }
  bool has_unread() const { return unread_start_ < unread_.size(); }

 private:
  void flush();
  void feed_unread();
  bool write_out();
  void update_reading();

  Loop& loop_;
  const Duration write_timeout_;
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<http::Codec> codec_;
  std::unique_ptr<Timer> write_deadline_;
  std::unique_ptr<Timer> next_turn_;
  std::string unread_;  // received; from unread_start_ on not wanted by the codec yet
  std::size_t unread_start_ = 0;
  std::string out_;  // produced; the first written_ bytes are gone
  std::size_t written_ = 0;
  std::uint64_t bytes_written_ = 0;
  std::uint64_t bytes_received_ = 0;
  bool flush_posted_ = false;
  bool blocked_ = false;  // the socket takes nothing now
  bool eof_ = false;
  bool eof_told_ = false;
  bool fault_ = false;  // the codec cannot go on
  bool closed_ = false;
};

}  // namespace trackly::proxy
