#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/api_description.h"
#include "gateway/api/error.h"
#include "gateway/api/loop.h"
#include "gateway/api/message.h"
#include "gateway/api/stores.h"
#include "gateway/api/trace_context.h"

namespace trackly {

namespace json {
class HeldBody;
}

/// The most bytes that a request's body may have, set by a filter and enforced by the core wherever
/// the body moves.
struct BodyCap {
  std::uint64_t max_bytes = UINT64_MAX;
  ErrorRef error;
  std::size_t filter_index = 0;  // who is named in the log when it strikes; set by the chain
};

/// What the limiter decided, for the log and for its fields.
struct LimiterFacts {
  std::string rule;  // the refusing rule, else the one with the least left
  std::optional<std::uint64_t> remaining;
  std::string_view store_mode;  // "local", "redis", "redis-local", "redis-allow", "redis-deny"
  bool refused = false;
};

/// What a limiter withdrew for this request and gives back where the request comes to nothing.
struct LimiterGrant {
  const void* limiter = nullptr;      // the filter that holds it
  TokenBucketStore* store = nullptr;  // where it was granted; nullptr: nothing was
  std::vector<BucketTake> takes;
};

/// What a filter in shadow had to say against a request, which went on all the same.
struct ShadowFinding {
  std::string_view filter;
  ErrorRef error;                  // what it would have answered; nullptr: it could not judge
  std::string rule;                // of the limiter that is short; empty for other filters
  std::string_view unjudged = {};  // why it could not: "body_memory", "fault"
  std::string place = {};          // as Exchange::refused_place
};

struct FilterTrace {
  std::string_view name;
  Duration spent{};  // on the thread, plus what it waited
};

/// Why the service behind us could not be asked or did not answer.
enum class UpstreamFailure : std::uint8_t {
  none,
  circuit_open,         // not asked: it has failed too often
  unresolved,           // the names of its endpoints have no addresses
  no_healthy_endpoint,  // none passes its health check
  no_local_resources,   // we have no descriptors, ports or memory left for a connection
  connection_refused,
  connect_timeout,
  tls_failed,       // the handshake
  tls_certificate,  // the service's does not verify
  tls_timeout,
  queue_full,
  queue_timeout,
  refused_stream,     // REFUSED_STREAM or an excluding GOAWAY: certainly not processed
  response_timeout,   // no response head in time
  body_timeout,       // the response body stalled
  request_timeout,    // the time for the whole request, or the client's own, is over
  connection_closed,  // closed or reset after a byte of the request may have reached it
  malformed_response,
  truncated_response,  // the response head was there, its body broke off
  foreign_error,       // a 5xx that is not the documented error JSON
};

inline constexpr std::size_t kUpstreamFailures = 20;  // `none` included

/// Names of our own, for logs and metrics, finer than RFC 9209's: "queue_full"; empty for `none`.
std::string_view to_string(UpstreamFailure failure);

/// RFC 9209 error type ("connection_refused", …); empty where the failure has none.
std::string_view proxy_status_error(UpstreamFailure failure);

/// One request and its answer, filled in as it goes; the access log only reads it. Owned by the
/// Stream, touched by its worker's thread only.
struct Exchange {
  // --- the client and its request, complete before the chain runs
  std::string_view
      client_address;  // without the port; of the connection, or as a trusted proxy says
  Protocol protocol = Protocol::http11;
  bool tls = false;
  std::string_view client_subject;  // of its verified certificate; empty: it has shown none
  Head request;
  std::string_view path;   // views into request.target
  std::string_view query;  // without "?"
  const Operation* operation = nullptr;
  /// Values of the path parameters, in the order of the template, percent-decoded.
  std::vector<std::string> path_values;
  std::string request_id;  // set by the core, before the chain
  /// The client's, or, from the call to the service on, our own; none where there was neither.
  TraceContext trace_context;

  // --- the body, once it is whole
  json::HeldBody* body = nullptr;  // nullptr until the body is held
  BodyCap body_cap;
  BodyCap shadow_cap;  // the same of a filter in shadow: noted where it is crossed, once

  // --- what filters found out
  std::shared_ptr<const KeyRecord> key;
  std::optional<std::size_t> batch_items;
  LimiterFacts limiter;
  std::vector<LimiterGrant> limiter_grants;
  /// Those that are not a rule's, but made for this request; takes point at them.
  std::forward_list<BucketPolicy> limiter_policies;
  /// Extra fields of the answer, whoever makes it; they replace fields of the same name.
  FieldList response_fields;
  /// Fields set on the request that goes upstream (X-Account-Id); they replace the client's.
  FieldList upstream_fields;
  std::vector<std::string_view> removed_upstream_fields;  // static strings

  // --- a refusal or a failure of ours
  ErrorRef local_reply;         // the answer that the gateway made itself
  std::string_view refused_by;  // filter name; empty: the core
  std::string refused_place;    // what in the request is wrong (Verdict::reject); never a value
  std::string_view flag;        // short reason for the log: "client_gone", "slow_body", …
  std::vector<FilterTrace> trace;
  std::vector<ShadowFinding> shadow;  // in the order found

  // --- the upstream
  std::string_view upstream;  // name; empty: not asked
  std::string endpoint;
  int attempts = 0;
  int repeats = 0;         // times that it was sent again
  bool delivered = false;  // a byte of the request reached a connection
  UpstreamFailure failure = UpstreamFailure::none;
  int received_status = 0;  // what the service answered; 0: nothing

  // --- figures, for the log
  int status = 0;              // what the client got; 0: nothing
  std::uint64_t bytes_in = 0;  // body bytes
  std::uint64_t bytes_out = 0;
  bool cut = false;  // the answer began and could not be finished
  WallTime started_at{};
  TimePoint started{};
  Duration chain_done{};  // since `started`; zero: never reached
  Duration upstream_head{};
  Duration finished{};
};

}  // namespace trackly
