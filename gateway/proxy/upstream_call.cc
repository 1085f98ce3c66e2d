#include "gateway/proxy/upstream_call.h"

#include <algorithm>

#include "gateway/proxy/target_pool.h"
#include "gateway/proxy/upstream.h"
#include "gateway/proxy/upstream_connection.h"

namespace trackly::proxy {

UpstreamCall::~UpstreamCall() {
  if (waiting_) upstream_.leave_queue(*this);
  if (connection_ != nullptr) connection_->abandon(*this);
  detach();
}

void UpstreamCall::begin() { upstream_.assign(*this); }

void UpstreamCall::start_waiting(Loop& loop, Duration timeout) {
  waiting_ = true;
  if (wait_deadline_ == nullptr) {
    wait_deadline_ = loop.timer([this] {
      upstream_.leave_queue(*this);
      fail(connect_failure_ != UpstreamFailure::none ? connect_failure_
                                                     : UpstreamFailure::queue_timeout,
           false);
    });
  }
  wait_deadline_->arm(timeout);
}

/// Counted as an attempt, and for the target's load, once for each connection.
void UpstreamCall::enter(UpstreamConnection& connection) {
  if (connection_ == &connection) return;
  detach();
  connection_ = &connection;
  target_ = connection.pool().target();
  load_ = &connection.pool().load();
  ++load_->requests;
  ++attempts_;
}

void UpstreamCall::detach() {
  if (load_ != nullptr) --load_->requests;
  load_ = nullptr;
  connection_ = nullptr;
}

bool UpstreamCall::has_tried(const std::shared_ptr<Target>& target) const {
  return std::find(tried_.begin(), tried_.end(), target) != tried_.end();
}

void UpstreamCall::attached(UpstreamConnection& connection) {
  enter(connection);
  id_ = 0;
  // From here on connecting has its own deadline.
  if (wait_deadline_ != nullptr) wait_deadline_->disarm();
}

void UpstreamCall::started(UpstreamConnection& connection, http::StreamId id, bool reused) {
  enter(connection);
  id_ = id;
  reused_ = reused;
  produced_before_ = connection.bytes_produced();
  received_before_ = connection.bytes_received();
  request_ended_ = ends_with_head_;
  if (wait_deadline_ != nullptr) wait_deadline_->disarm();
}

std::size_t UpstreamCall::send_body(std::string_view bytes, bool end) {
  if (connection_ == nullptr || request_ended_) return 0;
  const std::size_t taken = connection_->codec().send_body(id_, bytes, end);
  request_ended_ = end && taken == bytes.size();
  connection_->schedule_flush();
  return taken;
}

void UpstreamCall::send_trailers(const FieldList& trailers) {
  if (connection_ == nullptr || request_ended_) return;
  request_ended_ = true;
  connection_->codec().send_trailers(id_, trailers);
  connection_->schedule_flush();
}

void UpstreamCall::credit(std::size_t bytes) {
  if (connection_ == nullptr || id_ == 0) return;
  connection_->codec().credit(id_, bytes);
  connection_->schedule_flush();
}

bool UpstreamCall::delivered() const {
  if (connection_ == nullptr || id_ == 0) return false;
  // What is produced cannot be taken back as long as the connection lives.
  const std::uint64_t sent =
      connection_->closed() ? connection_->bytes_written() : connection_->bytes_produced();
  return sent > produced_before_;
}

void UpstreamCall::note_timeout() {
  if (connection_ == nullptr || id_ == 0) return;
  if (connection_->bytes_received() == received_before_) connection_->retire();
}

void UpstreamCall::note_success() {
  if (target_ != nullptr) upstream_.note_success(*target_);
}

void UpstreamCall::note_failure(UpstreamFailure reason) {
  if (target_ != nullptr && reason != connect_failure_) upstream_.note_failure(*target_);
}

void UpstreamCall::fail(UpstreamFailure reason, bool delivered, bool stale) {
  detach();
  if (wait_deadline_ != nullptr) wait_deadline_->disarm();
  events_.on_call_failed({reason, delivered, stale});
}

}  // namespace trackly::proxy
