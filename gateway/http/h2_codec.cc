#include "gateway/http/h2_codec.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace trackly::http {
namespace {

// Frames that wait to be sent: answers to what the peer sent, because bodies wait in their streams.
// A peer that has this many waiting sends for the sake of the answers and does not read them.
constexpr std::size_t kMaxQueuedFrames = 10000;

constexpr std::size_t kFrameHeader = 9;

std::string_view text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

std::uint32_t error_code_of(int result) {
  switch (result) {
    case NGHTTP2_ERR_FLOODED:
      return NGHTTP2_ENHANCE_YOUR_CALM;
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
      return NGHTTP2_PROTOCOL_ERROR;
    default:
      return NGHTTP2_INTERNAL_ERROR;
  }
}

// RST_STREAM of our own making has these; the others answer a fault of the peer's.
bool is_our_own_reset(std::uint32_t error) {
  return error == NGHTTP2_NO_ERROR || error == NGHTTP2_CANCEL || error == NGHTTP2_INTERNAL_ERROR;
}

H2Codec& codec_of(void* self) { return *static_cast<H2Codec*>(self); }

}  // namespace

H2Codec::H2Codec(Side side, std::string_view scheme, const CodecLimits& limits, CodecEvents& events)
    : side_(side),
      scheme_(scheme),
      limits_(limits),
      events_(events),
      session_(make_h2_session(side, limits_, callbacks(), this)) {}

// ------------------------------------------------------------------------------- the bytes' sides

Result<std::size_t> H2Codec::receive(std::string_view bytes) {
  if (failed_) return bytes.size();
  const std::optional<H2FrameWatch::Fault> peer_fault = find_fault(bytes);
  if (peer_fault) bytes = bytes.substr(0, peer_fault->at);
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const ssize_t taken = nghttp2_session_mem_recv(session(), data, bytes.size());
  const bool flooded = nghttp2_session_get_outbound_queue_size(session()) > kMaxQueuedFrames;
  if (taken < 0 || flooded) {
    const int result = flooded ? NGHTTP2_ERR_FLOODED : static_cast<int>(taken);
    costs_.flooded = result == NGHTTP2_ERR_FLOODED;
    give_up(error_code_of(result));
    return Fault{nghttp2_strerror(result)};
  }
  if (peer_fault) {
    give_up(peer_fault->error);  // or over what nghttp2 found before it
    return Fault{nghttp2_http2_strerror(peer_fault->error)};
  }
  // Every byte is overhead until it turns out to be a message's; see message_bytes_.
  costs_.overhead_bytes += static_cast<std::uint64_t>(taken);
  const std::uint64_t messages = std::min(std::exchange(message_bytes_, 0), costs_.overhead_bytes);
  costs_.overhead_bytes -= messages;
  costs_.message_bytes += messages;
  tell_endings();
  return static_cast<std::size_t>(taken);
}

void H2Codec::receive_eof() {
  // Without a peer that reads there is no use in half a connection.
  fail({});
  tell_endings();
}

bool H2Codec::produce(std::string& out, std::size_t budget) {
  const std::size_t start = out.size();
  while (out.size() - start < budget) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session(), &data);
    if (size < 0) fail({});
    if (size <= 0) break;
    out.append(text(data, static_cast<std::size_t>(size)));
  }
  tell_endings();
  tell_room();
  return nghttp2_session_want_write(session()) != 0;
}

bool H2Codec::finished() const {
  if (failed_) return true;
  const bool both_done =
      nghttp2_session_want_read(session()) == 0 && nghttp2_session_want_write(session()) == 0;
  return both_done || (streams_.empty() && may_finish());
}

// -------------------------------------------------------------------------------------- streams

H2Stream& H2Codec::add_stream(StreamId id) {
  auto& stream = streams_[id];
  stream = std::make_unique<H2Stream>(id, limits_.send_buffer);
  return *stream;
}

