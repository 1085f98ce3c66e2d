#include "gateway/proxy/body_budget.h"

#include <algorithm>
#include <utility>

namespace trackly::proxy {

/// Shared by the queue, whoever waits, and the task that tells him.
struct BodyBudget::Entry {
  std::uint64_t bytes;
  Loop& loop;
  OnRoom on_room;         // empty once he left; his thread only
  Reservation granted{};  // set before the task is submitted, taken by it
};

class BodyBudget::Place final : public Waiting {
 public:
  Place(BodyBudget& budget, std::shared_ptr<Entry> entry)
      : budget_(budget), entry_(std::move(entry)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() override {
    // What was granted meanwhile goes back with the entry.
    entry_->on_room = nullptr;
    const std::lock_guard lock(budget_.mutex_);
    budget_.waiting_ -= std::erase(budget_.queue_, entry_);
  }

 private:
  BodyBudget& budget_;
  std::shared_ptr<Entry> entry_;
};

BodyBudget::~BodyBudget() = default;

void BodyBudget::resize(std::uint64_t bytes) {
  const std::uint64_t before = total_.exchange(bytes);
  left_ += static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(before);
  if (waiting_.load() > 0) serve_queue();
}

std::uint64_t BodyBudget::used() const {
  const auto total = static_cast<std::int64_t>(total_.load());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, total - left_.load()));
}

bool BodyBudget::take(std::uint64_t bytes) {
  const auto amount = static_cast<std::int64_t>(bytes);
  std::int64_t left = left_.load();
  while (left >= amount) {
    if (left_.compare_exchange_weak(left, left - amount)) return true;
  }
  return false;
}

BodyBudget::Reservation BodyBudget::reserve(std::uint64_t bytes) {
  if (waiting_.load() > 0 || !take(bytes)) return {};
  return {this, bytes};
}

std::unique_ptr<BodyBudget::Waiting> BodyBudget::wait(std::uint64_t bytes, Loop& loop,
                                                      OnRoom on_room) {
  auto entry = std::make_shared<Entry>(Entry{bytes, loop, std::move(on_room)});
  auto place = std::make_unique<Place>(*this, entry);
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(entry));
    ++waiting_;
  }
  serve_queue();
  return place;
}

void BodyBudget::give_back(std::uint64_t bytes) {
  left_ += static_cast<std::int64_t>(bytes);
  if (waiting_.load() > 0) serve_queue();
}

void BodyBudget::serve_queue() {
  const std::lock_guard lock(mutex_);
  while (!queue_.empty() && take(queue_.front()->bytes)) {
    std::shared_ptr<Entry> entry = std::move(queue_.front());
    queue_.pop_front();
    --waiting_;
    entry->granted = Reservation(this, entry->bytes);
    Loop& loop = entry->loop;
    loop.submit([entry = std::move(entry)] {
      // Whoever is called leaves his place, and this function with it.
      const OnRoom on_room = std::exchange(entry->on_room, nullptr);
      if (on_room) on_room(std::move(entry->granted));
    });
  }
}

}  // namespace trackly::proxy
