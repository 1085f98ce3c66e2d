#include "gateway/proxy/upstream_attempts.h"

#include <utility>

#include "gateway/proxy/request_timeout.h"

namespace trackly::proxy {

/// A client that says for how long it waits need not be worked for any longer, and cannot wait for
/// longer than the operator allows.
std::optional<Duration> UpstreamAttempts::time_left(const FieldList& fields, Duration elapsed) {
  std::optional<Duration> left;
  if (settings().request_timeout > Duration::zero()) left = settings().request_timeout;
  if (settings().timeout_field.empty()) return left;
  const auto said = fields.find(settings().timeout_field);
  const auto wish = said ? parse_request_timeout(*said) : std::nullopt;
  if (!wish || (left && *left <= *wish - elapsed)) return left;
  client_is_impatient_ = true;
  return *wish - elapsed;
}

std::optional<Duration> UpstreamAttempts::refused_for() {
  CircuitBreaker* const breaker = upstream_.breaker();
  if (breaker == nullptr || permit_) return std::nullopt;
  CircuitBreaker::Answer answer = breaker->ask(loop_.now());
  permit_ = std::move(answer.permit);
  if (permit_) return std::nullopt;
  return answer.retry_after;
}

/// Sending an SMS twice hurts: a request is repeated only where nothing of it can have been
/// processed, or where processing it twice is the same as once (RFC 9110 section 9.2.2) and the
/// connection was an old one that the service may have closed for its own reasons. And only where
/// we still have all of it.
bool UpstreamAttempts::may_repeat(const CallFailure& failure, std::string_view method, bool whole) {
  switch (failure.reason) {
    case UpstreamFailure::refused_stream:
      break;
    case UpstreamFailure::connection_closed:
      if (failure.delivered && !(failure.stale && is_idempotent(method))) return false;
      break;
    default:
      return false;  // the upstream has tried all targets, or the service has seen the request
  }
  if (!whole || repeats_ == settings().retries.limit) return false;
  if (!upstream_.retry_budget().spend(loop_.now())) return false;
  ++repeats_;
  return true;
}

void UpstreamAttempts::answered() {
  if (permit_) permit_->answered();
}

void UpstreamAttempts::succeeded(UpstreamCall* call) {
  if (permit_) permit_->succeeded(loop_.now());
  if (call != nullptr) call->note_success();
  permit_.reset();
}

void UpstreamAttempts::failed(UpstreamFailure reason, UpstreamCall* call) {
  if (is_of_the_service(reason, call)) {
    if (permit_) permit_->failed(loop_.now());
    if (call != nullptr) call->note_failure(reason);
  }
  permit_.reset();
}

/// What our own limits, a client in haste or a service that shuts down in order are the reason for
/// says nothing about its health, and what is known without asking it neither.
bool UpstreamAttempts::is_of_the_service(UpstreamFailure reason, const UpstreamCall* call) const {
  switch (reason) {
    case UpstreamFailure::unresolved:
    case UpstreamFailure::no_healthy_endpoint:
    case UpstreamFailure::no_local_resources:
    case UpstreamFailure::queue_full:
    case UpstreamFailure::queue_timeout:
    case UpstreamFailure::refused_stream:
      return false;
    case UpstreamFailure::request_timeout:
      return !client_is_impatient_ && call != nullptr && call->has_started();
    default:
      return true;
  }
}

}  // namespace trackly::proxy