H2Stream* H2Codec::find_any(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

H2Stream* H2Codec::find(StreamId id) {
  H2Stream* stream = failed_ ? nullptr : find_any(id);
  return stream == nullptr || stream->told ? nullptr : stream;
}

H2Stream* H2Codec::stream_of(std::int32_t h2_id) const {
  return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session(), h2_id));
}

void H2Codec::submit_reset(H2Stream& stream, std::uint32_t error) {
  stream.told = true;
  stream.buffer.clear();
  credit_outstanding(stream);
  nghttp2_submit_rst_stream(session(), NGHTTP2_FLAG_NONE, stream.h2_id, error);
}

void H2Codec::break_stream(H2Stream& stream) {
  tell_reset(stream, {.malformed = true});
  submit_reset(stream, NGHTTP2_PROTOCOL_ERROR);
}

void H2Codec::credit_outstanding(H2Stream& stream) {
  const std::size_t bytes = std::exchange(stream.outstanding, 0);
  if (bytes > 0) nghttp2_session_consume_connection(session(), bytes);
}

void H2Codec::tell_done(H2Stream& stream) {
  if (std::exchange(stream.told, true)) return;
  endings_.push_back({stream.id, std::nullopt});
}

void H2Codec::tell_reset(H2Stream& stream, PeerReset reset) {
  if (std::exchange(stream.told, true)) return;
  endings_.push_back({stream.id, reset});
}

void H2Codec::fail(PeerReset reset) {
  if (std::exchange(failed_, true)) return;
  for (const auto& [id, stream] : streams_) {
    if (stream->has_head || side_ == Side::client) tell_reset(*stream, reset);
  }
}

void H2Codec::give_up(std::uint32_t error) {
  nghttp2_session_terminate_session(session(), error);
  fail({.malformed = true});
  tell_endings();
}

bool H2Codec::section_pending() const {
  const auto found = streams_.find(section_of_);
  return found != streams_.end() && found->second->section.has_value();
}

void H2Codec::tell_endings() {
  // By index: an event may end further exchanges.
  for (std::size_t i = 0; i < endings_.size(); ++i) {
    const Ending ending = endings_[i];
    if (ending.id == 0) continue;  // reset() meanwhile
    if (ending.reset) {
      events_.on_reset(ending.id, *ending.reset);
    } else {
      events_.on_done(ending.id);
    }
  }
  endings_.clear();
}

void H2Codec::tell_room() {
  for (const StreamId id : std::exchange(roomy_, {})) {
    const H2Stream* stream = find(id);
    if (stream != nullptr && !stream->ended) events_.on_room(id);
  }
}

// --------------------------------------------------------------------------------------- sending

void H2Codec::send_head(StreamId id, const Head& head, bool end) {
  H2Stream* stream = find(id);
  if (stream == nullptr || stream->has_sent_head) return;
  stream->has_sent_head = true;
  if (!submit_head(*stream, head, end)) {
    tell_reset(*stream, {.not_processed = side_ == Side::client});
    return;
  }
  if (end) finish_sending(*stream);
}

std::size_t H2Codec::send_body(StreamId id, std::string_view bytes, bool end) {
  H2Stream* stream = find(id);
  if (stream == nullptr || !stream->has_sent_head || stream->ended) return bytes.size();
  const std::size_t taken = stream->buffer.append(bytes);
  if (end && taken == bytes.size()) finish_sending(*stream);
  if (taken > 0 || stream->ended) resume(*stream);
  return taken;
}

void H2Codec::send_trailers(StreamId id, const FieldList& trailers) {
  H2Stream* stream = find(id);
  if (stream == nullptr || !stream->has_sent_head || stream->ended) return;
  if (!trailers.empty()) stream->trailers = trailers;
  finish_sending(*stream);
  resume(*stream);
}

void H2Codec::finish_sending(H2Stream& stream) {
  stream.ended = true;
  on_ended(stream);
}

void H2Codec::resume(H2Stream& stream) {
  if (std::exchange(stream.deferred, false)) nghttp2_session_resume_data(session(), stream.h2_id);
}

