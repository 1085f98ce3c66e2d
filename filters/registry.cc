#include "filters/registry.h"

#include <array>

#include "filters/api_key.h"
#include "filters/batch_limit.h"
#include "filters/entitlements.h"
#include "filters/payload_limit.h"
#include "filters/rate_limit/rate_limit.h"
#include "filters/request_id.h"
#include "filters/schema.h"

namespace trackly::filters {
namespace {

// In chain order, cheapest refusal first: what the head decides, then what the body decides, then
// what costs tokens.
constexpr std::array kFilters{
    // First, so that whatever follows, and its log line, can be found again.
    FilterKind{"request_id", make_request_id},
    // Strangers get no further: nothing of theirs is read but the head.
    FilterKind{"api_key", make_api_key},
    // Before anything asks for the body.
    FilterKind{"payload_limit", make_payload_limit},
    // Before the schema: a batch that is too long is refused as such, whatever else is wrong.
    FilterKind{"batch_limit", make_batch_limit},
    // The whole contract of the request, on the parse that batch_limit has made.
    FilterKind{"schema", make_schema},
    // After the schema, which says what the body asks for.
    FilterKind{"entitlements", make_entitlements},
    // Last: only requests that the service would take cost tokens, by the items that batch_limit
    // counted.
    FilterKind{"rate_limit", make_rate_limit},
};

}  // namespace

FilterRegistry registry() { return kFilters; }

}  // namespace trackly::filters
