#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/api/node.h"

namespace trackly {

// What an operator can set, with its defaults in place; config/gateway.yaml explains each key, and
// config/settings_reader.cc fills these structs. Times are durations, sizes are bytes.

struct CertificateSettings {
  std::string certificate;  // path of a PEM file, the chain after the leaf
  std::string private_key;  // path of a PEM file

  bool operator==(const CertificateSettings&) const = default;
};

struct TlsSettings {
  /// For clients that ask for no name, or for one that no other certificate is for.
  CertificateSettings main;
  /// For those that ask for a name of theirs.
  std::vector<CertificateSettings> others;
  /// Path of a PEM file: clients need a certificate that one of these vouches for; empty: none do.
  std::string client_ca;
};

struct ListenerSettings {
  std::string address;  // "host:port", "[v6]:port" or "unix:/path"
  std::optional<TlsSettings> tls;
  Mark mark;
};

/// Where connections to the service go: a TCP address, a name that stands for one or several of
/// them, or a unix socket.
struct EndpointSettings {
  /// https: HTTP/2 or HTTP/1.1, as ALPN agrees.
  enum class Protocol : std::uint8_t { http1, h2c, https };
  Protocol protocol = Protocol::http1;
  std::string host;  // name or address; empty for a unix socket
  std::uint16_t port = 0;
  std::string unix_path;     // empty for TCP
  std::uint32_t weight = 1;  // its share of the requests, relative to the others'
  std::string text;          // as configured, for logs
  Mark mark;

  bool operator==(const EndpointSettings&) const = default;
};

/// How TLS servers are verified (https:// endpoints, rediss://), and what they are shown.
struct UpstreamTlsSettings {
  /// Path of a PEM file with the authorities that may vouch for the service; empty: the system's.
  std::string ca;
  /// The name that is asked for (SNI) and that the certificate must be for; empty: the endpoint's
  /// host.
  std::string server_name;
  std::optional<CertificateSettings> client_certificate;

  bool operator==(const UpstreamTlsSettings&) const = default;
};

/// Active checks of each address of an upstream.
struct HealthCheckSettings {
  std::string path = "/healthz";
  std::string host;  // Host field; empty: the endpoint's host and port
  std::chrono::nanoseconds interval = std::chrono::seconds(5);
  /// For connecting, asking and the head of the answer together.
  std::chrono::nanoseconds timeout = std::chrono::seconds(1);
  std::uint32_t failures = 3;  // so many in a row take an address out of use
  std::uint32_t passes = 2;    // so many in a row bring it back

  bool operator==(const HealthCheckSettings&) const = default;
};

/// Passive checks: how requests went.
struct EjectionSettings {
  std::uint32_t consecutive_failures = 5;
  /// How long an address then gets no requests, if there is another that does.
  std::chrono::nanoseconds eject_for = std::chrono::seconds(10);

  bool operator==(const EjectionSettings&) const = default;
};

struct RetrySettings {
  std::uint32_t limit = 2;  // times that one request is repeated
  /// Repeats beyond ten a second are allowed for this share of the requests.
  std::uint32_t budget_percent = 20;

  bool operator==(const RetrySettings&) const = default;
};

struct CircuitBreakerSettings {
  /// This many failures without a success between them open it.
  std::uint32_t consecutive_failures = 5;
  /// As does this share of the requests within the window, if there were enough; 0: no share does.
  std::uint32_t failure_percent = 0;
  std::chrono::nanoseconds window = std::chrono::seconds(10);
  std::uint32_t minimum_requests = 20;
  std::chrono::nanoseconds open_for = std::chrono::seconds(10);

  bool operator==(const CircuitBreakerSettings&) const = default;
};

struct UpstreamSettings {
  enum class Balance : std::uint8_t { least_requests, round_robin };

