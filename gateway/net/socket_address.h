#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trackly::net {

/// A socket address of any family, by value.
class SocketAddress {
 public:
  static SocketAddress from(const sockaddr* address, socklen_t size);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  int family() const { return storage_.ss_family; }

  /// "10.0.0.1", "2001:db8::1" or "unix"; an IPv4 address in IPv6 clothes is shown as IPv4.
  std::string host() const;
  /// 0 for a unix socket.
  std::uint16_t port() const;
  /// "10.0.0.1:80", "[2001:db8::1]:80" or "unix:/path".
  std::string to_string() const;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

/// nullopt where `host` is no address literal.
std::optional<SocketAddress> parse_socket_address(std::string_view host, std::uint16_t port);
/// nullopt where the path is too long for the system.
std::optional<SocketAddress> unix_socket_address(std::string_view path);

}  // namespace trackly::net
