#pragma once

#include <string>

#include "gateway/page_sources.h"

namespace trackly {

/// How the gateway is, as JSON: what is in force, whom it serves, whom it asks, what it refuses.
std::string status_page(const PageSources& sources);

/// The same in a few words, for people, and where to read on. HTML.
std::string front_page(const PageSources& sources);

}  // namespace trackly