  std::string name;
  std::vector<EndpointSettings> endpoints;
  Balance balance = Balance::least_requests;
  /// Path prefixes, in whole segments, whose operations this upstream serves; the longest one wins,
  /// and what no upstream has is served by the first one (gateway/api/upstream_for.h).
  std::vector<std::string> paths;
  UpstreamTlsSettings tls;
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(1);
  /// The TLS handshake, after connecting.
  std::chrono::nanoseconds handshake_timeout = std::chrono::seconds(2);
  /// From the whole request sent to the response head.
  std::chrono::nanoseconds response_timeout = std::chrono::seconds(30);
  /// Between two pieces of a response body.
  std::chrono::nanoseconds body_timeout = std::chrono::seconds(30);
  /// From the end of the filters to the end of the answer; zero: no limit.
  std::chrono::nanoseconds request_timeout{};
  /// A request field in which clients say how long they wait, from the request's head on:
  /// milliseconds, or a number with a unit. It cannot lengthen request_timeout. Empty: there is
  /// none.
  std::string timeout_field;
  /// An unused pooled connection is closed after this time; keep it below the service's own.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(60);
  /// How long a request waits for a free connection.
  std::chrono::nanoseconds queue_timeout = std::chrono::seconds(1);
  /// Per address and worker.
  std::size_t max_connections = 256;
  /// Connections that are kept ready; per address and worker.
  std::size_t warm_connections = 0;
  /// Requests waiting for a connection, per upstream and worker.
  std::size_t max_waiting = 1024;
  RetrySettings retries;
  // Absent: there is none.
  std::optional<CircuitBreakerSettings> circuit_breaker;
  std::optional<HealthCheckSettings> health_check;
  std::optional<EjectionSettings> ejection;
  Mark mark;

  bool operator==(const UpstreamSettings&) const = default;
};

/// How names of endpoints become addresses. /etc/hosts is asked first.
struct ResolverSettings {
  std::vector<std::string> servers;  // "address" or "address:port"; empty: those of the system
  std::chrono::nanoseconds timeout = std::chrono::seconds(2);  // of one attempt
  /// A name is asked for again when its time to live is over, but not sooner than this. Also the
  /// pause after a failure, and for names of /etc/hosts, which have no time to live.
  std::chrono::nanoseconds min_ttl = std::chrono::seconds(5);

  bool operator==(const ResolverSettings&) const = default;
};

struct RedisNodeSettings {
  std::string host;
  std::uint16_t port = 0;

  bool operator==(const RedisNodeSettings&) const = default;
};

/// Sentinels, which know the primary of the moment.
struct RedisSentinelSettings {
  std::string primary;  // what they call it
  /// Some of them: they name each other.
  std::vector<RedisNodeSettings> nodes;
  // Their own login; empty: none.
  std::string user;
  std::string password;

  bool operator==(const RedisSentinelSettings&) const = default;
};

/// When a Redis is no longer asked. For each worker and each node.
struct RedisBreakerSettings {
  std::uint32_t failures = 3;  // so many in a row
  /// Between two attempts to find out whether it is well again; they spread over half of it.
  std::chrono::nanoseconds probe_interval = std::chrono::milliseconds(200);

  bool operator==(const RedisBreakerSettings&) const = default;
};

/// One server, or the primary that `sentinels` name, or a `cluster`.
struct RedisSettings {
  // The one server.
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  std::string unix_path;  // takes the place of host and port

  std::optional<RedisSentinelSettings> sentinels;
  std::vector<RedisNodeSettings> cluster;  // some of its nodes: they name the others

  std::string user;      // empty: Redis's default user
  std::string password;  // empty: no login
  std::uint32_t database = 0;
  std::optional<UpstreamTlsSettings> tls;  // absent: in clear

  std::chrono::nanoseconds command_timeout = std::chrono::milliseconds(50);
  /// Also for TLS, and for the login.
  std::chrono::nanoseconds connect_timeout = std::chrono::milliseconds(500);
  /// Commands sent or waiting to be sent on one worker's connection to one node; more are store
  /// failures.
  std::size_t max_in_flight = 4096;
  RedisBreakerSettings breaker;

