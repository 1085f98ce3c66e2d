#include "gateway/proxy/trusted_proxies.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "gateway/api/ascii.h"

namespace trackly::proxy {
namespace {

constexpr int kBits = 128;
constexpr int kMappedBits = 96;

using Address = std::array<std::uint8_t, 16>;

std::optional<Address> parse_address(std::string_view text, bool& is_v4) {
  const std::string copy(text);
  Address address{};
  is_v4 = inet_pton(AF_INET, copy.c_str(), &address[12]) == 1;
  if (is_v4) {
    address[10] = address[11] = 0xff;
    return address;
  }
  if (inet_pton(AF_INET6, copy.c_str(), address.data()) == 1) return address;
  return std::nullopt;
}

bool same_prefix(const Address& a, const Address& b, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin()))
    return false;
  const int rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

/// X-Forwarded-For holds addresses, sometimes with a port: "10.0.0.1:80", "[::1]:80", "::1".
std::string_view without_port(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    return close == std::string_view::npos ? text : text.substr(1, close - 1);
  }
  const std::size_t colon = text.find(':');
  const bool one_colon =
      colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos;
  return one_colon ? text.substr(0, colon) : text;
}

}  // namespace

TrustedProxies::TrustedProxies(const std::vector<std::string>& blocks) {
  for (const std::string& text : blocks) {
    if (const auto block = parse(text)) blocks_.push_back(*block);
  }
}

std::optional<TrustedProxies::Block> TrustedProxies::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  bool is_v4 = false;
  const auto network = parse_address(text.substr(0, slash), is_v4);
  if (!network) return std::nullopt;
  Block block{*network, kBits};
  if (slash != std::string_view::npos) {
    const std::string_view bits = text.substr(slash + 1);
    int count = 0;
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), count);
    const int most = is_v4 ? kBits - kMappedBits : kBits;
    if (error != std::errc() || end != bits.data() + bits.size() || count < 0 || count > most) {
      return std::nullopt;
    }
    block.prefix_bits = is_v4 ? kMappedBits + count : count;
  }
  return block;
}

bool TrustedProxies::contains(std::string_view address) const {
  if (blocks_.empty()) return false;
  bool is_v4 = false;
  const auto parsed = parse_address(address, is_v4);
  if (!parsed) return false;
  return std::any_of(blocks_.begin(), blocks_.end(), [&parsed](const Block& block) {
    return same_prefix(*parsed, block.network, block.prefix_bits);
  });
}

std::string TrustedProxies::client_address(std::string_view peer, const FieldList& fields) const {
  std::string client(peer);
  if (!contains(peer)) return client;
  std::vector<std::string_view> hops;
  for (const FieldList::Field& field : fields) {
    if (!ascii_iequals(field.name, "X-Forwarded-For")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      hops.push_back(without_port(trim_ows(rest.substr(0, comma))));
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  }
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    bool is_v4 = false;
    if (!parse_address(*hop, is_v4)) break;  // what no proxy writes, nobody vouches for
    client = *hop;
    if (!contains(*hop)) break;
  }
  return client;
}

}  // namespace trackly::proxy
