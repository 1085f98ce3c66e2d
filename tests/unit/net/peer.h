#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "gateway/net/event_loop.h"
#include "gateway/net/transport.h"

namespace trackly::net {

/// Writes down what happens on a transport; await() runs the loop until it has.
class Peer final : public TransportEvents {
 public:
  explicit Peer(EventLoop& loop) : loop_(loop) {}

  void on_connected() override { note("connected"); }
  void on_data(std::string_view bytes) override {
    received += bytes;
    note("data");
  }
  void on_eof() override { note("eof"); }
  void on_writable() override { note("writable"); }
  void on_error(TransportError error) override {
    last_error = error;
    note("error");
  }

  /// Unless it has happened since it was awaited last. The test's own time limit bounds the wait.
  void await(const std::string& event) {
    awaited_ = event;
    while (events_.erase(event) == 0) loop_.run();
    awaited_.clear();
  }
  bool has_seen(const std::string& event) const { return events_.contains(event); }
  void await_bytes(std::size_t count) {
    while (received.size() < count) await("data");
  }

  std::unique_ptr<Transport> transport;
  std::string received;
  std::optional<TransportError> last_error;

 private:
  void note(const std::string& event) {
    const bool is_new = events_.insert(event).second;
    if (is_new && event == awaited_) loop_.stop();
  }

  EventLoop& loop_;
  std::string awaited_;
  std::set<std::string> events_;
};

}  // namespace trackly::net
