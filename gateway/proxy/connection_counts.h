#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace trackly::proxy {

/// How many connections the process holds, in all and for each client address. Any thread.
class ConnectionCounts {
 public:
  /// `total` and `per_address` are the most there may be; 0: any number.
  ConnectionCounts(std::size_t total, std::size_t per_address)
      : most_(total), most_per_address_(per_address) {}
  ConnectionCounts(const ConnectionCounts&) = delete;
  ConnectionCounts& operator=(const ConnectionCounts&) = delete;

  /// Other limits, for those that enter from now on.
  void set_limits(std::size_t total, std::size_t per_address) {
    const std::lock_guard lock(mutex_);
    most_ = total;
    most_per_address_ = per_address;
  }

  enum class Full : std::uint8_t { no, total, address };
  struct Answer {
    /// One connection, as long as somebody has it; nullptr where there is no room.
    std::shared_ptr<const void> place;
    Full full = Full::no;
  };
  /// This must outlive the place.
  Answer enter(const std::string& address) {
    const std::lock_guard lock(mutex_);
    if (most_ > 0 && total_ >= most_) return {nullptr, Full::total};
    std::size_t& count = by_address_[address];
    if (most_per_address_ > 0 && count >= most_per_address_) return {nullptr, Full::address};
    ++count;
    ++total_;
    return {std::shared_ptr<const void>(this, [this, address](const void*) { leave(address); }),
            Full::no};
  }

 private:
  void leave(const std::string& address) {
    const std::lock_guard lock(mutex_);
    --total_;
    const auto found = by_address_.find(address);
    if (--found->second == 0) by_address_.erase(found);
  }

  std::mutex mutex_;
  std::size_t most_;
  std::size_t most_per_address_;
  std::size_t total_ = 0;
  std::map<std::string, std::size_t> by_address_;
};

}  // namespace trackly::proxy
