#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/fields.h"

namespace trackly::proxy {

/// The proxies in front of the gateway whose X-Forwarded-* fields are believed. Immutable.
class TrustedProxies {
 public:
  TrustedProxies() = default;
  /// Addresses or CIDR blocks, as the configuration's reader accepted them.
  explicit TrustedProxies(const std::vector<std::string>& blocks);

  /// `address` without a port; an IPv4 address in IPv6 clothes is the IPv4 address.
  bool contains(std::string_view address) const;

  /// Who sent the request: the connection's peer, or, where that is a trusted proxy, the right-most
  /// address of X-Forwarded-For that is none. What stands left of it anybody may have written.
  std::string client_address(std::string_view peer, const FieldList& fields) const;

 private:
  struct Block {
    std::array<std::uint8_t, 16> network{};  // IPv4 as ::ffff:a.b.c.d
    int prefix_bits = 0;
  };
  static std::optional<Block> parse(std::string_view text);

  std::vector<Block> blocks_;
};

}  // namespace trackly::proxy