nghttp2_data_provider H2Codec::body_of(H2Stream& stream) {
  nghttp2_data_provider provider;
  provider.source.ptr = &stream;
  provider.read_callback = read_body;
  return provider;
}

ssize_t H2Codec::read_body(nghttp2_session* session, std::int32_t h2_id, std::uint8_t* to,
                           std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                           void* self) {
  auto& stream = *static_cast<H2Stream*>(source->ptr);
  const std::string_view bytes = stream.buffer.front(size);
  std::memcpy(to, bytes.data(), bytes.size());
  stream.buffer.consume(bytes.size());
  if (stream.buffer.take_room()) codec_of(self).roomy_.push_back(stream.id);
  if (stream.ended && stream.buffer.empty()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream.trailers) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const H2FieldBlock block(*stream.trailers);
      nghttp2_submit_trailer(session, h2_id, block.data(), block.size());
    }
  } else if (bytes.empty()) {
    stream.deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  return static_cast<ssize_t>(bytes.size());
}

void H2Codec::credit(StreamId id, std::size_t bytes) {
  H2Stream* stream = find(id);
  if (stream == nullptr || stream->refused) return;
  if (!std::exchange(stream->window_open, true) && !stream->remote_ended &&
      limits_.open_window > limits_.initial_window) {
    nghttp2_session_set_local_window_size(session(), NGHTTP2_FLAG_NONE, stream->h2_id,
                                          h2_window(limits_.open_window));
  }
  bytes = std::min(bytes, stream->outstanding);
  stream->outstanding -= bytes;
  if (bytes > 0) nghttp2_session_consume(session(), stream->h2_id, bytes);
}

void H2Codec::reset(StreamId id, ResetReason reason) {
  for (Ending& ending : endings_) {
    if (ending.id == id) ending.id = 0;
  }
  H2Stream* stream = find(id);
  if (stream == nullptr) return;
  if (stream->h2_id < 0) return erase(id);
  submit_reset(*stream, reason == ResetReason::cancelled ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR);
}

// ------------------------------------------------------------------------------------- receiving

void H2Codec::on_frame(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_GOAWAY) return on_goaway_received();
  if (frame.hd.type == NGHTTP2_RST_STREAM) ++costs_.resets;
  if (frame.hd.type == NGHTTP2_HEADERS) message_bytes_ += frame.hd.length + kFrameHeader;
  H2Stream* stream = stream_of(frame.hd.stream_id);
  if (stream == nullptr) return;
  const bool end = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      if (stream->has_head) return on_trailer_section(*stream);
      stream->remote_ended = end;
      return on_head_section(*stream, end);
    case NGHTTP2_DATA:
      if (end) on_remote_end(*stream);
      return;
    case NGHTTP2_RST_STREAM:
      stream->peer_reset = true;
      return;
    default:
      return;
  }
}

void H2Codec::on_trailer_section(H2Stream& stream) {
  if (!stream.section) return;
  auto trailers = stream.section->take_trailers();
  stream.section.reset();
  if (!trailers && !stream.told && !stream.refused) return break_stream(stream);
  const bool wanted = !stream.told && !stream.refused && !trailers->empty();
  if (wanted) events_.on_trailers(stream.id, *std::move(trailers));
  on_remote_end(stream);
}

void H2Codec::on_data(H2Stream& stream, std::string_view bytes) {
  if (stream.told || stream.refused) {
    nghttp2_session_consume_connection(session(), bytes.size());
    stream.discarded += bytes.size();
    return on_discarded(stream);
  }
  stream.outstanding += bytes.size();
  events_.on_body(stream.id, bytes);
}

void H2Codec::on_remote_end(H2Stream& stream) {
  stream.remote_ended = true;
  if (!stream.told && !stream.refused) events_.on_end(stream.id);
}

