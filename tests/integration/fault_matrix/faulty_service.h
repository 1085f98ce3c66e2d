#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "tests/integration/fault_matrix/fault.h"
#include "tests/support/fake_service.h"
#include "tests/support/tls_server.h"

namespace trackly::test {

/// A service at one address that plays one script after another, each on connections of its own.
class FaultyService {
 public:
  struct Script {
    Stage stage = Stage::whole_request;
    Fault fault;
    bool streamed = false;   // requests have a body of which a part comes first
    int healthy_before = 0;  // so many requests are answered as they should be
    int faulty = 1;          // so many then meet the fault, and the rest are answered again
  };

  explicit FaultyService(Link link);
  ~FaultyService();
  FaultyService(const FaultyService&) = delete;
  FaultyService& operator=(const FaultyService&) = delete;

  /// As an endpoint of the gateway's configuration.
  std::string url() const;
  /// Path of the certificates that vouch for the service; empty without TLS.
  const std::string& authorities() const { return authorities_; }

  void play(Script script);
  /// Where the client is to see the head of the answer first, and before a connection goes bad
  /// while it is idle: the fault waits for this.
  void proceed();
  /// When the fault has happened, false where it does not come to that.
  bool wait_until_played();
  /// Ends the connections of the script.
  void stop();

  /// Requests that came since play(), also those that were not read.
  int requests() const;

 private:
  enum class Turn : std::uint8_t { healthy, faulty };
  class H2Session;

  void serve(Wire& wire);
  bool shake_hands(Wire& wire);
  void serve_h1(Wire& wire);
  void serve_h2(Wire& wire);
  void fail_h1(Wire& wire);
  Turn next_turn();
  bool all_healthy_served() const;
  void wait_to_proceed();
  /// The fault itself, the bytes sent already.
  void finish(Wire& wire);

  const Link link_;
  TempDir directory_;
  std::string authorities_;
  std::unique_ptr<TlsServerContext> contexts_[4];  // by Fault::Certificate
  std::unique_ptr<TlsServerContext> other_protocol_;
  int listening_fd_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Script script_;
  int requests_ = 0;
  bool proceeding_ = false;
  bool played_ = false;
  bool stopped_ = false;

  std::unique_ptr<Acceptor> acceptor_;  // last: its threads use the rest
};

}  // namespace trackly::test
