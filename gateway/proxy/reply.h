#pragma once

#include <string>

#include "gateway/api/error.h"
#include "gateway/api/exchange.h"
#include "gateway/api/loop.h"
#include "gateway/http/codec.h"

namespace trackly::proxy {

/// The answers that the core itself gives, by what they are for; all are entries of the catalogue.
struct CoreErrors {
  explicit CoreErrors(const ErrorCatalogue& catalogue);

  const ErrorRef& of(http::HeadFault fault) const;

  ErrorRef malformed;           // 400
  ErrorRef uri_too_long;        // 414
  ErrorRef head_too_large;      // 431
  ErrorRef too_slow;            // 408
  ErrorRef expectation_failed;  // 417
  ErrorRef not_found;           // 404
  ErrorRef unavailable;         // 503: not delivered
  ErrorRef circuit_open;        // 503: not even tried
  ErrorRef outcome_unknown;     // 502: delivered, or perhaps
  ErrorRef internal;            // 500
};

struct LocalReply {
  Head head;
  std::string body;
};

/// The one writer of every answer that the gateway makes itself, from Exchange::local_reply and the
/// facts beside it. `message` is the optional third field of the body; empty: there is none.
LocalReply write_reply(const Exchange& exchange, const std::string& message, WallTime now);

/// The Proxy-Status member (RFC 9209) that says what an answer of ours means: why the request was
/// refused, or what the service behind us did.
std::string proxy_status(const Exchange& exchange);

/// RFC 9110 section 5.6.7.
std::string http_date(WallTime time);

}  // namespace trackly::proxy
