#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "tests/support/fake_service.h"
#include "tests/support/reaction.h"

namespace trackly::test {

/// A service that speaks cleartext HTTP/2 (prior knowledge). Each request is recorded and judged
/// when it is complete; refusals are sent as soon as its head is there.
class FakeH2Service {
 public:
  /// `max_concurrent_streams` is what SETTINGS announce.
  explicit FakeH2Service(React react, std::uint32_t max_concurrent_streams = 100);

  /// As an endpoint of the gateway's configuration.
  const std::string& url() const { return url_; }
  const RequestLog& requests() const { return requests_; }
  int connections() const { return acceptor_.connections(); }

 private:
  FakeH2Service(React react, std::uint32_t max_concurrent_streams, int listening_fd);

  std::string url_;
  RequestLog requests_;
  std::atomic<std::size_t> requests_seen_{0};
  Acceptor acceptor_;  // last: its threads use the rest
};

}  // namespace trackly::test
