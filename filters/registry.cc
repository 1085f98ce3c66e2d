#include "filters/registry.h"

#include <array>

#include "filters/batch_limit.h"
#include "filters/schema.h"

namespace trackly::filters {
namespace {

// In chain order, cheapest refusal first: what the head decides, then what the body decides, then
// what costs tokens.
constexpr std::array kFilters{
    // Before the schema: a batch that is too long is refused as such, whatever else is wrong.
    FilterKind{"batch_limit", make_batch_limit},
    // The whole contract of the request, on the parse that batch_limit has made.
    FilterKind{"schema", make_schema},
};

}  // namespace

FilterRegistry registry() { return kFilters; }

}  // namespace trackly::filters