void H2Codec::on_closed(H2Stream& stream, std::uint32_t error) {
  credit_outstanding(stream);
  on_stream_closed(stream);
  // A server that has answered may want no more of the request (RFC 9113 section 8.1).
  const bool complete =
      stream.remote_ended && stream.has_head && (stream.end_produced || side_ == Side::client);
  if (error == NGHTTP2_NO_ERROR && complete) {
    tell_done(stream);
  } else if (stream.has_head || side_ == Side::client) {
    PeerReset reset;
    reset.not_processed =
        side_ == Side::client && error == NGHTTP2_REFUSED_STREAM && !stream.has_head;
    reset.malformed = !stream.peer_reset && error == NGHTTP2_PROTOCOL_ERROR;
    tell_reset(stream, reset);
  }
  erase(stream.id);
}

// ---------------------------------------------------------------------------- nghttp2's callbacks

const nghttp2_session_callbacks& H2Codec::callbacks() {
  static const nghttp2_session_callbacks* const kCallbacks = [] {
    nghttp2_session_callbacks* made = nullptr;
    if (nghttp2_session_callbacks_new(&made) != 0) throw std::bad_alloc();
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(made, header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(made, invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data_received);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, stream_closed);
    return made;
  }();
  return *kCallbacks;
}

int H2Codec::begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
  H2Codec& codec = codec_of(self);
  const std::int32_t h2_id = frame->hd.stream_id;
  H2Stream* stream = codec.stream_of(h2_id);
  if (codec.is_new_stream(*frame)) {
    stream = &codec.add_stream(h2_id);
    stream->h2_id = h2_id;
    nghttp2_session_set_stream_user_data(session, h2_id, stream);
  }
  if (stream == nullptr) return 0;
  stream->section.emplace(codec.side_, codec.limits_);
  codec.section_of_ = stream->id;
  return 0;
}

int H2Codec::header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* self) {
  H2Stream* stream = codec_of(self).stream_of(frame->hd.stream_id);
  if (stream != nullptr && stream->section) {
    stream->section->add(text(name, name_size), text(value, value_size));
  }
  return 0;
}

// nghttp2 would leave the field out; what the service must not see, it must not miss either.
int H2Codec::invalid_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t*,
                            std::size_t, const std::uint8_t*, std::size_t, std::uint8_t,
                            void* self) {
  H2Stream* stream = codec_of(self).stream_of(frame->hd.stream_id);
  if (stream != nullptr && stream->section) stream->section->set_malformed();
  return 0;
}

int H2Codec::frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  codec_of(self).on_frame(*frame);
  return 0;
}

int H2Codec::data_received(nghttp2_session* session, std::uint8_t, std::int32_t h2_id,
                           const std::uint8_t* data, std::size_t size, void* self) {
  H2Codec& codec = codec_of(self);
  codec.message_bytes_ += size;
  if (H2Stream* stream = codec.stream_of(h2_id)) {
    codec.on_data(*stream, text(data, size));
  } else {
    nghttp2_session_consume_connection(session, size);
  }
  return 0;
}

int H2Codec::frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  H2Codec& codec = codec_of(self);
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
    // nghttp2 gave the connection up over something that the peer sent.
    codec.costs_.flooded |= !codec.failed_ && frame->goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM;
    codec.fail({.malformed = true});
    return 0;
  }
  if (frame->hd.type == NGHTTP2_RST_STREAM && !is_our_own_reset(frame->rst_stream.error_code)) {
    ++codec.costs_.resets;
  }
  const bool ends = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  H2Stream* stream = ends ? codec.stream_of(frame->hd.stream_id) : nullptr;
  if (stream != nullptr) {
    stream->end_produced = true;
    codec.on_end_produced(*stream);
  }
  return 0;
}

int H2Codec::stream_closed(nghttp2_session*, std::int32_t h2_id, std::uint32_t error, void* self) {
  H2Codec& codec = codec_of(self);
  if (H2Stream* stream = codec.stream_of(h2_id)) codec.on_closed(*stream, error);
  return 0;
}

}  // namespace trackly::http
