#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/proxy/upstream.h"

namespace trackly::proxy {

/// A stream's part in a call: it lets go of the call as soon as it has failed.
class Caller final : public UpstreamCallEvents {
 public:
  explicit Caller(Upstream& upstream, std::string body = {}, const Target* avoid = nullptr)
      : body_(std::move(body)) {
    Head head;
    head.method = body_.empty() ? "GET" : "POST";
    head.scheme = "http";
    head.authority = "service";
    head.target = "/";
    call_ = upstream.call(std::move(head), body_.empty(), *this, avoid);
    call_->begin();
  }

  /// "waiting", "started", "answered", or why it failed.
  const std::string& state() const { return state_; }
  std::size_t body_bytes() const { return body_bytes_; }
  /// Of the target that it went to last; empty before.
  std::string host() const {
    return call_ == nullptr || call_->target() == nullptr ? "" : call_->target()->address().host;
  }
  /// The client has taken that much of the answer.
  void take(std::size_t bytes) { call_->credit(bytes); }
  bool delivered() const { return call_ != nullptr ? call_->delivered() : delivered_; }
  /// It has waited for the answer long enough.
  void give_up() {
    call_->note_timeout();
    call_.reset();
  }
  void leave() { call_.reset(); }

 private:
  void on_call_started() override {
    state_ = "started";
    if (!body_.empty()) call_->send_body(body_, true);
  }
  void on_call_room() override {}
  void on_response_informational(Head) override {}
  void on_response_head(Head, bool end) override {
    if (end) state_ = "answered";
  }
  void on_response_body(std::string_view bytes) override { body_bytes_ += bytes.size(); }
  void on_response_end(std::optional<FieldList>) override { state_ = "answered"; }
  void on_call_failed(CallFailure failure) override {
    delivered_ = failure.delivered;
    switch (failure.reason) {
      case UpstreamFailure::queue_timeout:
        state_ = "queue_timeout";
        break;
      case UpstreamFailure::connect_timeout:
        state_ = "connect_timeout";
        break;
      case UpstreamFailure::connection_refused:
        state_ = "connection_refused";
        break;
      case UpstreamFailure::unresolved:
        state_ = "unresolved";
        break;
      case UpstreamFailure::no_healthy_endpoint:
        state_ = "no_healthy_endpoint";
        break;
      case UpstreamFailure::no_local_resources:
        state_ = "no_local_resources";
        break;
      default:
        state_ = "another failure";
    }
    call_.reset();
  }

  const std::string body_;
  std::unique_ptr<UpstreamCall> call_;
  bool delivered_ = false;  // as the failure said
  std::string state_ = "waiting";
  std::size_t body_bytes_ = 0;
};

}  // namespace trackly::proxy
