#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace trackly::http {

/// Reads the chunks of a chunked body (RFC 9112 section 7.1) up to the line of the last chunk; the
/// trailer section follows it. Chunk extensions are read over, within bounds.
///
///   chunk = 1*HEXDIG [ *( SP / HTAB ) ";" extensions ] CRLF data CRLF
///
/// Not llhttp's: 8.1 refuses extensions that are valid (`5;a=b;c=d`).
class ChunkedReader {
 public:
  enum class State : std::uint8_t { chunks, last, broken };

  void begin() { *this = ChunkedReader(); }
  /// Appends the body bytes found, as views into `bytes`, to `pieces`; returns how much was taken,
  /// which is all while the state is chunks.
  std::size_t read(std::string_view bytes, std::vector<std::string_view>& pieces);
  State state() const { return state_; }

 private:
  // What comes next.
  enum class At : std::uint8_t { size, space, extensions, size_lf, data, data_cr, data_lf };

  std::size_t read_data(std::string_view bytes, std::vector<std::string_view>& pieces);
  void read_framing(char c);
  void read_size(char c);
  void end_size_line();
  void expect(bool is_there, At then);

  State state_ = State::chunks;
  At at_ = At::size;
  bool has_digits_ = false;
  std::uint64_t left_ = 0;    // of the chunk
  std::size_t overhead_ = 0;  // bytes since the last one of the body
};

}  // namespace trackly::http
