#include "gateway/supervision/watchdog.h"

#include <utility>

namespace trackly {

Watchdog::Watchdog(Loop& loop, Duration interval, std::vector<Submit> threads,
                   std::function<void()> alive)
    : loop_(loop),
      pause_(interval / 2),
      threads_(std::move(threads)),
      alive_(std::move(alive)),
      next_(loop.timer([this] { ask(); })) {
  ask();
}

void Watchdog::ask() {
  next_->arm(pause_);
  if (missing_ > 0) return;
  missing_ = threads_.size();
  for (const Submit& submit : threads_) {
    submit([this] { loop_.submit([this] { on_answer(); }); });
  }
}

void Watchdog::on_answer() {
  if (--missing_ == 0) alive_();
}

}  // namespace trackly
