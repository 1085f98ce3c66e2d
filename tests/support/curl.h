#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/http_message.h"

namespace trackly::test {

/// How a client speaks to the gateway.
enum class Downstream : std::uint8_t { h1, h2, tls_h1, tls_h2 };
inline constexpr Downstream kEveryDownstream[] = {Downstream::h1, Downstream::h2,
                                                  Downstream::tls_h1, Downstream::tls_h2};

/// As in the names of tests: "H1", "H2", "TlsH1", "TlsH2".
std::string_view to_string(Downstream downstream);
constexpr bool is_tls(Downstream downstream) {
  return downstream == Downstream::tls_h1 || downstream == Downstream::tls_h2;
}
constexpr bool is_h2(Downstream downstream) {
  return downstream == Downstream::h2 || downstream == Downstream::tls_h2;
}

/// One request for curl to make.
struct CurlRequest {
  std::string method = "GET";
  std::string path = "/";
  std::vector<std::string> fields = {};   // "Name: value"
  std::string body = {};                  // sent byte for byte
  std::vector<std::string> options = {};  // further arguments of curl
};

/// What curl got: the final answer, interim ones left out.
struct CurlAnswer : HttpMessage {
  int exit_code = -1;  // 0: the whole answer came
  std::string error;   // what curl said about it
};

/// Runs curl against 127.0.0.1. `port` speaks TLS where the downstream says so.
CurlAnswer curl(Downstream downstream, std::uint16_t port, const CurlRequest& request);

/// One curl makes all these requests, one after the other, on as few connections as it can: for
/// tests that make hundreds. The requests' own `options` are not used.
std::vector<CurlAnswer> curl_in_turn(Downstream downstream, std::uint16_t port,
                                     const std::vector<CurlRequest>& requests);

}  // namespace trackly::test
