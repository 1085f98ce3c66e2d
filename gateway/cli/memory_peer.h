#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/api/loop.h"
#include "gateway/http/codec.h"
#include "gateway/net/connector.h"
#include "gateway/net/transport.h"

namespace trackly::cli {

/// Our end of a connection in cleartext whose other end is in this process.
class MemoryTransport : public net::Transport {
 public:
  explicit MemoryTransport(std::string peer_address) : peer_address_(std::move(peer_address)) {}

  void set_events(net::TransportEvents* events) override { events_ = events; }
  void set_reading(bool) override {}
  bool usable() const override { return true; }
  bool is_delivered() const override { return true; }
  void shutdown_write() override {}
  void abort() override {}
  std::string_view alpn() const override { return {}; }
  bool is_tls() const override { return false; }
  const std::string& peer_subject() const override { return no_subject_; }
  const std::string& peer_address() const override { return peer_address_; }

 protected:
  net::TransportEvents& events() { return *events_; }

 private:
  const std::string peer_address_;
  const std::string no_subject_;
  net::TransportEvents* events_ = nullptr;
};

/// A request as it came over a wire.
struct WireRequest {
  std::string head;  // up to the empty line, which is not in it
  std::uint64_t body_bytes = 0;
  bool complete = false;
  bool malformed = false;  // its head, or the framing of its body
};

/// Reads one HTTP/1.1 request after the other, and answers each with 204 if somebody takes that.
class RequestReader final : private http::CodecEvents {
 public:
  RequestReader();
  ~RequestReader() override;

  /// Returns how many bytes were taken: all, unless a request ends before and was not answered.
  std::size_t feed(std::string_view bytes);
  /// The latest one; nullopt: no head has come yet.
  const std::optional<WireRequest>& request() const { return request_; }
  /// What is to be sent back; empty: nothing for now.
  std::string take_answer();

 private:
  void on_head(http::StreamId id, Head head, bool end) override;
  void on_informational(http::StreamId, Head) override {}
  void on_bad_head(http::StreamId id, Head head, http::HeadFault fault) override;
  void on_bad_body(http::StreamId id) override;
  void on_body(http::StreamId id, std::string_view bytes) override;
  void on_trailers(http::StreamId, FieldList) override {}
  void on_end(http::StreamId id) override;
  void on_room(http::StreamId) override {}
  void on_reset(http::StreamId, http::PeerReset) override {}
  void on_done(http::StreamId) override {}
  void on_closing() override {}

  void begin();

  std::string wire_;  // since the last request ended
  std::optional<WireRequest> request_;
  const std::unique_ptr<http::Codec> codec_;
};

/// Leads to a service in this process, whatever the address: it takes every request and answers
/// 204.
class MemoryConnector final : public net::Connector {
 public:
  /// Called with each request that the service has in full; both outlive the connector's
  /// transports.
  using Received = std::function<void(const WireRequest&)>;
  MemoryConnector(Loop& loop, Received received) : loop_(loop), received_(std::move(received)) {}

  std::unique_ptr<net::Transport> connect(const net::Address& address, Duration timeout,
                                          net::TransportEvents& events) override;

 private:
  class Service;

  Loop& loop_;
  const Received received_;
};

}  // namespace trackly::cli
