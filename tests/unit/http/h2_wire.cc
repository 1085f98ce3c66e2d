#include "tests/unit/http/h2_wire.h"

#include <cstdlib>

namespace trackly::test {
namespace {

constexpr std::size_t kFrameHead = 9;
constexpr std::size_t kShownData = 64;

std::string number(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

std::uint32_t read_number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

std::uint8_t* writable(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

}  // namespace

H2Wire::H2Wire() {
  if (nghttp2_hd_deflate_new(&deflater_, 4096) != 0) std::abort();
  if (nghttp2_hd_inflate_new(&inflater_) != 0) std::abort();
}

H2Wire::~H2Wire() {
  nghttp2_hd_deflate_del(deflater_);
  nghttp2_hd_inflate_del(inflater_);
}

std::string H2Wire::frame(std::uint8_t type, std::uint8_t flags, std::int32_t id,
                          std::string_view payload) {
  std::string bytes = number(static_cast<std::uint32_t>(payload.size()), 3);
  bytes.push_back(static_cast<char>(type));
  bytes.push_back(static_cast<char>(flags));
  bytes += number(static_cast<std::uint32_t>(id), 4);
  return bytes.append(payload);
}

std::string H2Wire::client_preface() { return NGHTTP2_CLIENT_MAGIC + settings(); }

std::string H2Wire::settings(
    std::initializer_list<std::pair<std::uint16_t, std::uint32_t>> values) {
  std::string payload;
  for (const auto& [id, value] : values) payload += number(id, 2) + number(value, 4);
  return frame(NGHTTP2_SETTINGS, 0, 0, payload);
}

std::string H2Wire::settings_ack() { return frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, ""); }

std::string H2Wire::block(const Fields& fields) {
  std::vector<nghttp2_nv> nva;
  for (const auto& [name, value] : fields) {
    nva.push_back(
        {writable(name), writable(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  std::string bytes(nghttp2_hd_deflate_bound(deflater_, nva.data(), nva.size()), '\0');
  const auto size =
      nghttp2_hd_deflate_hd(deflater_, writable(bytes), bytes.size(), nva.data(), nva.size());
  if (size < 0) std::abort();
  bytes.resize(static_cast<std::size_t>(size));
  return bytes;
}

std::string H2Wire::headers(std::int32_t id, const Fields& fields, bool end) {
  constexpr std::size_t kMaxFrame = 16384;
  std::string rest = block(fields);
  std::string bytes;
  std::uint8_t type = NGHTTP2_HEADERS;
  std::uint8_t flags = end ? kEnd : 0;
  while (rest.size() > kMaxFrame) {
    bytes += frame(type, flags, id, rest.substr(0, kMaxFrame));
    rest.erase(0, kMaxFrame);
    type = NGHTTP2_CONTINUATION;
    flags = 0;
  }
  return bytes + frame(type, flags | NGHTTP2_FLAG_END_HEADERS, id, rest);
}

std::string H2Wire::unfinished_headers(std::int32_t id, const Fields& fields) {
  return frame(NGHTTP2_HEADERS, 0, id, block(fields));
}

std::string H2Wire::data(std::int32_t id, std::string_view bytes, bool end) {
  return frame(NGHTTP2_DATA, end ? kEnd : 0, id, bytes);
}

std::string H2Wire::padded_data(std::int32_t id, std::string_view bytes, std::uint8_t padding,
                                bool end) {
  const std::string payload = number(padding, 1).append(bytes) + std::string(padding, '\0');
  return frame(NGHTTP2_DATA, (end ? kEnd : 0) | NGHTTP2_FLAG_PADDED, id, payload);
}

std::string H2Wire::rst_stream(std::int32_t id, std::uint32_t error) {
  return frame(NGHTTP2_RST_STREAM, 0, id, number(error, 4));
}

std::string H2Wire::window_update(std::int32_t id, std::uint32_t bytes) {
  return frame(NGHTTP2_WINDOW_UPDATE, 0, id, number(bytes, 4));
}

std::string H2Wire::goaway(std::int32_t last_id, std::uint32_t error) {
  return frame(NGHTTP2_GOAWAY, 0, 0,
               number(static_cast<std::uint32_t>(last_id), 4) + number(error, 4));
}

std::string H2Wire::ping() { return frame(NGHTTP2_PING, 0, 0, "12345678"); }

std::string H2Wire::field_lines(std::string_view block) {
  std::string line;
  while (true) {
    nghttp2_nv field;
    int flags = 0;
    const auto size =
        nghttp2_hd_inflate_hd2(inflater_, &field, &flags, writable(block), block.size(), 1);
    if (size < 0) std::abort();
    block.remove_prefix(static_cast<std::size_t>(size));
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      line.append(" ").append(reinterpret_cast<const char*>(field.name), field.namelen);
      line.append("=").append(reinterpret_cast<const char*>(field.value), field.valuelen);
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
  }
  nghttp2_hd_inflate_end_headers(inflater_);
  return line;
}

std::vector<std::string> H2Wire::read(std::string_view bytes) {
  std::vector<std::string> lines;
  unread_.append(bytes);
  while (unread_.size() >= kFrameHead) {
    const std::size_t size = read_number(std::string_view(unread_).substr(0, 3));
    if (unread_.size() < kFrameHead + size) break;
    const auto type = static_cast<std::uint8_t>(unread_[3]);
    const auto flags = static_cast<std::uint8_t>(unread_[4]);
    const std::string id = std::to_string(read_number(std::string_view(unread_).substr(5, 4)));
    const std::string payload = unread_.substr(kFrameHead, size);
    unread_.erase(0, kFrameHead + size);

    const std::string end = (flags & kEnd) != 0 ? " end" : "";
    const std::string ack = (flags & NGHTTP2_FLAG_ACK) != 0 ? " ack" : "";
    const auto word = [&](std::size_t at) {
      return " " + std::to_string(read_number(std::string_view(payload).substr(at, 4)));
    };
    switch (type) {
      case NGHTTP2_HEADERS:
        lines.push_back("HEADERS " + id + field_lines(payload) + end);
        break;
      case NGHTTP2_DATA:
        lines.push_back("DATA " + id + " " +
                        (size > kShownData ? "<" + std::to_string(size) + ">" : payload) + end);
        break;
      case NGHTTP2_RST_STREAM:
        lines.push_back("RST_STREAM " + id + word(0));
        break;
      case NGHTTP2_WINDOW_UPDATE:
        lines.push_back("WINDOW_UPDATE " + id + word(0));
        break;
      case NGHTTP2_GOAWAY:
        lines.push_back("GOAWAY" + word(0) + word(4));
        break;
      case NGHTTP2_SETTINGS:
        lines.push_back("SETTINGS" + ack);
        break;
      case NGHTTP2_PING:
        lines.push_back("PING" + ack);
        break;
      default:
        lines.push_back("frame of type " + std::to_string(type));
    }
  }
  return lines;
}

}  // namespace trackly::test
