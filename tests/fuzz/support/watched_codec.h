#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/http/codec.h"

namespace trackly::fuzz {

enum class Version { http1, http2 };

/// A codec under watch: whatever it reports and whatever it is told passes through here, and the
/// promises of codec.h are checked on the way.
///  * Each exchange is a head, a body, trailers, an end, in this order, and ends once.
///  * Nothing is delivered that was refused, or beyond the window that was credited.
///  * A head holds nothing that could be read as something else further on; a body is as long as
///    its head says.
class WatchedCodec final : public http::Codec, private http::CodecEvents {
 public:
  WatchedCodec(Version version, http::Side side, const http::CodecLimits& limits,
               http::CodecEvents& events);

  /// All that was reported, by exchange.
  std::map<http::StreamId, std::string> story() const;
  /// Another codec was told the same, in other pieces.
  void require_same_story(const WatchedCodec& other) const;
  bool closing() const { return closing_; }
  std::size_t exchanges() const { return exchanges_.size(); }
  /// Of those, the ones that have not ended.
  std::size_t open_exchanges() const;
  /// Receiving is over: every exchange has had its last event.
  void require_all_ended() const;

  Result<std::size_t> receive(std::string_view bytes) override;
  void receive_eof() override;
  bool wants_input() const override { return codec_->wants_input(); }
  bool produce(std::string& out, std::size_t budget) override;
  bool finished() const override { return codec_->finished(); }
  bool lingering() const override { return codec_->lingering(); }
  http::StreamId open() override;
  std::size_t available_streams() const override { return codec_->available_streams(); }
  std::size_t active_streams() const override { return codec_->active_streams(); }
  void send_informational(http::StreamId id, const Head& head) override {
    codec_->send_informational(id, head);
  }
  void send_head(http::StreamId id, const Head& head, bool end) override;
  std::size_t send_body(http::StreamId id, std::string_view bytes, bool end) override;
  void send_trailers(http::StreamId id, const FieldList& trailers) override;
  void credit(http::StreamId id, std::size_t bytes) override;
  void reset(http::StreamId id, http::ResetReason reason) override;
  bool head_pending() const override { return codec_->head_pending(); }
  void expire_head() override { codec_->expire_head(); }
  void end_linger() override { codec_->end_linger(); }
  void drain(http::DrainPhase phase) override { codec_->drain(phase); }

 private:
  struct Exchange {
    std::string story;
    bool has_head = false;
    bool is_bad = false;  // bad head, bad body: no more of the message comes
    bool has_trailers = false;
    bool remote_ended = false;
    bool local_ended = false;  // our whole message was given
    bool refused = false;      // a server's whole answer before the end of the request
    bool over = false;         // done, reset, or reset by us
    bool was_credited = false;
    bool is_head_request = false;
    std::uint64_t outstanding = 0;
    std::uint64_t body_bytes = 0;
    std::uint64_t body_hash = 14695981039346656037U;
    std::optional<std::uint64_t> length;  // that the body must have
  };

  void on_head(http::StreamId id, Head head, bool end) override;
  void on_informational(http::StreamId id, Head head) override;
  void on_bad_head(http::StreamId id, Head head, http::HeadFault fault) override;
  void on_bad_body(http::StreamId id) override;
  void on_body(http::StreamId id, std::string_view bytes) override;
  void on_trailers(http::StreamId id, FieldList trailers) override;
  void on_end(http::StreamId id) override;
  void on_room(http::StreamId id) override;
  void on_reset(http::StreamId id, http::PeerReset reset) override;
  void on_done(http::StreamId id) override;
  void on_closing() override;

  Exchange& begin(http::StreamId id);
  /// The exchange of an event; it may not be over.
  Exchange& living(http::StreamId id);
  void note_local_end(http::StreamId id);
  void require_request(const Head& head) const;
  void require_fields(const FieldList& fields) const;
  std::uint64_t window(const Exchange& exchange) const;

  const Version version_;
  const http::Side side_;
  const http::CodecLimits limits_;
  http::CodecEvents& events_;
  std::map<http::StreamId, Exchange> exchanges_;
  bool inside_ = false;  // receive() or produce() is on the stack
  bool closing_ = false;
  const std::unique_ptr<http::Codec> codec_;
};

}  // namespace trackly::fuzz
