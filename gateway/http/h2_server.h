#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/http/h2_codec.h"

namespace trackly::http {

/// HTTP/2 towards clients.
///
/// An answer that is complete before its request refuses the rest of it. Until the client ends the
/// request or the linger time is over the stream then stays half open: a client that finds the
/// answer and RST_STREAM in one read may drop the answer.
class H2ServerCodec final : public H2Codec {
 public:
  H2ServerCodec(std::string_view scheme, const CodecLimits& limits, CodecEvents& events)
      : H2Codec(Side::server, scheme, limits, events), watch_(limits.max_streams) {}

  bool lingering() const override { return !lingering_.empty(); }
  bool head_pending() const override { return section_pending(); }
  void expire_head() override;
  void end_linger() override;
  StreamId open() override { return 0; }
  std::size_t available_streams() const override { return 0; }
  void send_informational(StreamId id, const Head& head) override;
  void drain(DrainPhase phase) override;

 private:
  std::optional<H2FrameWatch::Fault> find_fault(std::string_view bytes) override {
    return watch_.read(bytes);
  }
  void on_head_section(H2Stream& stream, bool end) override;
  bool may_finish() const override;
  void on_ended(H2Stream& stream) override;
  void on_end_produced(H2Stream& stream) override;
  void on_discarded(H2Stream& stream) override;
  void on_stream_closed(H2Stream& stream) override;
  bool is_new_stream(const nghttp2_frame& frame) const override;
  bool submit_head(H2Stream& stream, const Head& head, bool end) override;

  void refuse_rest(H2Stream& stream);

  H2FrameWatch watch_;
  std::vector<StreamId> lingering_;        // in this period
  std::vector<StreamId> lingering_later_;  // began to during it
  bool draining_ = false;                  // new streams are refused
};

}  // namespace trackly::http
