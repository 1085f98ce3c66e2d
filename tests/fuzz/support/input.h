#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace trackly::fuzz {

/// The bytes of one run, read as text and as decisions. Where they are used up, every decision is
/// the first choice, so that any input is a whole one.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : bytes_(reinterpret_cast<const char*>(data), size) {}
  explicit Input(std::string_view bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  std::uint8_t byte() {
    const std::string_view one = text(1);
    return one.empty() ? 0 : static_cast<std::uint8_t>(one.front());
  }
  /// Less than `limit`, which is at most 256.
  std::size_t below(std::size_t limit) { return byte() % limit; }
  bool flag() { return below(2) == 1; }
  template <class Choices>
  auto pick(const Choices& choices) {
    return choices[below(std::size(choices))];
  }

  /// The next bytes, `size` at most.
  std::string_view text(std::size_t size) {
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest() { return text(bytes_.size()); }

  /// The last bytes, `size` at most, as an input of their own: decisions that stand behind a text
  /// leave it readable, to people and to dictionaries.
  Input tail(std::size_t size) {
    const std::size_t taken = std::min(size, bytes_.size());
    Input end(bytes_.substr(bytes_.size() - taken));
    bytes_.remove_suffix(taken);
    return end;
  }

 private:
  std::string_view bytes_;
};

/// Cuts bytes into pieces as a network does: many small ones, some large.
class Cuts {
 public:
  explicit Cuts(Input& input)
      : state_(static_cast<std::uint32_t>(input.byte()) * 256U + input.byte()) {}

  /// The size of the next piece: from 1 to `size`, which is not 0.
  std::size_t next(std::size_t size) {
    // The generator of Numerical Recipes; its low bits are poor.
    state_ = state_ * 1664525U + 1013904223U;
    const std::uint32_t random = state_ >> 8;
    const std::size_t most = random % 4 == 0 ? size : std::min<std::size_t>(size, 7);
    return 1 + (random >> 2) % most;
  }

 private:
  std::uint32_t state_;
};

}  // namespace trackly::fuzz
