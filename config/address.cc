#include "config/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "gateway/api/ascii.h"

namespace trackly::config {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::string_view kRedisScheme = "redis://";
constexpr std::string_view kSecureRedisScheme = "rediss://";
/// sockaddr_un::sun_path with its final zero.
constexpr std::size_t kMaxUnixPath = 107;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

bool is_family(std::string_view text, int family) {
  // What stands behind a NUL would not be looked at.
  if (text.find('\0') != std::string_view::npos) return false;
  std::array<unsigned char, 16> address{};
  return inet_pton(family, std::string(text).c_str(), address.data()) == 1;
}

std::optional<Fault> check_unix_path(std::string_view path) {
  if (!path.starts_with('/')) return Fault{"a unix socket needs an absolute path: unix:/path"};
  if (path.find('\0') != std::string_view::npos) return Fault{"a path holds no NUL"};
  if (path.size() > kMaxUnixPath) {
    return Fault{"the path of a unix socket has at most " + std::to_string(kMaxUnixPath) +
                 " bytes"};
  }
  return std::nullopt;
}

struct Scheme {
  std::string_view prefix;
  EndpointSettings::Protocol protocol;
  std::uint16_t default_port;
};

/// RFC 3986 section 2.1.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

/// "user", "user:password" or ":password".
std::optional<Fault> read_login(std::string_view text, RedisSettings& redis) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  auto user = percent_decoded(text.substr(0, colon));
  auto password = percent_decoded(text.substr(std::min(colon + 1, text.size())));
  if (!user || !password) {
    return Fault{"in user and password, \"%\" begins a byte such as %40; itself it is %25"};
  }
  redis.user = *std::move(user);
  redis.password = *std::move(password);
  return std::nullopt;
}

constexpr std::array<Scheme, 3> kSchemes = {{{"http://", EndpointSettings::Protocol::http1, 80},
                                             {"h2c://", EndpointSettings::Protocol::h2c, 80},
                                             {"https://", EndpointSettings::Protocol::https, 443}}};

}  // namespace

Result<HostPort> parse_host_port(std::string_view text, std::optional<std::uint16_t> default_port) {
  const bool bracketed = text.starts_with('[');
  const std::size_t bracket = text.find(']');
  if (bracketed && bracket == std::string_view::npos) return Fault{"\"[\" without \"]\""};
  const std::size_t host_end = bracketed ? bracket + 1 : std::min(text.find(':'), text.size());
  const std::string_view host = bracketed ? text.substr(1, bracket - 1) : text.substr(0, host_end);
  if (bracketed ? !is_family(host, AF_INET6) : !is_host_name(host)) {
    return Fault{"expected host:port, or [address]:port for IPv6"};
  }
  const std::string_view rest = text.substr(host_end);
  if (rest.empty() && default_port) return HostPort{std::string(host), *default_port};
  if (!rest.starts_with(':')) return Fault{"expected a port: host:port"};
  const auto port = parse_number<std::uint16_t>(rest.substr(1));
  if (!port) return Fault{"a port is a number from 0 to 65535"};
  return HostPort{std::string(host), *port};
}

std::optional<Fault> check_listener_address(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return check_unix_path(text.substr(kUnixPrefix.size()));
  const auto address = parse_host_port(text);
  if (!address) return address.error();
  if (!is_ip_address(address->host)) {
    return Fault{"expected an IP address to listen on, such as 0.0.0.0:8080 or [::]:8080"};
  }
  return std::nullopt;
}

bool is_local_listener(std::string_view address) {
  if (address.starts_with(kUnixPrefix)) return true;
  const auto place = parse_host_port(address);
  return place && (place->host.starts_with("127.") || place->host == "::1");
}

Result<EndpointSettings> parse_endpoint(std::string_view text) {
  EndpointSettings endpoint;
  endpoint.text = text;
  if (text.starts_with(kUnixPrefix)) {
    const std::string_view path = text.substr(kUnixPrefix.size());
    if (auto fault = check_unix_path(path)) return *std::move(fault);
    endpoint.unix_path = path;
    return endpoint;
  }
  const auto scheme = std::find_if(kSchemes.begin(), kSchemes.end(), [text](const Scheme& one) {
    return text.starts_with(one.prefix);
  });
  if (scheme == kSchemes.end()) {
    return Fault{"expected http://host:port, h2c://host:port, https://host:port or unix:/path"};
  }
  endpoint.protocol = scheme->protocol;
  const std::string_view authority = text.substr(scheme->prefix.size());
  if (authority.find('@') != std::string_view::npos) {
    return Fault{"user and password have no place in an endpoint"};
  }
  if (authority.find_first_of("/?#") != std::string_view::npos) {
    return Fault{"an endpoint is scheme, host and port; paths are forwarded as they come"};
  }
  auto address = parse_host_port(authority, scheme->default_port);
  if (!address) return address.error();
  if (address->port == 0) return Fault{"port 0 cannot be connected to"};
  endpoint.host = std::move(address->host);
  endpoint.port = address->port;
  return endpoint;
}

