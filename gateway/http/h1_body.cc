#include "gateway/http/h1_body.h"

#include <algorithm>

#include "gateway/http/h1_fields.h"

namespace trackly::http {

void BodyReader::begin(BodyLength length) {
  length_ = length;
  trailers_ = {};
  trailer_section_.clear();
  if (length.kind == BodyLength::Kind::chunked) chunks_.begin();
  const bool empty = length.kind == BodyLength::Kind::none ||
                     (length.kind == BodyLength::Kind::known && length.bytes == 0);
  state_ = empty ? State::complete : State::open;
}

std::size_t BodyReader::read(std::string_view bytes) {
  pieces_.clear();
  if (state_ != State::open || bytes.empty()) return 0;
  switch (length_.kind) {
    case BodyLength::Kind::none:
      return 0;
    case BodyLength::Kind::known: {
      const std::size_t taken = std::min<std::uint64_t>(bytes.size(), length_.bytes);
      pieces_.push_back(bytes.substr(0, taken));
      length_.bytes -= taken;
      if (length_.bytes == 0) state_ = State::complete;
      return taken;
    }
    case BodyLength::Kind::until_close:
      pieces_.push_back(bytes);
      return bytes.size();
    case BodyLength::Kind::chunked:
      return read_chunked(bytes);
  }
  return 0;
}

std::size_t BodyReader::read_chunked(std::string_view bytes) {
  std::size_t taken = chunks_.read(bytes, pieces_);
  if (chunks_.state() == ChunkedReader::State::last) {
    taken += trailer_section_.read(bytes.substr(taken));
    read_trailers();
  } else if (chunks_.state() == ChunkedReader::State::broken) {
    state_ = State::malformed;
  }
  return taken;
}

void BodyReader::read_trailers() {
  if (trailer_section_.text().size() > limits_.header_bytes) {
    state_ = State::malformed;
    return;
  }
  switch (trailer_section_.state()) {
    case SectionReader::State::partial:
      return;
    case SectionReader::State::malformed:
      state_ = State::malformed;
      return;
    case SectionReader::State::complete:
      break;
  }
  const bool valid =
      parse_fields(trailer_section_.text(), limits_.header_count, trailers_) == FieldsFault::none &&
      are_trailers(trailers_);
  state_ = valid ? State::complete : State::malformed;
  trailer_section_.clear();
}

}  // namespace trackly::http
