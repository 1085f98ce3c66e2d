#include "filters/rate_limit/callers.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

namespace trackly::filters::rate_limit {
namespace {

/// For names of buckets: what a client or an operator chose can hold no separator.
std::string escaped(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

/// Who an address stands for. A client of IPv6 commonly has 2^64 addresses to itself (RFC 6177), so
/// there it is the network.
std::string network_of(std::string_view address) {
  std::string text(address);
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return text;
  std::array<char, INET6_ADDRSTRLEN> printed{};
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    return inet_ntop(AF_INET, &v6.s6_addr[12], printed.data(), printed.size());
  }
  std::fill(std::begin(v6.s6_addr) + 8, std::end(v6.s6_addr), std::uint8_t{0});
  return std::string(inet_ntop(AF_INET6, &v6, printed.data(), printed.size())) + "/64";
}

}  // namespace

std::string bucket_key(const Exchange& exchange, Caller caller) {
  if (caller == Caller::global) return "global";
  if (caller == Caller::address || exchange.key == nullptr) {
    return "address." + escaped(network_of(exchange.client_address));
  }
  std::string key = "account." + escaped(exchange.key->account->id);
  if (caller == Caller::api_key) key += "/" + exchange.key->id;
  return key;
}

std::string digest_of(std::string_view text, Hasher& hasher) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::size_t kBytes = 16;
  const KeyDigest digest = hasher.sha256(text);
  std::string out;
  for (std::size_t i = 0; i < kBytes; ++i) {
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 15];
  }
  return out;
}

}  // namespace trackly::filters::rate_limit
