#include "gateway/proxy/upstream_connection.h"

#include <algorithm>
#include <utility>

#include "gateway/proxy/upstream.h"

namespace trackly::proxy {
namespace {

UpstreamFailure failure_of(net::TransportError error) {
  switch (error) {
    case net::TransportError::unresolved:
      return UpstreamFailure::unresolved;
    case net::TransportError::no_local_resources:
      return UpstreamFailure::no_local_resources;
    case net::TransportError::connect_timeout:
      return UpstreamFailure::connect_timeout;
    case net::TransportError::handshake:
      return UpstreamFailure::tls_failed;
    case net::TransportError::certificate:
      return UpstreamFailure::tls_certificate;
    case net::TransportError::handshake_timeout:
      return UpstreamFailure::tls_timeout;
    case net::TransportError::refused:
    case net::TransportError::reset:
      return UpstreamFailure::connection_refused;
  }
  return UpstreamFailure::connection_refused;
}

}  // namespace

UpstreamConnection::UpstreamConnection(Upstream& upstream, TargetPool& pool)
    : CodecConnection(upstream.loop(), upstream.settings().response_timeout),
      upstream_(upstream),
      pool_(pool),
      idle_deadline_(upstream.loop().timer([this] { close(/*abortive=*/false); })) {
  set_transport(upstream.connector_.connect(pool.target()->address(),
                                            upstream.settings().connect_timeout, *this));
}

UpstreamConnection::~UpstreamConnection() = default;

void UpstreamConnection::attach(UpstreamCall& call) {
  call.attached(*this);
  attached_.push_back(&call);
}

std::size_t UpstreamConnection::room() {
  if (closed() || connecting_ || closing_ || broken_ || at_eof()) return 0;
  return codec().available_streams();
}

void UpstreamConnection::start(UpstreamCall& call) {
  idle_deadline_->disarm();
  const http::StreamId id = codec().open();
  calls_.emplace(id, &call);
  call.started(*this, id, used_);
  used_ = true;
  // An HTTP/1.0 client may name no host, but both protocols that we speak to services need one.
  if (call.head_.authority.empty()) call.head_.authority = pool_.target()->authority();
  // Of this connection, as some services insist on it; X-Forwarded-Proto has the client's.
  call.head_.scheme = transport().is_tls() ? "https" : "http";
  codec().send_head(id, call.head_, call.ends_with_head_);
  schedule_flush();
  call.events_.on_call_started();
}

void UpstreamConnection::abandon(UpstreamCall& call) {
  if (call.id_ == 0) {
    std::erase(attached_, &call);
    if (connecting_ && attached_.empty()) close(/*abortive=*/false);
    return;
  }
  const auto found = calls_.find(call.id_);
  if (found == calls_.end()) return;
  if (call.request_ended_ && call.response_ended_) {
    found->second = nullptr;  // on_done() is still to come, or see drop_leftovers()
    schedule_flush();
    return;
  }
  calls_.erase(found);
  codec().reset(call.id_, http::ResetReason::cancelled);
  schedule_flush();
}

void UpstreamConnection::retire() {
  closing_ = true;
  if (idle()) close(/*abortive=*/false);
}

void UpstreamConnection::on_connected() {
  if (closed()) return;
  connecting_ = false;
  const EndpointSettings::Protocol protocol = pool_.target()->settings().protocol;
  http2_ = protocol == EndpointSettings::Protocol::h2c || transport().alpn() == "h2";
  pool_.learned(http2_);
  set_codec(
      http2_ ? http::make_h2_codec(http::Side::client, "http", upstream_.shared_->limits, *this)
             : http::make_h1_codec(http::Side::client, "http", upstream_.shared_->limits, *this));
  std::vector<UpstreamCall*> calls;
  calls.swap(attached_);
  for (UpstreamCall* call : calls) {
    if (room() > 0) {
      start(*call);
    } else {
      call->detach();
      upstream_.assign(*call);
    }
  }
  upstream_.serve_queue();  // another connection may be made now
  schedule_flush();
}

void UpstreamConnection::on_error(net::TransportError error) {
  if (closed()) return;
  if (connecting_) {
    const bool is_of_the_service = error != net::TransportError::no_local_resources;
    if (is_of_the_service) upstream_.note_failure(*pool_.target());
    broken_ = true;  // no other call may be attached meanwhile
    fail_attached(failure_of(error));
  } else if (error == net::TransportError::handshake) {
    fail_unheard();
  } else if (has_unread()) {
    broken_ = true;
    return;
  }
  if (!closed()) close(/*abortive=*/false);
}

void UpstreamConnection::fail_attached(UpstreamFailure reason) {
  std::vector<UpstreamCall*> calls;
  calls.swap(attached_);
  for (UpstreamCall* call : calls) {
    call->detach();
    upstream_.try_elsewhere(*call, reason);
  }
}

/// With TLS 1.3 a service tells what it thinks of our certificate when our requests may be on their
/// way already. It has not looked at them then (RFC 8446 section 4.4.2.4).
void UpstreamConnection::fail_unheard() {
  std::unordered_map<http::StreamId, UpstreamCall*> calls;
  calls.swap(calls_);
  for (const auto& [id, call] : calls) {
    if (call != nullptr) call->fail(UpstreamFailure::tls_failed, false);
  }
}

/// A service that has answered may never take the rest of the request: its window stays shut.
void UpstreamConnection::drop_leftovers() {
  std::erase_if(calls_, [this](const auto& entry) {
    if (entry.second != nullptr) return false;
    codec().reset(entry.first, http::ResetReason::cancelled);
    schedule_flush();
    return true;
  });
}

void UpstreamConnection::on_flushed() {
  // What the client has not made room for yet was received all the same.
  if ((at_eof() || broken_) && !has_unread()) {
    close(/*abortive=*/false);
    return;
  }
  drop_leftovers();
  if (room() > 0) upstream_.on_room(*this);
  if (!closed() && idle()) {
    if (closing_ || !pool_.keeps_idle()) {
      close(/*abortive=*/false);
    } else {
      idle_deadline_->arm(upstream_.settings().idle_timeout);
    }
  }
}

void UpstreamConnection::on_closed() {
  idle_deadline_->disarm();
  std::unordered_map<http::StreamId, UpstreamCall*> calls;
  calls.swap(calls_);
  for (const auto& [id, call] : calls) {
    if (call == nullptr || call->response_ended_) {
      if (call != nullptr) call->detach();
      continue;
    }
    const bool delivered = call->delivered();
    call->fail(call->response_begun_ ? UpstreamFailure::truncated_response : why_closed_, delivered,
               is_stale(*call));
  }
  upstream_.on_gone(*this);
}

/// The service takes nothing of what it is sent, which is to leave it unanswered.
void UpstreamConnection::on_write_timeout() {
  why_closed_ = UpstreamFailure::response_timeout;
  close(/*abortive=*/true);
}

/// Whether the connection, which has ended, may have done so before the call came. On HTTP/1.1 even
/// a piece of a head is an answer to the call.
bool UpstreamConnection::is_stale(const UpstreamCall& call) const {
  const bool answered =
      call.heard_ || call.response_begun_ || (!http2_ && bytes_received() != call.received_before_);
  return call.reused_ && !answered;
}

UpstreamCall* UpstreamConnection::find(http::StreamId id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second;
}

void UpstreamConnection::on_head(http::StreamId id, Head head, bool end) {
  UpstreamCall* call = find(id);
  if (call == nullptr) return;
  call->response_begun_ = true;
  if (end) call->response_ended();
  call->events_.on_response_head(std::move(head), end);
}

void UpstreamConnection::on_informational(http::StreamId id, Head head) {
  if (UpstreamCall* call = find(id)) {
    call->heard_ = true;
    call->events_.on_response_informational(std::move(head));
  }
}

void UpstreamConnection::on_body(http::StreamId id, std::string_view bytes) {
  if (UpstreamCall* call = find(id)) {
    call->events_.on_response_body(bytes);
  } else {
    codec().credit(id, bytes.size());
  }
}

void UpstreamConnection::on_trailers(http::StreamId id, FieldList trailers) {
  if (find(id) != nullptr) trailers_[id] = std::move(trailers);
}

void UpstreamConnection::on_end(http::StreamId id) {
  auto trailers = trailers_.extract(id);
  UpstreamCall* call = find(id);
  if (call == nullptr || call->response_ended_) return;
  call->response_ended();
  if (trailers) {
    call->events_.on_response_end(std::move(trailers.mapped()));
  } else {
    call->events_.on_response_end(std::nullopt);
  }
}

void UpstreamConnection::on_room(http::StreamId id) {
  if (UpstreamCall* call = find(id)) call->events_.on_call_room();
}

void UpstreamConnection::on_reset(http::StreamId id, http::PeerReset reset) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  UpstreamCall* call = found->second;
  trailers_.erase(id);
  const bool delivered = call != nullptr && call->delivered() && !reset.not_processed;
  calls_.erase(found);
  schedule_flush();
  if (call == nullptr) return;
  if (call->response_ended_) {
    call->detach();
    return;
  }
  UpstreamFailure reason = UpstreamFailure::connection_closed;
  if (reset.not_processed) {
    reason = UpstreamFailure::refused_stream;
  } else if (call->response_begun_) {
    reason = UpstreamFailure::truncated_response;
  } else if (reset.malformed) {
    reason = UpstreamFailure::malformed_response;
  }
  const bool ended_with_its_connection = at_eof() && !reset.malformed;
  call->fail(reason, delivered, ended_with_its_connection && is_stale(*call));
}

void UpstreamConnection::on_done(http::StreamId id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  if (found->second != nullptr) found->second->detach();
  calls_.erase(found);
  schedule_flush();
}

}  // namespace trackly::proxy
