#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/result.h"
#include "gateway/api/settings.h"

namespace trackly::config {

// How addresses are written in gateway.yaml. Faults complete the sentence "<key>: …" and never
// repeat what might be a password.

struct HostPort {
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 0;
};

inline constexpr std::uint32_t kMaxRedisDatabase = 1'000'000;

/// "host:port" or "[v6]:port"; with a default the port may be left out.
Result<HostPort> parse_host_port(std::string_view text,
                                 std::optional<std::uint16_t> default_port = std::nullopt);

/// Whether a listener can be bound to it: "address:port", "[v6]:port" or "unix:/path". Names are
/// refused, because one name can mean several addresses. Port 0 lets the system choose.
std::optional<Fault> check_listener_address(std::string_view text);

/// Whether nobody but this machine can connect there. Requires: a listener can be bound to it.
bool is_local_listener(std::string_view address);

/// "http://host[:port]", "h2c://host[:port]", "https://host[:port]" or "unix:/path". Leaves `mark`
/// and `weight` alone.
Result<EndpointSettings> parse_endpoint(std::string_view text);

/// "redis://[user[:password]@]host[:port][/database]", the same with rediss:// for TLS, or
/// "unix:/path". "%40" and the like stand for bytes of user and password. What it does not say is
/// left alone.
std::optional<Fault> read_redis_url(std::string_view text, RedisSettings& redis);

/// "host:port" or "[v6]:port" of a sentinel or of a cluster's node.
Result<RedisNodeSettings> parse_redis_node(std::string_view text, std::uint16_t default_port);

/// "address", "address:port" or "[v6]:port": whom the resolver can ask. Names are refused, because
/// there is nobody yet to ask for them.
std::optional<Fault> check_resolver_address(std::string_view text);

/// "unix:/path", "udp:address:port" or "udp:[v6]:port" of a syslog daemon; the port may be left
/// out. Names are refused, because nobody would ask for them again.
std::optional<Fault> read_syslog_address(std::string_view text, SyslogSettings& syslog);

/// What a name of the DNS or of /etc/hosts, or an IPv4 address, looks like.
bool is_host_name(std::string_view text);
/// An IPv4 or IPv6 address.
bool is_ip_address(std::string_view text);
/// An address, or an address and a prefix length (CIDR): "10.0.0.0/8".
bool is_ip_block(std::string_view text);

}  // namespace trackly::config