std::optional<Fault> read_redis_url(std::string_view text, RedisSettings& redis) {
  if (text.starts_with(kUnixPrefix)) {
    const std::string_view path = text.substr(kUnixPrefix.size());
    if (auto fault = check_unix_path(path)) return fault;
    redis.unix_path = path;
    return std::nullopt;
  }
  const bool is_secure = text.starts_with(kSecureRedisScheme);
  if (!is_secure && !text.starts_with(kRedisScheme)) {
    return Fault{"expected redis://host:port, rediss://host:port or unix:/path"};
  }
  if (is_secure) redis.tls.emplace();
  std::string_view rest = text.substr((is_secure ? kSecureRedisScheme : kRedisScheme).size());
  // The last one, as people forget to escape those in a password.
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    if (auto fault = read_login(rest.substr(0, at), redis)) return fault;
    rest.remove_prefix(at + 1);
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return Fault{"options have no place in it; they are keys beside it"};
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  if (const std::string_view database = rest.substr(slash); database.size() > 1) {
    const auto number = parse_number<std::uint32_t>(database.substr(1));
    if (!number || *number > kMaxRedisDatabase) return Fault{"a database is a number: host:port/0"};
    redis.database = *number;
  }
  auto node = parse_redis_node(rest.substr(0, slash), redis.port);
  if (!node) return node.error();
  redis.host = std::move(node->host);
  redis.port = node->port;
  return std::nullopt;
}

Result<RedisNodeSettings> parse_redis_node(std::string_view text, std::uint16_t default_port) {
  auto address = parse_host_port(text, default_port);
  if (!address) return address.error();
  if (address->port == 0) return Fault{"port 0 cannot be connected to"};
  return RedisNodeSettings{std::move(address->host), address->port};
}

std::optional<Fault> check_resolver_address(std::string_view text) {
  if (is_ip_address(text)) return std::nullopt;
  const auto address = parse_host_port(text);
  if (!address || !is_ip_address(address->host)) {
    return Fault{"expected an IP address, with or without a port, such as 10.0.0.2 or [::1]:5353"};
  }
  if (address->port == 0) return Fault{"port 0 cannot be asked"};
  return std::nullopt;
}

std::optional<Fault> read_syslog_address(std::string_view text, SyslogSettings& syslog) {
  constexpr std::string_view kUdpPrefix = "udp:";
  constexpr std::uint16_t kSyslogPort = 514;  // RFC 5426 section 3.3
  if (text.starts_with(kUnixPrefix)) {
    text.remove_prefix(kUnixPrefix.size());
    if (auto fault = check_unix_path(text)) return fault;
    syslog.unix_path = text;
    return std::nullopt;
  }
  const auto address = text.starts_with(kUdpPrefix)
                           ? parse_host_port(text.substr(kUdpPrefix.size()), kSyslogPort)
                           : Fault{"neither unix: nor udp:"};
  if (!address || !is_ip_address(address->host) || address->port == 0) {
    return Fault{"expected unix:/path or udp:ADDRESS:PORT, such as udp:127.0.0.1:514"};
  }
  syslog.unix_path.clear();
  syslog.host = address->host;
  syslog.port = address->port;
  return std::nullopt;
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

bool is_ip_address(std::string_view text) {
  return is_family(text, AF_INET) || is_family(text, AF_INET6);
}

bool is_ip_block(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_ip_address(text);
  const std::string_view address = text.substr(0, slash);
  const auto prefix = parse_number<unsigned>(text.substr(slash + 1));
  if (!prefix) return false;
  return (*prefix <= 32 && is_family(address, AF_INET)) ||
         (*prefix <= 128 && is_family(address, AF_INET6));
}

}  // namespace trackly::config
