#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gateway/api/fields.h"
#include "gateway/http/codec.h"
#include "gateway/http/framing.h"
#include "gateway/http/h1_chunked.h"
#include "gateway/http/h1_section.h"

namespace trackly::http {

/// Reads one message body as its framing delimits it. An empty body is complete at once.
class BodyReader {
 public:
  enum class State : std::uint8_t { open, complete, malformed };

  explicit BodyReader(const CodecLimits& limits) : limits_(limits) {}

  void begin(BodyLength length);
  /// Returns how much of `bytes` belongs to the message; pieces() are the body bytes among it, as
  /// views into `bytes`.
  std::size_t read(std::string_view bytes);
  const std::vector<std::string_view>& pieces() const { return pieces_; }
  State state() const { return state_; }
  /// Of a complete body, once.
  FieldList take_trailers() { return std::move(trailers_); }
  /// The connection ended: true where that is what delimits the body.
  bool ends_at_eof() const { return length_.kind == BodyLength::Kind::until_close; }

 private:
  std::size_t read_chunked(std::string_view bytes);
  void read_trailers();

  const CodecLimits& limits_;
  BodyLength length_;  // of a known length, what is still to come
  State state_ = State::complete;
  std::vector<std::string_view> pieces_;
  ChunkedReader chunks_;
  SectionReader trailer_section_{SectionReader::Kind::trailers};
  FieldList trailers_;
};

}  // namespace trackly::http
