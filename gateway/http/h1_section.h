#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace trackly::http {

/// Collects a section of lines that ends with an empty one - a message head, or the trailers of a
/// chunked body - from pieces of any size. Lines end with CRLF alone, and none may begin with a
/// space (obs-fold, RFC 9112 section 5.2): a bare LF is where two parsers first disagree.
class SectionReader {
 public:
  /// Empty lines before a head are skipped (RFC 9112 section 2.2); in trailers the first is the
  /// end.
  enum class Kind : std::uint8_t { head, trailers };
  enum class State : std::uint8_t { partial, complete, malformed };

  explicit SectionReader(Kind kind) : kind_(kind) {}

  /// Takes `bytes` up to the end of the section, or up to what breaks its rules, and returns how
  /// many those were. Nothing more once the state is not partial.
  std::size_t read(std::string_view bytes);
  State state() const { return state_; }
  /// What there is of the section, the empty line included; a view into the last `bytes` where all
  /// of it was there, so valid until they go.
  std::string_view text() const { return whole_.data() != nullptr ? whole_ : buffer_; }
  /// No byte of a section has come.
  bool empty() const { return text().empty(); }

  /// Forgets the section; a large buffer is given back, for connections idle in great numbers.
  void clear();

 private:
  // Returns the bytes of `bytes` that end the section, npos where it goes on.
  std::size_t find_end(std::string_view bytes, std::size_t& begin);

  Kind kind_;
  State state_ = State::partial;
  std::string buffer_;
  std::string_view whole_;
  std::size_t line_bytes_ = 0;  // of the line that is not complete yet
  std::size_t skipped_lines_ = 0;
  bool has_lines_ = false;
  char last_ = '\0';
};

}  // namespace trackly::http
