#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "gateway/proxy/codec_connection.h"
#include "gateway/proxy/upstream_call.h"

namespace trackly::proxy {

class TargetPool;

/// A connection to one target of the service: connecting first, then carrying calls, one at a time
/// over HTTP/1.1, many over HTTP/2.
class UpstreamConnection final : public CodecConnection {
 public:
  /// Begins to connect. Both outlive it, the pool until it has called forget().
  UpstreamConnection(Upstream& upstream, TargetPool& pool);
  ~UpstreamConnection() override;

  /// Requires: still connecting. The call starts when the connection stands.
  void attach(UpstreamCall& call);
  std::size_t attached() const { return attached_.size(); }
  bool connecting() const { return connecting_ && !broken_; }

  /// How many calls may start now. Requires: connected.
  std::size_t room();
  /// Requires: room() > 0.
  void start(UpstreamCall& call);
  /// The owner of the call is gone.
  void abandon(UpstreamCall& call);

  /// False when the peer closed it while it lay idle.
  bool usable() { return !at_eof() && transport().usable(); }
  bool idle() const { return !connecting_ && calls_.empty(); }
  /// Takes no further calls; closes when the last one ends.
  void retire();

  TargetPool& pool() { return pool_; }

 private:
  // net::TransportEvents
  void on_connected() override;
  void on_error(net::TransportError error) override;

  // CodecConnection
  void on_flushed() override;
  void on_closed() override;
  void on_write_timeout() override;
  void on_codec_finished() override { close(/*abortive=*/false); }

  // http::CodecEvents
  void on_head(http::StreamId id, Head head, bool end) override;
  void on_informational(http::StreamId id, Head head) override;
  void on_bad_head(http::StreamId, Head, http::HeadFault) override {}
  void on_bad_body(http::StreamId) override {}
  void on_body(http::StreamId id, std::string_view bytes) override;
  void on_trailers(http::StreamId id, FieldList trailers) override;
  void on_end(http::StreamId id) override;
  void on_room(http::StreamId id) override;
  void on_reset(http::StreamId id, http::PeerReset reset) override;
  void on_done(http::StreamId id) override;
  void on_closing() override { closing_ = true; }

  UpstreamCall* find(http::StreamId id);
  bool is_stale(const UpstreamCall& call) const;
  void fail_attached(UpstreamFailure reason);
  void fail_unheard();
  void drop_leftovers();

  Upstream& upstream_;
  TargetPool& pool_;
  std::unique_ptr<Timer> idle_deadline_;
  std::vector<UpstreamCall*> attached_;
  /// nullptr: answered, and nobody is left who sends the rest of the request.
  std::unordered_map<http::StreamId, UpstreamCall*> calls_;
  std::unordered_map<http::StreamId, FieldList> trailers_;
  UpstreamFailure why_closed_ = UpstreamFailure::connection_closed;
  bool connecting_ = true;
  bool http2_ = false;
  bool used_ = false;
  bool closing_ = false;
  bool broken_ = false;
};

}  // namespace trackly::proxy
