#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace trackly::http {

/// Body bytes that wait to be produced: takes what fits, and remembers that somebody was turned
/// away.
class SendBuffer {
 public:
  explicit SendBuffer(std::size_t limit) : limit_(limit) {}

  std::size_t size() const { return bytes_.size() - begin_; }
  bool empty() const { return size() == 0; }

  /// Returns how many bytes it took.
  std::size_t append(std::string_view bytes) {
    const std::size_t taken = std::min(bytes.size(), limit_ - std::min(limit_, size()));
    if (begin_ > limit_ / 2) {
      bytes_.erase(0, begin_);
      begin_ = 0;
    }
    bytes_.append(bytes.substr(0, taken));
    turned_away_ = turned_away_ || taken < bytes.size();
    return taken;
  }

  /// The next bytes, `max` at most; valid until the next call.
  std::string_view front(std::size_t max) const {
    return std::string_view(bytes_).substr(begin_, max);
  }
  void consume(std::size_t bytes) {
    begin_ += bytes;
    if (!empty()) return;
    bytes_ = std::string();  // streams wait in great numbers, most of them with nothing to send
    begin_ = 0;
  }

  /// True, once, when append() would take bytes again after it took less than it was given: at half
  /// a buffer, so that the room is worth a call.
  bool take_room() { return size() <= limit_ / 2 && std::exchange(turned_away_, false); }

  void clear() { *this = SendBuffer(limit_); }

 private:
  std::size_t limit_;
  std::string bytes_;  // from begin_ on
  std::size_t begin_ = 0;
  bool turned_away_ = false;
};

}  // namespace trackly::http
