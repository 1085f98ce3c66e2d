#include "gateway/proxy/target.h"

#include <utility>

#include "gateway/net/socket_address.h"

namespace trackly::proxy {
namespace {

std::int64_t nanoseconds(TimePoint time) { return time.time_since_epoch().count(); }

std::string text_of(const EndpointSettings& settings, const net::Address& address) {
  const bool is_name = address.unix_path.empty() && address.host != settings.host;
  return is_name ? settings.text + " (" + address.host + ")" : settings.text;
}

}  // namespace

bool is_address(const EndpointSettings& endpoint) {
  return !endpoint.unix_path.empty() ||
         net::parse_socket_address(endpoint.host, endpoint.port).has_value();
}

net::Address address_of(const EndpointSettings& endpoint, std::string host,
                        const UpstreamSettings& upstream,
                        std::shared_ptr<const net::TlsClientContext> tls) {
  net::Address address{std::move(host), endpoint.port, endpoint.unix_path};
  if (endpoint.protocol == EndpointSettings::Protocol::https) {
    const std::string& name = upstream.tls.server_name;
    address.tls = net::ConnectTls{std::move(tls), name.empty() ? endpoint.host : name,
                                  upstream.handshake_timeout};
  }
  return address;
}

Target::Target(const EndpointSettings& settings, net::Address address)
    : settings_(settings), address_(std::move(address)), text_(text_of(settings_, address_)) {}

std::string Target::authority() const {
  if (!settings_.unix_path.empty()) return "localhost";
  const bool v6 = settings_.host.find(':') != std::string::npos;
  return (v6 ? "[" + settings_.host + "]" : settings_.host) + ":" + std::to_string(settings_.port);
}

void Target::succeeded() {
  // Not written where it stands already: the workers share it.
  if (failures_in_a_row_.load(std::memory_order_relaxed) != 0) failures_in_a_row_ = 0;
}

bool Target::failed(TimePoint now, const EjectionSettings& settings) {
  if (++failures_in_a_row_ < settings.consecutive_failures) return false;
  failures_in_a_row_ = 0;
  // One that is used although it is ejected, for want of another, is not ejected anew.
  const std::int64_t before =
      ejected_until_.exchange(nanoseconds(now) + settings.eject_for.count());
  return before <= nanoseconds(now);
}

bool Target::is_ejected(TimePoint now) const {
  return nanoseconds(now) < ejected_until_.load(std::memory_order_relaxed);
}

}  // namespace trackly::proxy
