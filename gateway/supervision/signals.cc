#include "gateway/supervision/signals.h"

namespace trackly {
namespace {

void mask(int how) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : kSignalsForUs) sigaddset(&signals, signal);
  pthread_sigmask(how, &signals, nullptr);
}

}  // namespace

void hold_signals() { mask(SIG_BLOCK); }

void release_signals() { mask(SIG_UNBLOCK); }

}  // namespace trackly
