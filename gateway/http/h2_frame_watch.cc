#include "gateway/http/h2_frame_watch.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace trackly::http {
namespace {

constexpr std::size_t kFrameHeader = 9;
constexpr std::size_t kPriorityHeader = kFrameHeader + 4;

std::uint32_t read_number(const std::uint8_t* bytes, std::size_t count) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < count; ++i) number = number << 8 | bytes[i];
  return number;
}

std::uint32_t read_stream_id(const std::uint8_t* bytes) {
  return read_number(bytes, 4) & 0x7fffffffU;  // the first bit is reserved
}

}  // namespace

// A client that does not know our settings yet may open more than they allow; those are refused,
// and what it sends on them meanwhile is no fault.
H2FrameWatch::H2FrameWatch(std::size_t max_streams)
    : skip_(NGHTTP2_CLIENT_MAGIC_LEN), max_open_(4 * max_streams) {}

std::optional<H2FrameWatch::Fault> H2FrameWatch::read(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (skip_ > 0) {
      const std::size_t skipped = std::min(skip_, bytes.size() - at);
      skip_ -= skipped;
      at += skipped;
      continue;
    }
    header_[header_bytes_++] = static_cast<std::uint8_t>(bytes[at++]);
    if (header_bytes_ < kFrameHeader) continue;
    const std::size_t size = read_number(header_.data(), 3);
    const bool is_priority = header_[3] == NGHTTP2_PRIORITY;
    const std::size_t wanted = is_priority && size >= 4 ? kPriorityHeader : kFrameHeader;
    if (header_bytes_ < wanted) continue;
    skip_ = size - (header_bytes_ - kFrameHeader);
    header_bytes_ = 0;
    if (const auto error = judge()) return Fault{at, *error};
  }
  return std::nullopt;
}

std::optional<std::uint32_t> H2FrameWatch::judge() {
  const std::uint32_t id = read_stream_id(&header_[5]);
  const bool end_stream = (header_[4] & NGHTTP2_FLAG_END_STREAM) != 0;
  const bool of_client = id % 2 == 1;
  switch (header_[3]) {
    case NGHTTP2_HEADERS:
      return of_client ? on_headers(id, end_stream) : std::nullopt;
    case NGHTTP2_DATA:
      return of_client ? on_data(id, end_stream) : std::nullopt;
    case NGHTTP2_RST_STREAM:
      end(id);
      return std::nullopt;
    case NGHTTP2_PRIORITY:
      // nghttp2 leaves priorities alone where our settings say that we do. That a stream depends on
      // itself was a fault in RFC 7540 section 5.3.1 only; nobody does it in earnest.
      if (id == 0 || id == read_stream_id(&header_[9])) return NGHTTP2_PROTOCOL_ERROR;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<std::uint32_t> H2FrameWatch::on_headers(std::uint32_t id, bool end_stream) {
  if (id > highest_) {
    open(id);
  } else if (id > forgotten_ && !is_open(id)) {
    const bool is_skipped = id > skipped_from_ && id < skipped_to_;
    return is_skipped ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_STREAM_CLOSED;
  }
  if (end_stream) end(id);
  return std::nullopt;
}

std::optional<std::uint32_t> H2FrameWatch::on_data(std::uint32_t id, bool end_stream) {
  // A stream that was never opened is nghttp2's to find.
  if (id <= highest_ && id > forgotten_ && !is_open(id)) return NGHTTP2_STREAM_CLOSED;
  if (end_stream) end(id);
  return std::nullopt;
}

bool H2FrameWatch::is_open(std::uint32_t id) const {
  return std::binary_search(open_.begin(), open_.end(), id);
}

void H2FrameWatch::open(std::uint32_t id) {
  if (id > highest_ + 2) {
    skipped_from_ = highest_;
    skipped_to_ = id;
  }
  highest_ = id;
  if (open_.size() >= max_open_) {
    forgotten_ = open_.front();
    open_.erase(open_.begin());
  }
  open_.push_back(id);
}

void H2FrameWatch::end(std::uint32_t id) {
  const auto found = std::lower_bound(open_.begin(), open_.end(), id);
  if (found != open_.end() && *found == id) open_.erase(found);
}

}  // namespace trackly::http
