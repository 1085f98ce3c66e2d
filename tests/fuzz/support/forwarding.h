#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/exchange.h"
#include "gateway/proxy/body_pipe.h"
#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/watched_codec.h"
#include "tests/support/manual_loop.h"

namespace trackly::fuzz {

/// A gateway without filters and sockets: a server's codec, and for each request that it accepts a
/// connection of its own to a service that speaks HTTP/1.1, over the same functions as in the
/// program.
class Forwarding final : private http::CodecEvents {
 public:
  /// A request that was accepted: what the gateway believed it to be, and what it wrote.
  struct Forwarded {
    Head request;
    std::string body;
    FieldList trailers;
    bool complete = false;
    std::string written;  // to the service
  };

  /// `later`: the service's connection is there when receive() has returned.
  Forwarding(Version version, const http::CodecLimits& limits, bool later);
  ~Forwarding() override;

  void receive(std::string_view bytes, Cuts& cuts);
  void end();

  /// In the order of their heads.
  std::vector<const Forwarded*> requests() const;

 private:
  class Call;

  void on_head(http::StreamId id, Head head, bool end) override;
  void on_informational(http::StreamId, Head) override {}
  void on_bad_head(http::StreamId id, Head, http::HeadFault) override { to_refuse_.push_back(id); }
  void on_bad_body(http::StreamId id) override { to_refuse_.push_back(id); }
  void on_body(http::StreamId id, std::string_view bytes) override;
  void on_trailers(http::StreamId id, FieldList trailers) override;
  void on_end(http::StreamId id) override;
  void on_room(http::StreamId) override {}
  void on_reset(http::StreamId, http::PeerReset) override {}
  void on_done(http::StreamId) override {}
  void on_closing() override {}

  void turn();
  void answer(http::StreamId id, int status);

  const bool later_;
  test::ManualLoop loop_;
  std::map<http::StreamId, std::unique_ptr<Call>> calls_;
  std::vector<http::StreamId> to_refuse_;
  std::string output_;
  bool failed_ = false;
  bool took_all_ = true;
  WatchedCodec codec_;
};

/// Every request that was forwarded is one message to another reader, and the one that the gateway
/// believed to forward.
void require_faithful(const Forwarding::Forwarded& forwarded);

}  // namespace trackly::fuzz
