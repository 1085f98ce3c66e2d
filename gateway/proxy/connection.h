#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "gateway/http/codec.h"
#include "gateway/proxy/codec_connection.h"
#include "gateway/proxy/context.h"
#include "gateway/proxy/rate_budget.h"

namespace trackly::proxy {

class Connection;
class Stream;

/// Who keeps the connections of a worker.
class ConnectionOwner {
 public:
  ConnectionOwner() = default;
  ConnectionOwner(const ConnectionOwner&) = delete;
  ConnectionOwner& operator=(const ConnectionOwner&) = delete;
  virtual ~ConnectionOwner() = default;
  /// Hand it to Loop::defer_delete: its methods are on the stack.
  virtual void on_connection_closed(Connection& connection) = 0;
};

/// A client's connection: finds out which protocol it speaks, carries its streams, and closes so
/// that the client can read the last answer.
class Connection final : public CodecConnection {
 public:
  /// `place` is what counts it among the connections of the process.
  Connection(Context& context, ConnectionOwner& owner, std::unique_ptr<net::Transport> transport,
             std::shared_ptr<const void> place);
  ~Connection() override;

  /// Takes no new requests (two steps on HTTP/2); closes when the last one has ended.
  void drain();
  /// Closes now; requests that are under way are cut.
  void close_now() { close(/*abortive=*/false); }

  // By streams.
  /// Ends an answer that cannot be finished so that the client can tell.
  void cut(http::StreamId id, bool abortive);
  /// The stream has ended; it is destroyed at the end of this turn.
  void release(http::StreamId id);
  const std::string& peer_subject() { return transport().peer_subject(); }
  const std::string& peer_address() { return transport().peer_address(); }
  bool is_tls() { return transport().is_tls(); }

  std::size_t stream_count() const { return streams_.size(); }

 private:
  enum class Deadline : std::uint8_t { none, first_request, head, idle, linger };

  // net::TransportEvents
  void on_connected() override;
  void on_data(std::string_view bytes) override;

  // CodecConnection
  void on_flushed() override;
  void on_codec_finished() override;
  void on_closed() override;
  void on_write_timeout() override;

  // http::CodecEvents
  void on_head(http::StreamId id, Head head, bool end) override;
  void on_informational(http::StreamId, Head) override {}
  void on_bad_head(http::StreamId id, Head head, http::HeadFault fault) override;
  void on_bad_body(http::StreamId id) override;
  void on_body(http::StreamId id, std::string_view bytes) override;
  void on_trailers(http::StreamId id, FieldList trailers) override;
  void on_end(http::StreamId id) override;
  void on_room(http::StreamId id) override;
  void on_reset(http::StreamId id, http::PeerReset reset) override;
  void on_done(http::StreamId id) override;
  void on_closing() override {}

  void begin(bool h2);
  void detect_protocol(std::string_view bytes);
  Stream* find(http::StreamId id);
  Stream& add_stream(http::StreamId id);
  void judge_costs();
  void note(observe::Incident incident);
  void wait_for(Deadline what);
  void on_deadline();
  void look_at_delivery();
  void set_undelivered(bool undelivered);
  void end_being_busy();

  Context& context_;
  ConnectionOwner& owner_;
  const std::shared_ptr<const void> place_;
  std::unordered_map<http::StreamId, std::unique_ptr<Stream>> streams_;
  std::string first_bytes_;  // until the protocol is known
  std::unique_ptr<Timer> deadline_;
  Deadline awaited_ = Deadline::none;
  std::unique_ptr<Timer> stream_linger_;  // HTTP/2 streams that were refused while still sending
  bool stream_linger_armed_ = false;
  std::unique_ptr<Timer> drain_step_;
  std::unique_ptr<Timer> delivery_look_;
  RateBudget resets_;
  RateBudget overhead_;
  http::PeerCosts judged_;                         // so far
  std::uint64_t judged_written_ = 0;               // bytes, then
  std::string_view gone_because_ = "client_gone";  // for the log of its streams
  bool h2_ = false;
  bool half_closed_ = false;
  bool busy_ = true;
  bool undelivered_ = false;
  bool draining_ = false;
  bool abort_when_flushed_ = false;
};

}  // namespace trackly::proxy
