#include "gateway/proxy/upstream.h"

#include <algorithm>
#include <utility>

namespace trackly::proxy {
namespace {

// Calls that may wait on one HTTP/2 connection while it is being made: what RFC 9113 section 6.5.2
// recommends as the least that a peer allows.
constexpr std::size_t kCallsPerConnecting = 100;

// Connections to one endpoint that may be in the making at one time. A burst of requests would
// otherwise overflow the service's listen queue, and what the kernel drops there comes back after a
// second at best; behind these the burst waits for the first that is ready, which is often one that
// another call has left.
constexpr std::size_t kMaxConnecting = 16;

}  // namespace

Upstream::Upstream(Loop& loop, net::Connector& connector, const UpstreamSettings& settings,
                   const http::CodecLimits& limits, CircuitBreaker* breaker)
    : loop_(loop), connector_(connector), settings_(settings), limits_(limits), breaker_(breaker) {
  for (const EndpointSettings& endpoint : settings_.endpoints) {
    endpoints_.push_back(std::make_unique<UpstreamEndpoint>(endpoint));
  }
}

Upstream::~Upstream() = default;

std::unique_ptr<UpstreamCall> Upstream::call(Head head, bool end, UpstreamCallEvents& events) {
  return std::unique_ptr<UpstreamCall>(new UpstreamCall(*this, std::move(head), end, events));
}

void Upstream::assign(UpstreamCall& call) {
  // Those who came first are served first.
  if (waiting_.empty() && assign_anywhere(call)) return;
  if (waiting_.size() >= settings_.max_waiting) {
    call.fail(UpstreamFailure::queue_full, false);
    return;
  }
  waiting_.push_back(&call);
  call.start_waiting(loop_, settings_.queue_timeout);
}

bool Upstream::assign_anywhere(UpstreamCall& call) {
  const std::size_t first = next_endpoint_++;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    UpstreamEndpoint& endpoint = *endpoints_[(first + i) % endpoints_.size()];
    const bool tried =
        std::find(call.tried_.begin(), call.tried_.end(), &endpoint) != call.tried_.end();
    if (!tried && assign_to(endpoint, call)) return true;
  }
  return false;
}

bool Upstream::assign_to(UpstreamEndpoint& endpoint, UpstreamCall& call) {
  if (UpstreamConnection* ready = ready_connection(endpoint)) {
    ready->start(call);
    return true;
  }
  if (endpoint.settings().protocol == EndpointSettings::Protocol::h2c) {
    for (const auto& connection : endpoint.connections_) {
      if (connection->connecting() && connection->attached() < kCallsPerConnecting) {
        connection->attach(call);
        return true;
      }
    }
  }
  if (endpoint.connections_.size() >= settings_.max_connections) return false;
  if (endpoint.connecting() >= kMaxConnecting) return false;
  open(endpoint).attach(call);
  return true;
}

UpstreamConnection* Upstream::ready_connection(UpstreamEndpoint& endpoint) {
  while (!endpoint.ready_.empty()) {
    UpstreamConnection* candidate = endpoint.ready_.back();
    if (candidate->room() == 0) {
      endpoint.ready_.pop_back();
      continue;
    }
    // A request on a connection that the service has closed meanwhile is lost, or worse: nobody
    // knows.
    if (candidate->idle() && !candidate->usable()) {
      candidate->retire();
      continue;
    }
    return candidate;
  }
  return nullptr;
}

UpstreamConnection& Upstream::open(UpstreamEndpoint& endpoint) {
  endpoint.connections_.push_back(
      std::make_unique<UpstreamConnection>(loop_, *this, endpoint, connector_, settings_, limits_));
  return *endpoint.connections_.back();
}

void Upstream::try_elsewhere(UpstreamCall& call, UpstreamFailure reason) {
  const auto same = [&call](const auto& endpoint) {
    return endpoint->settings().text == call.endpoint_;
  };
  const auto failed = std::find_if(endpoints_.begin(), endpoints_.end(), same);
  if (failed != endpoints_.end()) call.tried_.push_back(failed->get());
  if (call.tried_.size() >= endpoints_.size()) {
    call.fail(reason, false);
  } else {
    assign(call);
  }
}

void Upstream::leave_queue(UpstreamCall& call) {
  call.waiting_ = false;
  std::erase(waiting_, &call);
}

void Upstream::serve_queue() {
  while (!waiting_.empty()) {
    UpstreamCall& call = *waiting_.front();
    // Out of the queue first: what starts may end at once, and then looks for itself there.
    waiting_.pop_front();
    call.waiting_ = false;
    if (assign_anywhere(call)) continue;
    call.waiting_ = true;
    waiting_.push_front(&call);
    return;
  }
}

std::size_t UpstreamEndpoint::connecting() const {
  return static_cast<std::size_t>(
      std::count_if(connections_.begin(), connections_.end(),
                    [](const auto& connection) { return connection->connecting(); }));
}

void Upstream::on_room(UpstreamConnection& connection) {
  auto& ready = connection.endpoint().ready_;
  if (std::find(ready.begin(), ready.end(), &connection) == ready.end())
    ready.push_back(&connection);
  serve_queue();
}

void Upstream::on_gone(UpstreamConnection& connection) {
  UpstreamEndpoint& endpoint = connection.endpoint();
  std::erase(endpoint.ready_, &connection);
  const auto found =
      std::find_if(endpoint.connections_.begin(), endpoint.connections_.end(),
                   [&connection](const auto& owned) { return owned.get() == &connection; });
  if (found == endpoint.connections_.end()) return;
  loop_.defer_delete(std::move(*found));
  endpoint.connections_.erase(found);
  if (!waiting_.empty()) loop_.post([this] { serve_queue(); });
}

}  // namespace trackly::proxy
