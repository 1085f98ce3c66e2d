#include "gateway/store/redis_access.h"

#include <string_view>
#include <utility>

#include "gateway/store/redis_protocol.h"

namespace trackly::store {
namespace {

void add(RedisLogin& login, const std::vector<std::string_view>& words) {
  login.names.emplace_back(words.front());
  login.commands.push_back(format_redis_command(words));
}

void add_password(RedisLogin& login, const std::string& user, const std::string& password) {
  if (password.empty()) return;
  // Redis 5 knows no users, and only this form.
  user.empty() ? add(login, {"AUTH", password}) : add(login, {"AUTH", user, password});
}

}  // namespace

Result<RedisAccess> RedisAccess::create(const RedisSettings& settings) {
  RedisAccess access{settings, nullptr};
  if (settings.tls) {
    auto context = net::TlsClientContext::create(*settings.tls, {});
    if (!context) return context.error();
    access.tls = std::move(context).value();
  }
  return access;
}

net::Address RedisAccess::address_of(const RedisNodeSettings& node) const {
  net::Address address{.host = node.host, .port = node.port, .unix_path = {}};
  if (tls != nullptr) {
    const std::string& name = settings.tls->server_name;
    address.tls = net::ConnectTls{tls, name.empty() ? node.host : name, settings.connect_timeout};
  }
  return address;
}

net::Address RedisAccess::address() const {
  net::Address address = address_of({settings.host, settings.port});
  address.unix_path = settings.unix_path;
  return address;
}

RedisLogin login_of(const RedisSettings& settings) {
  RedisLogin login;
  add_password(login, settings.user, settings.password);
  if (settings.database != 0) add(login, {"SELECT", std::to_string(settings.database)});
  return login;
}

RedisLogin login_of(const RedisSentinelSettings& settings) {
  RedisLogin login;
  add_password(login, settings.user, settings.password);
  return login;
}

std::string name_of(const net::Address& address) {
  if (!address.unix_path.empty()) return "unix:" + address.unix_path;
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace trackly::store
