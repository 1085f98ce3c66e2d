#include "gateway/http/h1_chunked.h"

#include <algorithm>

#include "gateway/api/ascii.h"
#include "gateway/http/framing.h"

namespace trackly::http {
namespace {

// Extensions and leading zeros that carry no body: a sender that goes on and on is not serious.
constexpr std::size_t kMaxOverhead = 16UL << 10;

constexpr bool is_space(char c) { return c == ' ' || c == '\t'; }

}  // namespace

std::size_t ChunkedReader::read(std::string_view bytes, std::vector<std::string_view>& pieces) {
  std::size_t taken = 0;
  while (taken < bytes.size() && state_ == State::chunks) {
    if (at_ == At::data) {
      taken += read_data(bytes.substr(taken), pieces);
    } else {
      read_framing(bytes[taken++]);
    }
  }
  return taken;
}

std::size_t ChunkedReader::read_data(std::string_view bytes,
                                     std::vector<std::string_view>& pieces) {
  const std::size_t taken = std::min<std::uint64_t>(bytes.size(), left_);
  pieces.push_back(bytes.substr(0, taken));
  left_ -= taken;
  overhead_ = 0;
  if (left_ == 0) at_ = At::data_cr;
  return taken;
}

void ChunkedReader::read_framing(char c) {
  if (++overhead_ > kMaxOverhead) {
    state_ = State::broken;
    return;
  }
  switch (at_) {
    case At::size:
      return read_size(c);
    case At::space:
      return expect(is_space(c) || c == ';', c == ';' ? At::extensions : At::space);
    case At::extensions:
      return expect(c == '\r' || is_field_value({&c, 1}), c == '\r' ? At::size_lf : At::extensions);
    case At::size_lf:
      return c == '\n' ? end_size_line() : expect(false, at_);
    case At::data_cr:
      return expect(c == '\r', At::data_lf);
    case At::data_lf:
      return expect(c == '\n', At::size);
    case At::data:
      return;
  }
}

void ChunkedReader::read_size(char c) {
  const int digit = hex_value(c);
  if (digit >= 0) {
    has_digits_ = true;
    const bool fits = left_ <= UINT64_MAX >> 4;
    left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
    return expect(fits, At::size);
  }
  const At then = c == '\r' ? At::size_lf : c == ';' ? At::extensions : At::space;
  expect(has_digits_ && (c == '\r' || c == ';' || is_space(c)), then);
}

void ChunkedReader::end_size_line() {
  has_digits_ = false;
  at_ = At::data;
  if (left_ == 0) state_ = State::last;
}

void ChunkedReader::expect(bool is_there, At then) {
  at_ = then;
  if (!is_there) state_ = State::broken;
}

}  // namespace trackly::http
