#pragma once

#include <cstddef>

#include "gateway/api/settings.h"

namespace trackly {

/// Whoever was started without standard input, output or error would find the next file that it
/// opens there, and write its log into it. Before anything is opened.
void occupy_standard_streams();

/// Lets this process have as many open files as it may. Every connection takes one, and the usual
/// soft limit of 1,024 is there for programs that use select().
void allow_all_descriptors();

/// One line in the diagnostics where that is fewer than the connections that `settings` allow to
/// clients and upstreams. They need not all be made, so this is no reason not to start.
void warn_of_few_descriptors(const Settings& settings, std::size_t workers);

}  // namespace trackly
