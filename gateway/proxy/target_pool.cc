#include "gateway/proxy/target_pool.h"

#include <algorithm>
#include <utility>

#include "gateway/proxy/upstream.h"

namespace trackly::proxy {
namespace {

// Calls that may wait on one HTTP/2 connection while it is being made: what RFC 9113 section 6.5.2
// recommends as the least that a peer allows.
constexpr std::size_t kCallsPerConnecting = 100;

// Connections to one target that may be in the making at one time. A burst of requests would
// otherwise overflow the service's listen queue, and what the kernel drops there comes back after a
// second at best; behind these the burst waits for the first that is ready, which is often one that
// another call has left.
constexpr std::size_t kMaxConnecting = 16;

}  // namespace

TargetPool::TargetPool(Upstream& upstream, std::shared_ptr<Target> target)
    : upstream_(upstream),
      target_(std::move(target)),
      load_{target_->settings().weight},
      http2_(target_->settings().protocol == EndpointSettings::Protocol::h2c) {}

TargetPool::~TargetPool() { upstream_.shared_->connections -= connections_.size(); }

bool TargetPool::take(UpstreamCall& call) {
  if (UpstreamConnection* ready = ready_connection()) {
    ready->start(call);
    return true;
  }
  if (UpstreamConnection* connecting = connecting_for_many()) {
    connecting->attach(call);
    return true;
  }
  if (connections_.size() >= upstream_.settings().max_connections) return false;
  if (connecting() >= kMaxConnecting) return false;
  open().attach(call);
  return true;
}

UpstreamConnection* TargetPool::ready_connection() {
  while (!ready_.empty()) {
    UpstreamConnection* candidate = ready_.back();
    if (candidate->room() == 0) {
      ready_.pop_back();
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

UpstreamConnection* TargetPool::connecting_for_many() {
  for (const auto& connection : connections_) {
    const std::size_t room = http2_ ? kCallsPerConnecting : 1;
    if (connection->connecting() && connection->attached() < room) return connection.get();
  }
  return nullptr;
}

UpstreamConnection& TargetPool::open() {
  connections_.push_back(std::make_unique<UpstreamConnection>(upstream_, *this));
  ++upstream_.shared_->connections;
  return *connections_.back();
}

std::size_t TargetPool::connecting() const {
  return static_cast<std::size_t>(
      std::count_if(connections_.begin(), connections_.end(),
                    [](const auto& connection) { return connection->connecting(); }));
}

void TargetPool::warm_up() {
  if (!keeps_idle()) return;
  const std::size_t wanted =
      std::min(upstream_.settings().warm_connections, upstream_.settings().max_connections);
  while (connections_.size() < wanted && connecting() < kMaxConnecting) open();
}

void TargetPool::retire() {
  retired_ = true;
  close_idle();
}

void TargetPool::close_idle() {
  std::vector<UpstreamConnection*> all;
  for (const auto& connection : connections_) all.push_back(connection.get());
  for (UpstreamConnection* connection : all) {
    if (connection->idle()) connection->retire();
  }
}

void TargetPool::has_room(UpstreamConnection& connection) {
  if (std::find(ready_.begin(), ready_.end(), &connection) == ready_.end())
    ready_.push_back(&connection);
}

void TargetPool::forget(UpstreamConnection& connection) {
  std::erase(ready_, &connection);
  const auto found =
      std::find_if(connections_.begin(), connections_.end(),
                   [&connection](const auto& owned) { return owned.get() == &connection; });
  if (found == connections_.end()) return;
  upstream_.loop().defer_delete(std::move(*found));
  connections_.erase(found);
  --upstream_.shared_->connections;
}

}  // namespace trackly::proxy
