#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace trackly::http {

/// Reads the frame headers of a client beside nghttp2, for the rules that it cannot judge because
/// it forgets a stream with its end (RFC 9113 sections 5.1, 5.1.1 and 6.3): frames on streams that
/// the client has ended itself, and identifiers that go back. What crossed a reset of ours on its
/// way is no fault, so only the client's own frames count here.
class H2FrameWatch {
 public:
  /// A connection error with that code. `at`: the bytes of what was read before it was certain;
  /// those may hold a fault that comes first, and should be judged first.
  struct Fault {
    std::size_t at;
    std::uint32_t error;
  };

  /// `max_streams`: how many streams a client may have open that knows our settings.
  explicit H2FrameWatch(std::size_t max_streams);

  /// The connection's bytes from the preface on, in pieces of any size. Nothing after a fault.
  std::optional<Fault> read(std::string_view bytes);

 private:
  std::optional<std::uint32_t> judge();
  std::optional<std::uint32_t> on_headers(std::uint32_t id, bool end);
  std::optional<std::uint32_t> on_data(std::uint32_t id, bool end);
  bool is_open(std::uint32_t id) const;
  void open(std::uint32_t id);
  void end(std::uint32_t id);

  std::size_t skip_;                       // bytes before the next frame header
  std::array<std::uint8_t, 13> header_{};  // and of PRIORITY the stream that it depends on
  std::size_t header_bytes_ = 0;           // of it that have come

  std::size_t max_open_;
  std::vector<std::uint32_t> open_;  // streams that the client may send on, ascending
  std::uint32_t highest_ = 0;        // stream that it opened
  std::uint32_t skipped_from_ = 0;   // identifiers between this and skipped_to_ were passed over
  std::uint32_t skipped_to_ = 0;
  std::uint32_t forgotten_ = 0;  // nothing is known of open streams up to this one
};

}  // namespace trackly::http
