#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/api/exchange.h"
#include "gateway/api/loop.h"
#include "gateway/http/codec.h"
#include "gateway/proxy/balancer.h"
#include "gateway/proxy/body_pipe.h"
#include "gateway/proxy/target.h"

namespace trackly::proxy {

class Upstream;
class TargetPool;
class UpstreamConnection;

/// Why a call came to nothing, and whether it is safe to repeat.
struct CallFailure {
  UpstreamFailure reason = UpstreamFailure::none;
  /// A byte of the request reached a connection that could have passed it on, and nobody said that
  /// it was not processed.
  bool delivered = false;
  /// The connection had served a request before, and ended without a word about this one: the
  /// service may have closed it for having been idle.
  bool stale = false;
};

/// What a call tells the stream, from inside begin() on. An event may destroy the call.
class UpstreamCallEvents {
 public:
  UpstreamCallEvents() = default;
  UpstreamCallEvents(const UpstreamCallEvents&) = delete;
  UpstreamCallEvents& operator=(const UpstreamCallEvents&) = delete;
  virtual ~UpstreamCallEvents() = default;

  /// A connection took the request's head: its body may follow.
  virtual void on_call_started() = 0;
  /// send_body() would take bytes again.
  virtual void on_call_room() = 0;
  virtual void on_response_informational(Head head) = 0;
  virtual void on_response_head(Head head, bool end) = 0;
  virtual void on_response_body(std::string_view bytes) = 0;
  /// Not after on_response_head(…, end = true).
  virtual void on_response_end(std::optional<FieldList> trailers) = 0;
  /// Instead of the rest. Nothing follows.
  virtual void on_call_failed(CallFailure failure) = 0;
};

/// One request to the service, from waiting for a connection to the end of the response. Destroying
/// it cancels it.
class UpstreamCall final : public BodySink, public BodySource {
 public:
  ~UpstreamCall() override;

  /// Sends the head on a connection that has room, now or as soon as there is one. Once.
  void begin();

  // Requires, for the next two: on_call_started() came.
  std::size_t send_body(std::string_view bytes, bool end) override;
  void send_trailers(const FieldList& trailers) override;
  void credit(std::size_t bytes) override;

  /// The target that was asked last; nullptr before the first one was.
  Target* target() const { return target_.get(); }
  /// Connections that were tried for it.
  int attempts() const { return attempts_; }
  /// A connection has its head.
  bool has_started() const { return id_ != 0; }
  /// The whole request is with the connection.
  bool request_ended() const { return request_ended_; }
  /// Whether anything of it may have reached the service by now.
  bool delivered() const;
  /// The service has not answered in time. A connection on which nothing has come since the request
  /// went out may lead nowhere any more, so it takes no further calls.
  void note_timeout();
  /// How it went, for the target's ejection. What went wrong before a connection stood is known
  /// already.
  void note_success();
  void note_failure(UpstreamFailure reason);

 private:
  friend class Upstream;
  friend class UpstreamConnection;

  UpstreamCall(Upstream& upstream, Head head, bool end, UpstreamCallEvents& events,
               const Target* avoid)
      : upstream_(upstream),
        events_(events),
        head_(std::move(head)),
        ends_with_head_(end),
        avoided_(avoid) {}

  // By the upstream, while the call waits.
  void start_waiting(Loop& loop, Duration timeout);
  // By the connection.
  void attached(UpstreamConnection& connection);
  void started(UpstreamConnection& connection, http::StreamId id, bool reused);
  void response_ended() { response_ended_ = true; }
  /// The connection is done with it; the owner still holds it.
  void detach();
  void fail(UpstreamFailure reason, bool delivered, bool stale = false);

  Upstream& upstream_;
  UpstreamCallEvents& events_;
  Head head_;
  const bool ends_with_head_;
  const Target* const avoided_;

  void enter(UpstreamConnection& connection);
  bool has_tried(const std::shared_ptr<Target>& target) const;

  UpstreamConnection* connection_ = nullptr;  // while on one, connecting included
  Load* load_ = nullptr;                      // that it counts for, as long
  http::StreamId id_ = 0;                     // 0 until started
  bool waiting_ = false;                      // in the upstream's queue
  std::unique_ptr<Timer> wait_deadline_;

  std::shared_ptr<Target> target_;
  std::vector<std::shared_ptr<Target>> tried_;  // in vain: they could not be connected to
  UpstreamFailure connect_failure_ = UpstreamFailure::none;  // of the last one of them
  int attempts_ = 0;
  // The connection's counts when the head was given to it.
  std::uint64_t produced_before_ = 0;
  std::uint64_t received_before_ = 0;
  bool reused_ = false;
  bool request_ended_ = false;
  bool heard_ = false;  // anything of the response, interim ones included
  bool response_begun_ = false;
  bool response_ended_ = false;
};

}  // namespace trackly::proxy
