#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/loop.h"
#include "gateway/net/connector.h"
#include "gateway/net/transport.h"
#include "gateway/store/redis_protocol.h"

namespace trackly::store {

/// What happens on a connection to Redis. An event may close() the connection.
class RedisConnectionEvents {
 public:
  RedisConnectionEvents() = default;
  RedisConnectionEvents(const RedisConnectionEvents&) = delete;
  RedisConnectionEvents& operator=(const RedisConnectionEvents&) = delete;
  virtual ~RedisConnectionEvents() = default;

  virtual void on_open() = 0;
  virtual void on_reply(RedisReply reply) = 0;
  /// It could not be made, broke, or said what is not RESP. Nothing follows.
  virtual void on_lost() = 0;
};

/// One connection: bytes out once a turn, replies in. It knows nothing of commands or deadlines.
class RedisConnection final : public Deferred, private net::TransportEvents {
 public:
  /// Starts to connect. `events` must outlive the connection or its close().
  RedisConnection(Loop& loop, net::Connector& connector, const net::Address& address,
                  Duration connect_timeout, RedisConnectionEvents& events);

  /// In on_lost(): why the transport failed; nothing where the peer closed it, or said what is not
  /// RESP.
  std::optional<net::TransportError> failure() const { return failure_; }

  /// Sends with the other bytes of this turn, in one write.
  void send(std::string_view bytes);

  /// No event follows; the socket closes when the turn is over. The only way to be rid of it.
  static void close(std::unique_ptr<RedisConnection> connection);

 private:
  void on_connected() override;
  void on_data(std::string_view bytes) override;
  void on_eof() override { lose(); }
  void on_writable() override { flush(); }
  void on_error(net::TransportError error) override {
    failure_ = error;
    lose();
  }

  void flush();
  void lose();

  Loop& loop_;
  RedisConnectionEvents* events_;  // nullptr once it is closed or lost
  RedisReplyReader reader_;
  std::string unsent_;
  bool flush_posted_ = false;
  std::optional<net::TransportError> failure_;
  std::unique_ptr<net::Transport> transport_;
};

}  // namespace trackly::store
