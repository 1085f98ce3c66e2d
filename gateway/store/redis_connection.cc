#include "gateway/store/redis_connection.h"

#include <optional>
#include <utility>

namespace trackly::store {

RedisConnection::RedisConnection(Loop& loop, net::Connector& connector, const net::Address& address,
                                 Duration connect_timeout, RedisConnectionEvents& events)
    : loop_(loop),
      events_(&events),
      transport_(connector.connect(address, connect_timeout, *this)) {}

void RedisConnection::close(std::unique_ptr<RedisConnection> connection) {
  if (connection == nullptr) return;
  connection->events_ = nullptr;
  Loop& loop = connection->loop_;
  loop.defer_delete(std::move(connection));
}

void RedisConnection::send(std::string_view bytes) {
  unsent_ += bytes;
  if (flush_posted_) return;
  flush_posted_ = true;
  // Safe, because close() keeps the connection until the tasks of the turn have run.
  loop_.post([this] {
    flush_posted_ = false;
    flush();
  });
}

void RedisConnection::flush() {
  if (events_ == nullptr || unsent_.empty()) return;
  unsent_.erase(0, transport_->write(unsent_));
}

void RedisConnection::on_connected() {
  if (events_ != nullptr) events_->on_open();
}

void RedisConnection::on_data(std::string_view bytes) {
  reader_.feed(bytes);
  while (events_ != nullptr) {
    Result<std::optional<RedisReply>> reply = reader_.next();
    if (!reply) return lose();
    if (!*reply) return;
    events_->on_reply(std::move(**reply));
  }
}

void RedisConnection::lose() {
  if (events_ != nullptr) std::exchange(events_, nullptr)->on_lost();
}

}  // namespace trackly::store
