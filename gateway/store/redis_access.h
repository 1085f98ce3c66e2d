#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/api/result.h"
#include "gateway/api/settings.h"
#include "gateway/net/connector.h"
#include "gateway/net/tls_client_context.h"

namespace trackly::store {

/// How Redis is reached: the settings, and what is made of them once for all workers. Immutable.
struct RedisAccess {
  RedisSettings settings;
  std::shared_ptr<const net::TlsClientContext> tls;  // nullptr: in clear

  /// The fault names the file that cannot be used.
  static Result<RedisAccess> create(const RedisSettings& settings);

  net::Address address_of(const RedisNodeSettings& node) const;
  /// Of the one server. Requires: no sentinels, no cluster.
  net::Address address() const;
};

/// What has to be said first on a connection, each as it goes over the wire: AUTH and SELECT where
/// there is anything to say. Secret.
struct RedisLogin {
  std::vector<std::string> names;  // "AUTH"
  std::vector<std::string> commands;
};
RedisLogin login_of(const RedisSettings& settings);
RedisLogin login_of(const RedisSentinelSettings& settings);

/// "host:port", or the path of the socket: what diagnostics and metrics call a server.
std::string name_of(const net::Address& address);

}  // namespace trackly::store
