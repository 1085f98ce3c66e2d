#pragma once

#include "gateway/api/registry.h"

namespace trackly::filters {

/// THE list of filters, in chain order.
FilterRegistry registry();

}  // namespace trackly::filters
