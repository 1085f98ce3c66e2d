#pragma once

#include <algorithm>
#include <cstddef>

namespace trackly::http {

/// Body bytes that a stream may deliver before it is credited for earlier ones: few until the first
/// credit, which says that somebody vouches for the stream.
class ReceiveWindow {
 public:
  ReceiveWindow(std::size_t initial, std::size_t open) : initial_(initial), open_(open) {}

  void reset() {
    outstanding_ = 0;
    is_open_ = false;
  }
  void deliver(std::size_t bytes) { outstanding_ += bytes; }
  void credit(std::size_t bytes) {
    outstanding_ -= std::min(bytes, outstanding_);
    is_open_ = true;
  }
  std::size_t room() const {
    const std::size_t size = is_open_ ? std::max(initial_, open_) : initial_;
    return size - std::min(size, outstanding_);
  }

 private:
  std::size_t initial_;
  std::size_t open_;
  std::size_t outstanding_ = 0;
  bool is_open_ = false;
};

}  // namespace trackly::http
