#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/fake_service.h"

namespace trackly::test {

/// What an HTTP/2 service does with one request. The default is the usual healthy answer.
struct H2Reaction {
  enum class Kind : std::uint8_t {
    answer,
    hang,            // takes the request and says nothing
    refuse_stream,   // RST_STREAM(REFUSED_STREAM)
    exclude_stream,  // GOAWAY with the last stream before this one, then close
    reset_stream,    // RST_STREAM(INTERNAL_ERROR)
    close_connection,
    abort_connection,  // RST
  };
  Kind kind = Kind::answer;
  /// With an answer that breaks off (see `then`): the head and this part of the body go out before.
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields = {{"content-type", "application/json"}};
  std::string body = std::string(kAccepted);
  std::vector<std::pair<std::string, std::string>> trailers;
  /// Of an answer: nothing more (end of stream), or how it breaks off after `body`.
  enum class Then : std::uint8_t { end, hang, reset_stream, close_connection, abort_connection };
  Then then = Then::end;
};

/// A service that speaks cleartext HTTP/2 (prior knowledge). Each request is recorded and judged
/// when it is complete; refusals are sent as soon as its head is there.
class FakeH2Service {
 public:
  /// May be called from several connections' threads at once. `nth` counts requests from 0.
  using React = std::function<H2Reaction(const HttpMessage& request, std::size_t nth)>;

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
