#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/http/codec.h"
#include "gateway/http/h2_fields.h"
#include "gateway/http/h2_frame_watch.h"
#include "gateway/http/h2_session.h"
#include "gateway/http/send_buffer.h"

namespace trackly::http {

/// One exchange on an HTTP/2 connection. It lives until nghttp2 has closed its stream, which may be
/// after the last event for it.
struct H2Stream {
  H2Stream(StreamId stream_id, std::size_t send_buffer) : id(stream_id), buffer(send_buffer) {}

  const StreamId id;
  std::int32_t h2_id = -1;  // -1: a request that was not submitted

  // Receiving.
  std::optional<H2Section> section;  // while one arrives
  bool has_head = false;             // the (final) head was delivered
  bool remote_ended = false;
  bool refused = false;         // what still comes is not wanted
  bool peer_reset = false;      // RST_STREAM came
  bool window_open = false;     // was credited
  std::size_t outstanding = 0;  // delivered, not credited
  std::uint64_t discarded = 0;

  // Sending.
  SendBuffer buffer;
  std::optional<FieldList> trailers;
  bool has_sent_head = false;
  bool ended = false;         // the whole message was given
  bool end_produced = false;  // and END_STREAM is out
  bool deferred = false;      // nghttp2 waits for resume_data()
  bool request_is_head = false;

  bool told = false;  // no event comes any more
};

/// What both sides of HTTP/2 (RFC 9113) have in common, on top of nghttp2.
///
/// nghttp2 must not be driven from its own callbacks. Events for arriving messages are called from
/// inside them, and what an event may call here only submits; the ends of exchanges and room for
/// more come when nghttp2 has returned.
class H2Codec : public Codec {
 public:
  Result<std::size_t> receive(std::string_view bytes) final;
  void receive_eof() final;
  bool wants_input() const final { return !failed_; }
  bool produce(std::string& out, std::size_t budget) final;
  bool finished() const final;
  std::size_t active_streams() const final { return failed_ ? 0 : streams_.size(); }
  void send_head(StreamId id, const Head& head, bool end) final;
  std::size_t send_body(StreamId id, std::string_view bytes, bool end) final;
  void send_trailers(StreamId id, const FieldList& trailers) final;
  void credit(StreamId id, std::size_t bytes) final;
  void reset(StreamId id, ResetReason reason) final;
  PeerCosts costs() const final { return costs_; }
  void expel() final { give_up(NGHTTP2_ENHANCE_YOUR_CALM); }

 protected:
  H2Codec(Side side, std::string_view scheme, const CodecLimits& limits, CodecEvents& events);

  nghttp2_session* session() const { return session_.get(); }
  CodecEvents& events() { return events_; }
  const CodecLimits& limits() const { return limits_; }
  const std::string& scheme() const { return scheme_; }

  H2Stream& add_stream(StreamId id);
  /// nullptr where the exchange is over for us: no event, and no command is heard.
  H2Stream* find(StreamId id);
  H2Stream* find_any(StreamId id);
  void erase(StreamId id) { streams_.erase(id); }
  /// Ends the stream with RST_STREAM; no event follows.
  void submit_reset(H2Stream& stream, std::uint32_t error);
  /// The message breaks a rule: RST_STREAM, and on_reset() as malformed.
  void break_stream(H2Stream& stream);
  /// Gives back what was delivered and will not be credited any more.
  void credit_outstanding(H2Stream& stream);
  nghttp2_data_provider body_of(H2Stream& stream);

  /// A field section has begun to arrive and is not complete.
  bool section_pending() const;
  /// Ends the connection with a GOAWAY; whoever has an exchange on it is told before this returns.
  void give_up(std::uint32_t error);

  void tell_done(H2Stream& stream);
  void tell_reset(H2Stream& stream, PeerReset reset);
  void fail(PeerReset reset);

  // What the sides differ in.
  /// Looks for what nghttp2 lets pass, in bytes that it has not seen yet.
  virtual std::optional<H2FrameWatch::Fault> find_fault(std::string_view) { return std::nullopt; }
  virtual void on_head_section(H2Stream& stream, bool end) = 0;
  virtual void on_goaway_received() {}
  virtual bool may_finish() const = 0;
  /// The whole message was given: no more of the peer's may be wanted.
  virtual void on_ended(H2Stream&) {}
  virtual void on_end_produced(H2Stream&) {}
  /// DATA that came although it is not wanted.
  virtual void on_discarded(H2Stream&) {}
  virtual void on_stream_closed(H2Stream&) {}
  virtual bool is_new_stream(const nghttp2_frame& frame) const = 0;
  /// Returns false where nothing was submitted.
  virtual bool submit_head(H2Stream& stream, const Head& head, bool end) = 0;

 private:
  struct Ending {
    StreamId id;
    std::optional<PeerReset> reset;  // nullopt: done
  };

  static const nghttp2_session_callbacks& callbacks();
  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t flags, void* self);
  static int invalid_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                            std::size_t name_size, const std::uint8_t* value,
                            std::size_t value_size, std::uint8_t flags, void* self);
  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int data_received(nghttp2_session*, std::uint8_t flags, std::int32_t id,
                           const std::uint8_t* data, std::size_t size, void* self);
  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int stream_closed(nghttp2_session*, std::int32_t id, std::uint32_t error, void* self);
  static ssize_t read_body(nghttp2_session*, std::int32_t id, std::uint8_t* to, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source* source, void* self);

  H2Stream* stream_of(std::int32_t h2_id) const;
  void on_frame(const nghttp2_frame& frame);
  void on_trailer_section(H2Stream& stream);
  void on_data(H2Stream& stream, std::string_view bytes);
  void on_remote_end(H2Stream& stream);
  void on_closed(H2Stream& stream, std::uint32_t error);
  void resume(H2Stream& stream);
  void finish_sending(H2Stream& stream);
  void tell_endings();
  void tell_room();

  const Side side_;
  const std::string scheme_;
  const CodecLimits limits_;
  CodecEvents& events_;
  std::unordered_map<StreamId, std::unique_ptr<H2Stream>> streams_;
  std::vector<Ending> endings_;  // to be told
  std::vector<StreamId> roomy_;  // to be told of room
  StreamId section_of_ = 0;      // whose field section arrived last
  bool failed_ = false;          // the connection cannot go on
  PeerCosts costs_;
  std::uint64_t message_bytes_ = 0;  // received within one receive()
  H2SessionPtr session_;             // last: its end may not find the rest gone
};

}  // namespace trackly::http
