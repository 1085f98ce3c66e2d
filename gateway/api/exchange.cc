#include "gateway/api/exchange.h"

namespace trackly {

std::string_view proxy_status_error(UpstreamFailure failure) {
  switch (failure) {
    case UpstreamFailure::none:
      return "";
    case UpstreamFailure::circuit_open:
    case UpstreamFailure::no_endpoint:
      return "destination_unavailable";
    case UpstreamFailure::connection_refused:
      return "connection_refused";
    case UpstreamFailure::connect_timeout:
      return "connection_timeout";
    case UpstreamFailure::queue_full:
      return "connection_limit_reached";
    case UpstreamFailure::queue_timeout:
      return "connection_limit_reached";
    case UpstreamFailure::refused_stream:
      return "destination_unavailable";
    case UpstreamFailure::response_timeout:
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
