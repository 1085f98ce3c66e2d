#include "gateway/http/h2_server.h"

#include <utility>

#include "gateway/http/framing.h"

namespace trackly::http {

bool H2ServerCodec::is_new_stream(const nghttp2_frame& frame) const {
  // What our GOAWAY excludes its client may repeat elsewhere, so it is not served here, even where
  // the GOAWAY is not out yet; nghttp2 closes the stream with it.
  return !draining_ && frame.hd.type == NGHTTP2_HEADERS &&
         frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

void H2ServerCodec::on_head_section(H2Stream& stream, bool end) {
  if (!stream.section || stream.told) return;
  stream.has_head = true;
  Head head = stream.section->take_head(scheme());
  const auto fault = stream.section->fault();
  stream.section.reset();
  stream.request_is_head = head.method == "HEAD";
  if (fault) {
    refuse_rest(stream);
    events().on_bad_head(stream.id, std::move(head), *fault);
  } else {
    events().on_head(stream.id, std::move(head), end);
  }
}

void H2ServerCodec::expire_head() {
  if (head_pending()) give_up(NGHTTP2_ENHANCE_YOUR_CALM);
}

void H2ServerCodec::refuse_rest(H2Stream& stream) {
  stream.refused = true;
  credit_outstanding(stream);
}

void H2ServerCodec::send_informational(StreamId id, const Head& head) {
  const H2Stream* stream = find(id);
  if (stream == nullptr || stream->has_sent_head) return;
  const H2FieldBlock block(Side::server, head);
  nghttp2_submit_headers(session(), NGHTTP2_FLAG_NONE, stream->h2_id, nullptr, block.data(),
                         block.size(), nullptr);
}

bool H2ServerCodec::submit_head(H2Stream& stream, const Head& head, bool end) {
  const bool bodiless =
      end || response_has_no_body(head.status, stream.request_is_head ? "HEAD" : "");
  const H2FieldBlock block(Side::server, head);
  const nghttp2_data_provider body = body_of(stream);
  return nghttp2_submit_response(session(), stream.h2_id, block.data(), block.size(),
                                 bodiless ? nullptr : &body) == 0;
}

void H2ServerCodec::on_ended(H2Stream& stream) {
  if (!stream.remote_ended) refuse_rest(stream);
}

void H2ServerCodec::on_end_produced(H2Stream& stream) {
  // nghttp2 closes the stream itself where the request is complete.
  if (stream.remote_ended) return;
  stream.ended = true;
  refuse_rest(stream);
  tell_done(stream);
  (lingering_.empty() ? lingering_ : lingering_later_).push_back(stream.id);
}

void H2ServerCodec::on_discarded(H2Stream& stream) {
  if (stream.end_produced && stream.discarded > limits().linger_bytes) {
    submit_reset(stream, NGHTTP2_NO_ERROR);
  }
}

void H2ServerCodec::end_linger() {
  for (const StreamId id : std::exchange(lingering_, std::exchange(lingering_later_, {}))) {
    if (H2Stream* stream = find_any(id)) submit_reset(*stream, NGHTTP2_NO_ERROR);
  }
}

void H2ServerCodec::on_stream_closed(H2Stream& stream) {
  std::erase(lingering_, stream.id);
  std::erase(lingering_later_, stream.id);
  if (lingering_.empty()) lingering_.swap(lingering_later_);
}

void H2ServerCodec::drain(DrainPhase phase) {
  if (phase == DrainPhase::announce) {
    nghttp2_submit_shutdown_notice(session());
    return;
  }
  if (std::exchange(draining_, true)) return;
  nghttp2_submit_goaway(session(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

bool H2ServerCodec::may_finish() const {
  return draining_ && nghttp2_session_want_write(session()) == 0;
}

}  // namespace trackly::http
