#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/http_message.h"
#include "tests/support/reaction.h"
#include "tests/support/wire.h"

namespace trackly::test {

/// What a service received, collected across its threads.
class RequestLog {
 public:
  void add(HttpMessage request);
  std::vector<HttpMessage> all() const;
  std::size_t size() const;
  /// The n-th request, once it is there; nothing when it does not come in time.
  std::optional<HttpMessage> wait_for(std::size_t n, Milliseconds timeout = kPatience) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable added_;
  std::vector<HttpMessage> requests_;
};

/// Accepts connections and gives each one to `serve` on a thread of its own. Whoever waits on a
/// Wire is woken when this is destroyed.
class Acceptor {
 public:
  using Serve = std::function<void(Wire&)>;

  /// Takes the listening socket over.
  Acceptor(int listening_fd, Serve serve);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  int connections() const;
  int stop_fd() const { return stop_fd_; }

 private:
  void accept_connections();

  int listening_fd_;
  int stop_fd_;
  Serve serve_;
  mutable std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

/// A service that speaks HTTP/1.1 and does what its script says with every connection.
class FakeService {
 public:
  /// Runs once per connection; the connection closes when it returns.
  using Script = std::function<void(FakeService&, Wire&)>;

  /// On a free port of 127.0.0.1.
  explicit FakeService(Script script);
  /// On a unix socket.
  FakeService(Script script, const std::string& unix_path);

  /// As an endpoint of the gateway's configuration.
  const std::string& url() const { return url_; }
  /// Reads a request from the connection and remembers it.
  HttpMessage receive(Wire& wire);
  const RequestLog& requests() const { return requests_; }
  int connections() const { return acceptor_.connections(); }

 private:
  FakeService(Script script, int listening_fd, std::string url);

  std::string url_;
  RequestLog requests_;
  Acceptor acceptor_;  // last: its threads use the rest
};

/// Answers every request of every connection with these bytes.
FakeService::Script answering(std::string message);
/// Answers every request with 200 and kAccepted.
FakeService::Script accepting();
/// Does with every request what `react` says.
FakeService::Script reacting(React react);

}  // namespace trackly::test
