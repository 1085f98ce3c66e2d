#pragma once

#include <array>
#include <csignal>

namespace trackly {

/// What this process is told by signals.
inline constexpr std::array<int, 5> kSignalsForUs = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

/// Has them wait until somebody here listens to them, instead of ending the process: for the main
/// thread, before there are others, which inherit it.
void hold_signals();
/// They may come now, to this thread.
void release_signals();

}  // namespace trackly
