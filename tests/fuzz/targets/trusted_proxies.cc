// Whose X-Forwarded-For is believed. The input is lines: a block, a peer, then values of the field.

#include <arpa/inet.h>

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/address.h"
#include "gateway/proxy/trusted_proxies.h"
#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/require.h"

namespace trackly::fuzz {
namespace {

/// An address as 128 digits, an IPv4 address as ::ffff:a.b.c.d.
std::optional<std::string> bits_of(std::string_view text) {
  const std::string copy(text);
  std::array<std::uint8_t, 16> bytes{};
  bytes[10] = bytes[11] = 0xff;
  if (inet_pton(AF_INET, copy.c_str(), &bytes[12]) != 1 &&
      inet_pton(AF_INET6, copy.c_str(), bytes.data()) != 1) {
    return std::nullopt;
  }
  std::string bits;
  for (const std::uint8_t byte : bytes) bits += std::bitset<8>(byte).to_string();
  return bits;
}

std::string_view line(std::string_view& text) {
  const std::string_view first = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(first.size() + 1, text.size()));
  return first;
}

bool plainly_contains(const std::string& block, std::string_view address) {
  const std::size_t slash = std::min(block.find('/'), block.size());
  const auto network = bits_of(block.substr(0, slash));
  const auto bits = bits_of(address);
  if (!network || !bits) return false;
  std::size_t prefix = 128;
  if (slash < block.size()) {
    const bool is_v4 = block.find(':') == std::string::npos;
    prefix = std::stoul(block.substr(slash + 1)) + (is_v4 ? 96 : 0);
  }
  return network->substr(0, prefix) == bits->substr(0, prefix);
}

void run(Input input) {
  std::string_view text = input.rest();
  // Neither a field nor the kernel's name of a peer has one.
  if (text.find('\0') != std::string_view::npos) return;
  const std::string block(line(text));
  const std::string_view peer = line(text);
  // The configuration's reader lets nothing else through.
  if (!config::is_ip_block(block)) return;
  const proxy::TrustedProxies proxies({block});
  require(proxies.contains(peer) == plainly_contains(block, peer), "contained or not, bit by bit");

  FieldList fields;
  std::string all;
  while (!text.empty()) {
    const std::string_view value = line(text);
    fields.add("x-forwarded-for", value);
    all.append(value).append(",");
  }
  const std::string client = proxies.client_address(peer, fields);
  if (!proxies.contains(peer)) {
    require(client == peer, "a stranger speaks for himself");
    return;
  }
  require(client == peer || bits_of(client).has_value(), "a client is an address");
  require(client == peer || all.find(client) != std::string::npos, "that somebody named");
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