  bool operator==(const RedisSettings&) const = default;
};

struct Limits {
  /// Request line and fields together, and the same for trailers.
  std::size_t header_bytes = std::size_t{64} * 1024;
  std::size_t header_count = 100;
  /// The request target alone; a longer one is 414.
  std::size_t uri_bytes = std::size_t{16} * 1024;
  /// From a request's first byte to the end of its head; on a new connection from the accept on.
  std::chrono::nanoseconds header_timeout = std::chrono::seconds(10);
  /// Between two pieces of a request body.
  std::chrono::nanoseconds body_timeout = std::chrono::seconds(30);
  /// Bytes per second that a request body has to keep up on average, after body_timeout; 0: any.
  std::uint64_t body_rate = 500;
  /// A client that does not take its response.
  std::chrono::nanoseconds write_timeout = std::chrono::seconds(30);
  /// Bytes per second of a response that a client has to take on average, after write_timeout; 0:
  /// any.
  std::uint64_t write_rate = 500;
  /// A connection without a request.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(75);
  /// All held request bodies of the process together.
  std::uint64_t body_memory = 256ULL << 20;
  /// How long a body waits for room there.
  std::chrono::nanoseconds body_wait = std::chrono::seconds(5);
  /// Nesting of a JSON body.
  std::size_t json_depth = 64;
  /// Client connections of the process, and of one address; 0: any number.
  std::size_t connections = 20000;
  std::size_t connections_per_address = 0;
  /// HTTP/2 streams of one connection that its client cancels or breaks: so many at once, and so
  /// many per second.
  std::uint64_t reset_burst = 2000;
  std::uint64_t reset_rate = 200;
  /// Bytes of HTTP/2 frames on one connection that carry no message, beyond an eighth of those that
  /// do: so many at once, and so many per second.
  std::uint64_t overhead_burst = 1 << 20;
  std::uint64_t overhead_rate = 64 << 10;
  /// Concurrent streams of one HTTP/2 connection.
  std::size_t streams_per_connection = 128;
  /// A refused request that is still being sent is read and discarded for at most this long and
  /// this many bytes, so that its sender can read the refusal.
  std::chrono::nanoseconds linger_timeout = std::chrono::seconds(5);
  std::uint64_t linger_bytes = 64ULL << 20;
};

/// A syslog daemon that takes the access log, and how its messages are labelled (RFC 5424).
struct SyslogSettings {
  std::string unix_path = "/dev/log";  // empty: UDP
  std::string host;                    // an address, of UDP
  std::uint16_t port = 0;
  std::uint8_t facility = 23;  // RFC 5424 section 6.2.1: local7
  std::uint8_t severity = 6;   // informational
  std::string app_name = "trackly-gateway";
  /// Of one message; the end of a longer one is cut off.
  std::size_t max_bytes = 8192;

  bool operator==(const SyslogSettings&) const = default;
};

struct AccessLogSettings {
  bool is_on() const { return syslog.has_value() || path != "off"; }

  std::string path = "/dev/stdout";      // "off": there is no access log
  std::optional<SyslogSettings> syslog;  // takes the place of the path
  /// "json", "combined" or a template, which observe::AccessFormat understands.
  std::string format = "json";
  /// The share of the requests without anything remarkable that are logged, from 0 to 1.
  double sample_successes = 1;
  /// Lines waiting for the writer; more are lost, counted and marked.
  std::size_t buffer_bytes = 8ULL << 20;

  bool operator==(const AccessLogSettings&) const = default;
};

/// Where operators ask about the gateway itself.
struct AdminSettings {
  std::string address;  // as a listener's

  bool operator==(const AdminSettings&) const = default;
};

/// One entry of `filters:`; the filter of that name reads its own settings.
struct FilterSettings {
  std::string name;
  Node settings;
  Mark mark;
};

/// One entry of `errors.overrides`: what the operator answers instead.
struct ErrorOverride {
  std::string id;
  std::optional<int> status;
  std::optional<std::string> text;
  Mark mark;
};

/// Paths are complete: those that were relative have been resolved against the folder of the
/// configuration file.
struct Settings {
  std::vector<ListenerSettings> listeners;
  std::size_t workers = 0;  // 0 = auto: the processors that this process may use
  std::vector<FilterSettings> filters;
  std::vector<UpstreamSettings> upstreams;  // the first one is called "default"
  ResolverSettings resolver;
  std::optional<RedisSettings> redis;
  std::string api_path;        // the OpenAPI document
  std::string catalogue_path;  // the error catalogue
  bool forward_unknown_paths = false;
  bool error_detail = false;
  std::vector<ErrorOverride> error_overrides;
  std::vector<std::string> trusted_proxies;  // addresses or CIDR blocks
  Limits limits;
  AccessLogSettings access_log;
  std::optional<AdminSettings> admin;      // absent: nobody asks
  std::chrono::nanoseconds drain_delay{};  // between "not ready" and the end of accepting
  std::chrono::nanoseconds drain_timeout = std::chrono::seconds(30);
};

}  // namespace trackly
