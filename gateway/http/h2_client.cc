#include "gateway/http/h2_client.h"

#include <algorithm>
#include <utility>

namespace trackly::http {

std::size_t H2ClientCodec::available_streams() const {
  if (closing_ || finished() || nghttp2_session_check_request_allowed(session()) == 0) return 0;
  const std::size_t allowed = std::min<std::size_t>(
      limits().max_streams,
      nghttp2_session_get_remote_settings(session(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
  return allowed - std::min(allowed, active_streams());
}

StreamId H2ClientCodec::open() {
  if (available_streams() == 0) return 0;
  return add_stream(++last_id_).id;
}

bool H2ClientCodec::submit_head(H2Stream& stream, const Head& head, bool end) {
  stream.request_is_head = head.method == "HEAD";
  const H2FieldBlock block(Side::client, head);
  const nghttp2_data_provider body = body_of(stream);
  stream.h2_id = nghttp2_submit_request(session(), nullptr, block.data(), block.size(),
                                        end ? nullptr : &body, &stream);
  return stream.h2_id > 0;
}

void H2ClientCodec::on_head_section(H2Stream& stream, bool end) {
  if (!stream.section || stream.told) return;
  Head head = stream.section->take_head(scheme());
  // nghttp2 takes any three digits. What lies outside of the five classes is no answer that could
  // be passed on (RFC 9110 section 15).
  const bool malformed = stream.section->fault() || head.status < 100 || head.status > 599;
  stream.section.reset();
  if (malformed) return break_stream(stream);
  if (head.status < 200) return events().on_informational(stream.id, std::move(head));
  stream.has_head = true;
  events().on_head(stream.id, std::move(head), end);
}

void H2ClientCodec::on_goaway_received() {
  if (std::exchange(closing_, true)) return;
  events().on_closing();
}

}  // namespace trackly::http
