#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/http/h2_codec.h"

namespace trackly::http {

/// HTTP/2 towards the service.
class H2ClientCodec final : public H2Codec {
 public:
  H2ClientCodec(std::string_view scheme, const CodecLimits& limits, CodecEvents& events)
      : H2Codec(Side::client, scheme, limits, events) {}

  bool lingering() const override { return false; }
  bool head_pending() const override { return false; }
  void expire_head() override {}
  void end_linger() override {}
  StreamId open() override;
  std::size_t available_streams() const override;
  void send_informational(StreamId, const Head&) override {}
  void drain(DrainPhase) override {}

 private:
  void on_head_section(H2Stream& stream, bool end) override;
  void on_goaway_received() override;
  bool may_finish() const override { return closing_; }
  bool is_new_stream(const nghttp2_frame&) const override { return false; }
  bool submit_head(H2Stream& stream, const Head& head, bool end) override;

  StreamId last_id_ = 0;
  bool closing_ = false;  // the server takes no further requests
};

}  // namespace trackly::http
