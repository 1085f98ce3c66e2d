#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/http_message.h"

namespace trackly::test {

/// The usual answer of a healthy service.
inline constexpr std::string_view kAccepted =
    R"({"success":true,"message_id":"AbC12345","status":"queued"})";

/// What a service does with one complete request, on either protocol. The default is the usual
/// healthy answer.
struct Reaction {
  enum class Kind : std::uint8_t {
    answer,
    hang,              // takes the request and says nothing
    close_connection,  // FIN
    abort_connection,  // RST
    malformed_head,    // an answer whose status is not a number
    // HTTP/1.1 only:
    partial_head,  // some bytes of the head, then FIN
    // HTTP/2 only:
    reset_stream,    // RST_STREAM(INTERNAL_ERROR)
    refuse_stream,   // RST_STREAM(REFUSED_STREAM), as soon as the head is there
    exclude_stream,  // GOAWAY with the last stream before this one, as soon as the head is there
  };
  Kind kind = Kind::answer;

  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields = {{"content-type", "application/json"}};
  std::string body = std::string(kAccepted);
  std::vector<std::pair<std::string, std::string>> trailers = {};

  /// Of an answer: complete, or how it breaks off after `body`, of which more was promised.
  enum class Then : std::uint8_t {
    end,
    hang,
    close_connection,
    abort_connection,
    reset_stream,  // HTTP/2 only
  };
  Then then = Then::end;
};

/// May be called from several connections' threads at once; `nth` counts a service's requests from
/// 0.
using React = std::function<Reaction(const HttpMessage& request, std::size_t nth)>;

/// The same for every request.
inline React always(Reaction reaction) {
  return [reaction](const HttpMessage&, std::size_t) { return reaction; };
}

}  // namespace trackly::test
