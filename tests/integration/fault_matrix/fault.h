#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/wire.h"
#include "tests/unit/http/h2_wire.h"

namespace trackly::test {

/// How the gateway speaks to the service.
enum class Link : std::uint8_t { http, h2c, https_h1, https_h2 };
inline constexpr Link kEveryLink[] = {Link::http, Link::h2c, Link::https_h1, Link::https_h2};
constexpr bool is_tls(Link link) { return link == Link::https_h1 || link == Link::https_h2; }
constexpr bool is_h2(Link link) { return link == Link::h2c || link == Link::https_h2; }

/// How far a request has come when the service fails.
enum class Stage : std::uint8_t {
  connecting,
  handshake,
  unread,           // the service has read nothing of it
  part_of_request,  // the head, and of a streamed body a part
  whole_request,
  after_continue,  // after an interim answer 100
  after_hints,     // after an interim answer 103
  part_of_head,    // of the answer
  error_body,      // within the body of a 500, which is held until it is judged
  unavailable_body,
  body,              // within a body whose length is known
  chunks,            // HTTP/1.1: within a chunked body
  body_until_close,  // HTTP/1.1: within a body that ends with the connection
  end_of_body,       // all of it is there, but for its end
  idle,              // between two requests
};

/// What a fault amounts to. All that follows for a client is derived from this and the stage.
enum class Effect : std::uint8_t {
  none,           // an answer that is passed on
  ends,           // the connection or the stream is over
  malformed,      // what comes cannot be understood
  silent,         // nothing comes any more
  not_processed,  // the service says so
  foreign,        // a 5xx that is not the documented error JSON, but for 503
  unavailable,    // such a 503
  // Of connecting and of the handshake:
  unresolved,
  refused,
  not_accepted,
  no_tls,
  bad_certificate,
};

struct Fault {
  enum class Then : std::uint8_t { stays, ends, ends_without_notice, resets };

  std::string_view name;
  Effect effect = Effect::none;
  /// Sent when the stage is reached; HTTP/1.1 ignores both arguments.
  std::function<std::string(H2Wire& wire, std::int32_t stream)> bytes = {};
  Then then = Then::stays;
  int status = 200;  // of the answer that is passed on
  std::string body = {};
  // Of a handshake that fails: the one thing that is not as it should be.
  enum class Certificate : std::uint8_t { good, of_another_name, of_nobody, expired };
  Certificate certificate = Certificate::good;
  std::string_view protocol = {};  // that ALPN insists on
};

/// What a service of that link can do wrong in that stage; empty where there is no such stage.
/// `fault.cc` has what both protocols have in common, `h1_faults.cc` and `h2_faults.cc` the rest.
std::vector<Fault> faults_of(Link link, Stage stage);
std::vector<Fault> h1_faults(Stage stage);
std::vector<Fault> h2_faults(Stage stage);

/// What the service sends for the request to reach that stage.
std::string h1_prelude(Stage stage);
std::string h2_prelude(Stage stage, H2Wire& wire, std::int32_t stream);

/// The body of answers that break off, as far as it gets.
inline constexpr std::string_view kHalf = R"({"half":"of it",)";
/// How long it was to be.
inline constexpr std::size_t kPromised = 1000;

std::string_view to_string(Link link);
std::string_view to_string(Stage stage);

}  // namespace trackly::test
