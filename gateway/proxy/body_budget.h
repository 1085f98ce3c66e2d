#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "gateway/api/loop.h"

namespace trackly::proxy {

/// The memory that all held request bodies of the process may take together. A body reserves its
/// whole size before it is read: partial reservations could wait for each other for ever. Where
/// there is no room, bodies wait for it, those that came first first. Any thread may call anything.
class BodyBudget {
 public:
  explicit BodyBudget(std::uint64_t bytes)
      : total_(bytes), left_(static_cast<std::int64_t>(bytes)) {}
  ~BodyBudget();
  BodyBudget(const BodyBudget&) = delete;
  BodyBudget& operator=(const BodyBudget&) = delete;

  /// A part of the budget; given back when it is destroyed. The budget must outlive it.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Reservation& operator=(Reservation&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Reservation() {
      if (budget_ != nullptr) budget_->give_back(bytes_);
    }

    explicit operator bool() const { return budget_ != nullptr; }
    std::uint64_t bytes() const { return bytes_; }

   private:
    friend class BodyBudget;
    Reservation(BodyBudget* budget, std::uint64_t bytes) : budget_(budget), bytes_(bytes) {}

    BodyBudget* budget_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

  /// A place in the queue; destroying it leaves the queue.
  class Waiting {
   public:
    virtual ~Waiting() = default;
  };
  using OnRoom = std::function<void(Reservation)>;

  /// Empty where not that much is left, or others wait.
  Reservation reserve(std::uint64_t bytes);
  /// Calls `on_room` on `loop`, whose thread this is, in a later turn, as soon as there is room.
  /// Requires: `bytes` is no more than the whole budget.
  std::unique_ptr<Waiting> wait(std::uint64_t bytes, Loop& loop, OnRoom on_room);

  /// Another size. What is reserved stays so, also where that is more than there is now.
  void resize(std::uint64_t bytes);

  std::uint64_t total() const { return total_.load(std::memory_order_relaxed); }
  std::uint64_t used() const;
  /// Bodies that wait for room.
  std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  struct Entry;
  class Place;

  bool take(std::uint64_t bytes);
  void give_back(std::uint64_t bytes);
  void serve_queue();

  std::atomic<std::uint64_t> total_;
  std::atomic<std::int64_t> left_;  // below zero where it shrank and more is in use
  /// Of queue_. Who gives back looks at it after, who waits sets it before looking at what is left:
  /// so one of them sees the other.
  std::atomic<std::size_t> waiting_ = 0;
  std::mutex mutex_;
  std::deque<std::shared_ptr<Entry>> queue_;
};

}  // namespace trackly::proxy
