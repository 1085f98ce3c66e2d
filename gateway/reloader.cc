#include "gateway/reloader.h"

#include <utility>

namespace trackly {

Reloader::Reloader(Loop& loop, Load load, Loaded loaded)
    : loop_(loop), load_(std::move(load)), loaded_(std::move(loaded)) {}

Reloader::~Reloader() {
  if (thread_.joinable()) thread_.join();
}

void Reloader::start(Asked asked) {
  if (asked) asked_next_.push_back(std::move(asked));
  if (reading_) {
    again_ = true;
    return;
  }
  read();
}

void Reloader::read() {
  reading_ = true;
  asked_ = std::exchange(asked_next_, {});
  if (thread_.joinable()) thread_.join();
  thread_ = std::thread([this] {
    Problems problems;
    auto configuration = load_(problems);
    loop_.submit([this, configuration, problems] { finish(configuration, problems); });
  });
}

void Reloader::finish(std::shared_ptr<const config::Configuration> configuration,
                      const Problems& problems) {
  reading_ = false;
  loaded_(std::move(configuration), problems, std::exchange(asked_, {}));
  if (std::exchange(again_, false)) read();
}

}  // namespace trackly
