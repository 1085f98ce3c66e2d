#pragma once

#include <string_view>

#include "gateway/api/exchange.h"

namespace trackly::proxy {

/// The head of the request that goes to the service, written anew from the parsed one:
///  * method, authority, path and query as the client sent them; hop-by-hop fields are gone
///    already, Expect is consumed (we invite the body ourselves);
///  * X-Forwarded-For, -Proto and -Host say what we know; what a trusted proxy said is continued
///    (`peer_is_trusted`), what anybody else said is dropped;
///  * Via, X-Request-Id and traceparent, which names our own span; the client's tracestate where
///    the trace is the client's;
///  * Exchange::upstream_fields replace the client's fields of the same names, and
///    removed_upstream_fields go.
/// Fields that a service could read as one of ours, because it takes "_" for "-", never pass.
/// Requires: the exchange has a request id and a trace context.
Head make_upstream_head(const Exchange& exchange, bool peer_is_trusted,
                        std::string_view peer_address);

/// The trailers of a streamed request as the service gets them: without fields that are ours to
/// set.
FieldList make_upstream_trailers(FieldList trailers, const Exchange& exchange);

}  // namespace trackly::proxy
