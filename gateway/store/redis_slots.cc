#include "gateway/store/redis_slots.h"

#include <charconv>

namespace trackly::store {
namespace {

constexpr std::uint16_t kPolynomial = 0x1021;

std::uint16_t crc16(std::string_view text) {
  std::uint16_t crc = 0;
  for (const char c : text) {
    crc = static_cast<std::uint16_t>(crc ^ (static_cast<unsigned char>(c) << 8));
    for (int bit = 0; bit < 8; ++bit) {
      const bool carry = (crc & 0x8000) != 0;
      crc = static_cast<std::uint16_t>(crc << 1);
      if (carry) crc ^= kPolynomial;
    }
  }
  return crc;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

/// What nodes say of themselves where they do not know it: nothing, or a question mark.
std::string host_of(std::string_view text) { return std::string(text == "?" ? "" : text); }

bool is_slot(std::int64_t value) {
  return value >= 0 && value < static_cast<std::int64_t>(kRedisSlots);
}

std::optional<RedisSlotRange> read_range(const RedisReply& item) {
  using Kind = RedisReply::Kind;
  if (item.items.size() < 3) return std::nullopt;
  const RedisReply& first = item.items[0];
  const RedisReply& last = item.items[1];
  const RedisReply& node = item.items[2];
  const bool is_range = first.kind == Kind::integer && last.kind == Kind::integer &&
                        is_slot(first.integer) && is_slot(last.integer) && node.items.size() >= 2;
  if (!is_range) return std::nullopt;
  const RedisReply& port = node.items[1];
  if (port.kind != Kind::integer || port.integer < 1 || port.integer > 65535) return std::nullopt;
  return RedisSlotRange{static_cast<std::uint16_t>(first.integer),
                        static_cast<std::uint16_t>(last.integer),
                        {host_of(node.items[0].text), static_cast<std::uint16_t>(port.integer)}};
}

}  // namespace

std::uint16_t redis_slot(std::string_view key) {
  if (const std::size_t open = key.find('{'); open != std::string_view::npos) {
    const std::size_t close = key.find('}', open + 1);
    const bool is_tagged = close != std::string_view::npos && close != open + 1;
    if (is_tagged) key = key.substr(open + 1, close - open - 1);
  }
  return static_cast<std::uint16_t>(crc16(key) % kRedisSlots);
}

std::optional<std::vector<RedisSlotRange>> read_cluster_slots(const RedisReply& reply) {
  if (reply.kind != RedisReply::Kind::array || reply.items.empty()) return std::nullopt;
  std::vector<RedisSlotRange> ranges;
  for (const RedisReply& item : reply.items) {
    auto range = read_range(item);
    if (!range) return std::nullopt;
    ranges.push_back(*std::move(range));
  }
  return ranges;
}

std::optional<RedisRedirection> read_redirection(const RedisReply& reply) {
  RedisRedirection redirection;
  if (reply.is_error("ASK")) {
    redirection.kind = RedisRedirection::Kind::ask;
  } else if (!reply.is_error("MOVED")) {
    return std::nullopt;
  }
  const std::string_view text = reply.text;
  const std::size_t first = text.find(' ');
  const std::size_t second = text.find(' ', first + 1);
  const std::size_t colon = text.rfind(':');  // an IPv6 address has some of its own
  if (first == std::string_view::npos || second == std::string_view::npos ||
      colon == std::string_view::npos || colon < second) {
    return std::nullopt;
  }
  const auto slot = number<std::uint16_t>(text.substr(first + 1, second - first - 1));
  const auto port = number<std::uint16_t>(text.substr(colon + 1));
  if (!slot || !is_slot(*slot) || !port || *port == 0) return std::nullopt;
  redirection.slot = *slot;
  redirection.node = {host_of(text.substr(second + 1, colon - second - 1)), *port};
  return redirection;
}

}  // namespace trackly::store
