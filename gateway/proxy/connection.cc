#include "gateway/proxy/connection.h"

#include <algorithm>
#include <utility>

#include "gateway/proxy/stream.h"

namespace trackly::proxy {
namespace {

// A refused HTTP/2 request may go on sending for this long before its stream is reset: when both
// arrive together, some clients (curl 7.88) lose the answer.
constexpr auto kStreamLinger = std::chrono::seconds(1);
// How long after the first GOAWAY the second one says which streams are refused, at least a round
// trip (RFC 9113 section 6.8); and how long a connection on HTTP/1.1 without a request waits for
// one, so that who asks again and again hears "Connection: close" and does not meet a closed end.
constexpr auto kDrainGrace = std::chrono::milliseconds(100);

// In a drain, how long a connection may take to ask for the first time, TLS included: whoever has
// just connected has most likely sent a request already.
constexpr auto kFirstWordGrace = std::chrono::seconds(1);

// How often a connection that has ended looks whether its client has everything, in a drain.
constexpr auto kDeliveryPause = std::chrono::milliseconds(20);

// What a request may send of its body before a filter has vouched for it, so that strangers and
// those who wait for room take little memory. Nearly all bodies are smaller.
constexpr std::size_t kUnvouchedWindow = std::size_t{16} * 1024;

http::CodecLimits codec_limits(const Limits& limits) {
  http::CodecLimits codec;
  codec.header_bytes = limits.header_bytes;
  codec.header_count = limits.header_count;
  codec.uri_bytes = limits.uri_bytes;
  codec.max_streams = limits.streams_per_connection;
  codec.linger_bytes = limits.linger_bytes;
  codec.initial_window = kUnvouchedWindow;
  return codec;
}

}  // namespace

Connection::Connection(Context& context, ConnectionOwner& owner,
                       std::unique_ptr<net::Transport> transport, std::shared_ptr<const void> place)
    : CodecConnection(context.loop, context.snapshot->settings.limits.write_timeout),
      context_(context),
      owner_(owner),
      place_(std::move(place)),
      deadline_(context.loop.timer([this] { on_deadline(); })),
      stream_linger_(context.loop.timer([this] {
        stream_linger_armed_ = false;
        codec().end_linger();
        schedule_flush();
      })),
      resets_(context.snapshot->settings.limits.reset_burst,
              context.snapshot->settings.limits.reset_rate, context.loop.now()),
      overhead_(context.snapshot->settings.limits.overhead_burst,
                context.snapshot->settings.limits.overhead_rate, context.loop.now()) {
  set_transport(std::move(transport));
  this->transport().set_events(this);
  wait_for(Deadline::first_request);
}

Connection::~Connection() = default;

// ------------------------------------------------------------------------------ which protocol it
// is

void Connection::on_connected() { begin(transport().alpn() == "h2"); }

void Connection::on_data(std::string_view bytes) {
  if (closed()) return;
  // A request that crossed our end of the connection could not be answered any more, so it must not
  // reach the service: the client sees the end without an answer and knows that it was not taken.
  if (half_closed_ && !codec().lingering()) return;
  if (has_codec()) {
    CodecConnection::on_data(bytes);
  } else {
    detect_protocol(bytes);
  }
  if (h2_ && !closed()) judge_costs();
}

/// HTTP/2 lets a client make much work with few bytes: by streams that it gives up or breaks at
/// once, and by frames that are no message.
void Connection::judge_costs() {
  constexpr std::uint64_t kMessagesPerOverhead = 8;
  const http::PeerCosts now = codec().costs();
  const std::uint64_t resets = now.resets - judged_.resets;
  // It goes back where bytes turn out to be those of a message; so what is new is beyond the most
  // that there ever was.
  const std::uint64_t most = std::max(now.overhead_bytes, judged_.overhead_bytes);
  const std::uint64_t overhead = most - judged_.overhead_bytes;
  // Answers count, too: who takes them sends WINDOW_UPDATEs.
  const std::uint64_t messages =
      now.message_bytes - judged_.message_bytes +
      (bytes_written() - std::exchange(judged_written_, bytes_written()));
  judged_ = now;
  judged_.overhead_bytes = most;
  const std::uint64_t free = messages / kMessagesPerOverhead;
  if (!resets_.spend(resets, loop().now())) {
    note(observe::Incident::resets);
  } else if (!overhead_.spend(overhead - std::min(overhead, free), loop().now())) {
    note(observe::Incident::overhead);
  } else {
    return;
  }
  codec().expel();
  schedule_flush();
}

void Connection::note(observe::Incident incident) {
  context_.incidents.note(incident, peer_address(), loop().now());
}

void Connection::on_write_timeout() {
  note(observe::Incident::slow_reader);
  gone_because_ = "slow_reader";
  CodecConnection::on_write_timeout();
}

/// HTTP/1.1 and HTTP/2 with prior knowledge share a port: a preface cannot be the beginning of a
/// request.
void Connection::detect_protocol(std::string_view bytes) {
  first_bytes_.append(bytes);
  const std::size_t compared = std::min(first_bytes_.size(), http::kH2Preface.size());
  const bool h2 =
      std::string_view(first_bytes_).substr(0, compared) == http::kH2Preface.substr(0, compared);
  if (h2 && compared < http::kH2Preface.size()) return;
  begin(h2);
  const std::string first = std::move(first_bytes_);
  CodecConnection::on_data(first);
}

void Connection::begin(bool h2) {
  h2_ = h2;
  const http::CodecLimits limits = codec_limits(context_.snapshot->settings.limits);
  const std::string_view scheme = is_tls() ? "https" : "http";
  set_codec(h2 ? http::make_h2_codec(http::Side::server, scheme, limits, *this)
               : http::make_h1_codec(http::Side::server, scheme, limits, *this));
  if (draining_) {
    codec().drain(http::DrainPhase::announce);
    drain_step_->arm(kDrainGrace);
  }
  schedule_flush();
}

// ------------------------------------------------------------------------------------------
// streams

Stream* Connection::find(http::StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

Stream& Connection::add_stream(http::StreamId id) {
  wait_for(Deadline::none);  // the time for the next head begins with its own first byte
  return *streams_.emplace(id, std::make_unique<Stream>(context_, *this, id)).first->second;
}

void Connection::on_head(http::StreamId id, Head head, bool end) {
  add_stream(id).on_head(std::move(head), end);
}

void Connection::on_bad_head(http::StreamId id, Head head, http::HeadFault fault) {
  add_stream(id).on_bad_head(std::move(head), fault);
}

void Connection::on_bad_body(http::StreamId id) {
  if (Stream* stream = find(id)) stream->on_bad_body();
}

void Connection::on_body(http::StreamId id, std::string_view bytes) {
  if (Stream* stream = find(id)) {
    stream->on_body(bytes);
  } else {
    codec().credit(id, bytes.size());
  }
}

void Connection::on_trailers(http::StreamId id, FieldList trailers) {
  if (Stream* stream = find(id)) stream->on_trailers(std::move(trailers));
}

void Connection::on_end(http::StreamId id) {
  if (Stream* stream = find(id)) stream->on_end();
}

void Connection::on_room(http::StreamId id) {
  if (Stream* stream = find(id)) stream->on_room();
}

void Connection::on_reset(http::StreamId id, http::PeerReset) {
  if (Stream* stream = find(id)) stream->on_client_gone("client_gone");
  schedule_flush();
}

void Connection::on_done(http::StreamId id) {
  if (Stream* stream = find(id)) stream->on_done();
}

void Connection::release(http::StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  context_.loop.defer_delete(std::move(found->second));
  streams_.erase(found);
  schedule_flush();
}

void Connection::cut(http::StreamId id, bool abortive) {
  if (closed()) return;
  abort_when_flushed_ |= abortive;
  codec().reset(id, http::ResetReason::internal_error);
  schedule_flush();
}

// --------------------------------------------------------------------------------- deadlines,
// closing

void Connection::on_flushed() {
  if (!has_codec()) return;
  if (draining_) set_undelivered(streams_.empty() && has_unwritten());
  if (codec().lingering() && !stream_linger_armed_) {
    stream_linger_armed_ = true;
    stream_linger_->arm(kStreamLinger);
  }
  if (codec().head_pending()) {
    wait_for(Deadline::head);
  } else if (!streams_.empty()) {
    wait_for(Deadline::none);
  } else if (at_eof() && !has_unwritten()) {
    close(/*abortive=*/false);
  } else if (h2_ || awaited_ != Deadline::first_request) {
    wait_for(Deadline::idle);
  }
}

/// Arms the deadline when what we wait for changes, and not when it only goes on: a head that comes
/// byte by byte is as slow as its last byte.
void Connection::wait_for(Deadline what) {
  if (awaited_ == what) return;
  if (awaited_ == Deadline::first_request && what == Deadline::head) return;
  awaited_ = what;
  const Limits& limits = context_.snapshot->settings.limits;
  switch (what) {
    case Deadline::none:
      return deadline_->disarm();
    case Deadline::first_request:
    case Deadline::head:
      return deadline_->arm(limits.header_timeout);
    case Deadline::idle:
      return deadline_->arm(limits.idle_timeout);
    case Deadline::linger:
      return deadline_->arm(limits.linger_timeout);
  }
}

void Connection::on_deadline() {
  const Deadline what = std::exchange(awaited_, Deadline::none);
  if (!has_codec()) note(observe::Incident::slow_handshake);
  if (what == Deadline::linger && undelivered_) return wait_for(what);  // the drain has an end
  if (!has_codec() || what == Deadline::linger) return close(/*abortive=*/false);
  if (codec().head_pending()) {
    note(observe::Incident::slow_head);
    codec().expire_head();
  } else if (streams_.empty()) {
    codec().drain(http::DrainPhase::refuse);
  }
  schedule_flush();
}

/// Everything is written. Closing at once could make the kernel send a reset for bytes that we have
/// not read, and a reset discards what the client has not read yet: so half-close, and let it
/// finish.
void Connection::on_codec_finished() {
  if (!half_closed_ && codec().costs().flooded) note(observe::Incident::overhead);
  if (abort_when_flushed_) return close(/*abortive=*/true);
  if (at_eof()) return close(/*abortive=*/false);
  if (!half_closed_) {
    half_closed_ = true;
    transport().shutdown_write();
    if (draining_) look_at_delivery();
  }
  wait_for(Deadline::linger);
}

void Connection::on_closed() {
  deadline_->disarm();
  stream_linger_->disarm();
  if (drain_step_ != nullptr) drain_step_->disarm();
  if (delivery_look_ != nullptr) delivery_look_->disarm();
  auto streams = std::exchange(streams_, {});
  for (auto& [id, stream] : streams) {
    stream->on_client_gone(gone_because_);
    context_.loop.defer_delete(std::move(stream));
  }
  --context_.activity.connections;
  set_undelivered(false);
  end_being_busy();
  owner_.on_connection_closed(*this);
}

void Connection::drain() {
  if (draining_ || closed()) return;
  draining_ = true;
  if (half_closed_) return look_at_delivery();
  if (has_codec()) codec().drain(http::DrainPhase::announce);
  schedule_flush();
  drain_step_ = context_.loop.timer([this] {
    if (!has_codec()) return close(/*abortive=*/false);
    codec().drain(http::DrainPhase::refuse);
    schedule_flush();
  });
  drain_step_->arm(has_codec() ? kDrainGrace : kFirstWordGrace);
}

/// What the kernel still has to send is lost where the process ends and the client says something
/// more, as every client of HTTP/2 does: that is answered with a reset.
void Connection::look_at_delivery() {
  set_undelivered(!transport().is_delivered());
  if (!undelivered_) return end_being_busy();
  if (delivery_look_ == nullptr) {
    delivery_look_ = context_.loop.timer([this] { look_at_delivery(); });
  }
  delivery_look_->arm(kDeliveryPause);
}

void Connection::set_undelivered(bool undelivered) {
  if (std::exchange(undelivered_, undelivered) == undelivered) return;
  undelivered ? ++context_.activity.undelivered : --context_.activity.undelivered;
}

void Connection::end_being_busy() {
  if (std::exchange(busy_, false)) --context_.activity.busy;
}

}  // namespace trackly::proxy
