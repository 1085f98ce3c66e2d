#pragma once

#include <string>

#include "gateway/page_sources.h"

namespace trackly {

/// Everything that is counted, in Prometheus' text format.
std::string metrics_page(const PageSources& sources);

}  // namespace trackly
