#include "gateway/net/transport.h"

namespace trackly::net {

std::string_view phrase_of(TransportError error) {
  switch (error) {
    case TransportError::unresolved:
      return "no address";
    case TransportError::no_local_resources:
      return "no descriptor or local port left";
    case TransportError::refused:
      return "connection refused";
    case TransportError::connect_timeout:
      return "no connection in time";
    case TransportError::handshake:
      return "TLS handshake failed";
    case TransportError::certificate:
      return "certificate does not verify";
    case TransportError::handshake_timeout:
      return "no TLS handshake in time";
    case TransportError::reset:
      return "connection closed without an answer";
  }
  return {};
}

}  // namespace trackly::net
