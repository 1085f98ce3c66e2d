#include "gateway/api/exchange.h"

namespace trackly {

std::string_view to_string(UpstreamFailure failure) {
  switch (failure) {
    case UpstreamFailure::none:
      return "";
    case UpstreamFailure::circuit_open:
      return "circuit_open";
    case UpstreamFailure::unresolved:
      return "unresolved";
    case UpstreamFailure::no_healthy_endpoint:
      return "no_healthy_endpoint";
    case UpstreamFailure::no_local_resources:
      return "no_local_resources";
    case UpstreamFailure::connection_refused:
      return "connection_refused";
    case UpstreamFailure::connect_timeout:
      return "connect_timeout";
    case UpstreamFailure::tls_failed:
      return "tls_failed";
    case UpstreamFailure::tls_certificate:
      return "tls_certificate";
    case UpstreamFailure::tls_timeout:
      return "tls_timeout";
    case UpstreamFailure::queue_full:
      return "queue_full";
    case UpstreamFailure::queue_timeout:
      return "queue_timeout";
    case UpstreamFailure::refused_stream:
      return "refused_stream";
    case UpstreamFailure::response_timeout:
      return "response_timeout";
    case UpstreamFailure::body_timeout:
      return "body_timeout";
    case UpstreamFailure::request_timeout:
      return "request_timeout";
    case UpstreamFailure::connection_closed:
      return "connection_closed";
    case UpstreamFailure::malformed_response:
      return "malformed_response";
    case UpstreamFailure::truncated_response:
      return "truncated_response";
    case UpstreamFailure::foreign_error:
      return "foreign_error";
  }
  return "";
}

std::string_view proxy_status_error(UpstreamFailure failure) {
  switch (failure) {
    case UpstreamFailure::none:
      return "";
    case UpstreamFailure::circuit_open:
    case UpstreamFailure::no_healthy_endpoint:
    case UpstreamFailure::refused_stream:
      return "destination_unavailable";
    case UpstreamFailure::unresolved:
      return "dns_error";
    case UpstreamFailure::no_local_resources:
      return "proxy_internal_error";
    case UpstreamFailure::connection_refused:
      return "connection_refused";
    case UpstreamFailure::connect_timeout:
    case UpstreamFailure::tls_timeout:
      return "connection_timeout";
    case UpstreamFailure::tls_failed:
      return "tls_protocol_error";
    case UpstreamFailure::tls_certificate:
      return "tls_certificate_error";
    case UpstreamFailure::queue_full:
    case UpstreamFailure::queue_timeout:
      return "connection_limit_reached";
    case UpstreamFailure::response_timeout:
    case UpstreamFailure::body_timeout:
    case UpstreamFailure::request_timeout:
      return "http_response_timeout";
    case UpstreamFailure::connection_closed:
      return "connection_terminated";
    case UpstreamFailure::malformed_response:
      return "http_protocol_error";
    case UpstreamFailure::truncated_response:
      return "http_response_incomplete";
    case UpstreamFailure::foreign_error:
      return "";
  }
  return "";
}

}  // namespace trackly
