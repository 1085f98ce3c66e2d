#pragma once

#include "gateway/api/registry.h"

namespace trackly::golden {

/// Two filters that enforce nothing and tell their settings: `probe` {limit, error, file} and
/// `second` {}. Golden files of whole configurations use them, so that they do not change with the
/// real ones.
FilterRegistry probe_registry();

}  // namespace trackly::golden
