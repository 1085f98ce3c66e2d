#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace trackly::http {

/// Reads the chunks of a chunked body (RFC 9112 section 7.1) up to the line of the last chunk; the
/// trailer section follows it. Chunk extensions are read over, within bounds.
class ChunkedReader {
 public:
  enum class State : std::uint8_t { chunks, last, broken };

  ChunkedReader();
  ChunkedReader(const ChunkedReader&) = delete;
  ChunkedReader& operator=(const ChunkedReader&) = delete;

  void begin();
  /// Appends the body bytes found, as views into `bytes`, to `pieces`; returns how much was taken,
  /// which is all while the state is chunks.
  std::size_t read(std::string_view bytes, std::vector<std::string_view>& pieces);
  State state() const { return state_; }

 private:
  static int on_body(llhttp_t* parser, const char* at, std::size_t length);
  static int on_chunk(llhttp_t* parser);
  static const llhttp_settings_t& settings();
  // Counts what stands before `end` and is no body; false where that is too much.
  bool count_overhead(const char* end);

  llhttp_t parser_;
  State state_ = State::chunks;
  std::vector<std::string_view>* pieces_ = nullptr;  // during read()
  const char* counted_ = nullptr;                    // during read(): up to here
  std::size_t overhead_ = 0;                         // bytes since the last one of the body
};

}  // namespace trackly::http
