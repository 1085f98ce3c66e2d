#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/curl.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wire.h"

namespace trackly::test {

/// API keys that every gateway of the tests knows, by what their account is.
namespace keys {
inline constexpr std::string_view kActive = "trk_Active00000000000000000000000001";
/// Another key of the same account.
inline constexpr std::string_view kActiveToo = "trk_Active00000000000000000000000002";
/// A key of another active account.
inline constexpr std::string_view kOther = "trk_Other000000000000000000000000001";
/// Of an account without any product or feature, that may send to numbers at +1 only.
inline constexpr std::string_view kRestricted = "trk_Restricted0000000000000000000001";
inline constexpr std::string_view kSuspended = "trk_Suspended00000000000000000000001";
inline constexpr std::string_view kBillingBlocked = "trk_Billing0000000000000000000000001";
inline constexpr std::string_view kFraudBlocked = "trk_Fraud000000000000000000000000001";
/// Well-formed, but no gateway knows it.
inline constexpr std::string_view kUnknown = "trk_Unknown0000000000000000000000001";
}  // namespace keys

/// "X-Api-Key: …"
std::string key_field(std::string_view key = keys::kActive);

/// What a test's gateway is configured with; everything else has the program's defaults.
struct GatewayConfig {
  std::string upstream = "http://127.0.0.1:9";
  std::vector<std::string> more_endpoints = {};  // of the same upstream
  /// Further keys of the upstream, as the inside of a YAML flow mapping; a later `timeouts` wins.
  std::string upstream_options = {};
  std::string timeouts = "connect: 1s, response: 10s";
  /// Further upstreams: lines such as "  media: {…}\n".
  std::string more_upstreams = {};
  int workers = 2;
  /// Path of the API description; empty: the shipped one.
  std::string api = {};
  /// The whole chain, lines such as "  - schema: {}\n"; empty: the usual one, as said below.
  std::string filters = {};
  std::string payload_limit = "max_bytes: 5MiB";
  /// Settings of the rate_limit filter as a YAML flow mapping; empty: it is not in the chain.
  std::string rate_limit = {};
  std::string tls_options = {};  // further settings of the TLS listener: ", client_ca: ca.crt"
  std::string api_key_store = "store: file, file: keys.yaml";
  std::string api_key_options = {};  // further settings of the api_key filter: ", forward: false"
  std::string error_options = {};    // further settings of `errors`: ", detail: true"
  std::string limits = {};           // the inside of `limits: {…}`
  /// Short, since many tests end with a request that a service left hanging.
  std::string drain_timeout = "1s";
  std::string more = {};                      // further top-level YAML
  std::vector<std::string> environment = {};  // "NAME=value", of the process
};

/// A line of the access log.
class LogLine {
 public:
  explicit LogLine(std::string json) : json_(std::move(json)) {}
  /// The value at a JSON Pointer, strings without their quotes, everything else as JSON; empty
  /// where there is none.
  std::string operator[](std::string_view pointer) const;
  bool has(std::string_view pointer) const;
  const std::string& json() const { return json_; }

 private:
  std::string json_;
};

/// A running trackly-gateway with a cleartext and a TLS listener on ports of the system's choice.
/// stop() ends it as an operator would, and so does the destructor, which fails the test where the
/// program crashed, hung or was found faulty by a sanitizer: only an orderly end looks for leaks.
class Gateway {
 public:
  /// Returns when the gateway is ready; throws std::runtime_error with its output when it ends or
  /// does not get ready.
  explicit Gateway(const GatewayConfig& config);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  std::uint16_t port(Downstream downstream) const { return is_tls(downstream) ? tls_ : plain_; }
  std::uint16_t port() const { return plain_; }

  /// One request through curl.
  CurlAnswer request(Downstream downstream, const CurlRequest& request) const {
    return curl(downstream, port(downstream), request);
  }
  /// Many requests through one curl, in turn.
  std::vector<CurlAnswer> request(Downstream downstream,
                                  const std::vector<CurlRequest>& requests) const {
    return curl_in_turn(downstream, port(downstream), requests);
  }
  /// A connection to send bytes on.
  std::unique_ptr<Wire> connect() const { return Wire::connect(plain_); }

  /// The access-log line of that request; nothing when none comes.
  std::optional<LogLine> log_of(std::string_view request_id);
  /// All lines so far.
  std::vector<LogLine> log() const;

  /// SIGHUP, with another configuration (whose listeners are the same ones). Returns when it is in
  /// force on every worker; false: the gateway has refused it, or says nothing.
  bool reload(const GatewayConfig& config);
  /// The same with the files as they are.
  bool reload();

  /// SIGTERM; returns the exit code, nothing when it does not end.
  std::optional<int> stop();
  Process& process() { return *process_; }
  const TempDir& directory() const { return directory_; }

 private:
  TempDir directory_;
  std::unique_ptr<Process> process_;
  std::uint16_t plain_ = 0;
  std::uint16_t tls_ = 0;
  std::size_t reloads_ = 0;
};

/// Path of the program under test.
std::string gateway_program();
/// Writes the configuration with the files that it names; returns its path.
std::string write_config(const TempDir& directory, const GatewayConfig& config);

}  // namespace trackly::test
