#include "tests/golden/dump.h"

#include <chrono>
#include <sstream>

namespace trackly::golden {
namespace {

std::string place(const Mark& mark) {
  return std::to_string(mark.line) + ":" + std::to_string(mark.column);
}

std::string milliseconds(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + "ms";
}

template <class List>
std::string joined(const List& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return "[" + text + "]";
}

std::string joined(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string text;
  for (const auto& [name, value] : fields) text += (text.empty() ? "" : ", ") + name + ": " + value;
  return "{" + text + "}";
}

std::string scalar(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::boolean:
      return node.boolean ? "true" : "false";
    case Node::Kind::string:
      return '"' + json_escaped(node.text) + '"';
    default:
      return node.text;
  }
}

void write(const Node& node, const std::string& indent, std::ostream& out) {
  const std::string inner = indent + "  ";
  if (node.is_sequence()) {
    out << "[  @" << place(node.mark) << '\n';
    for (const Node& item : node.items) write(item, inner, out << inner);
    out << indent << "]\n";
  } else if (node.is_mapping()) {
    out << "{  @" << place(node.mark) << '\n';
    for (const Node::Entry& entry : node.entries) {
      out << inner << entry.key << " @" << place(entry.key_mark) << ": ";
      write(entry.value, inner, out);
    }
    out << indent << "}\n";
  } else {
    out << scalar(node) << "  @" << place(node.mark) << '\n';
  }
}

std::string_view name_of(EndpointSettings::Protocol protocol) {
  switch (protocol) {
    case EndpointSettings::Protocol::h2c:
      return "h2c";
    case EndpointSettings::Protocol::https:
      return "https";
    default:
      return "http1";
  }
}

void write(const EndpointSettings& endpoint, std::ostream& out) {
  out << "  endpoint " << endpoint.text << ": " << name_of(endpoint.protocol);
  if (endpoint.unix_path.empty()) {
    out << " host " << endpoint.host << " port " << endpoint.port;
  } else {
    out << " unix " << endpoint.unix_path;
  }
  if (endpoint.weight != 1) out << " weight " << endpoint.weight;
  out << '\n';
}

std::string joined(const std::vector<RedisNodeSettings>& nodes) {
  std::string text;
  for (const RedisNodeSettings& node : nodes) {
    text += (text.empty() ? "" : ", ") + node.host + " port " + std::to_string(node.port);
  }
  return text;
}

void write(const UpstreamTlsSettings& tls, std::ostream& out) {
  if (!tls.ca.empty()) out << "  tls ca " << tls.ca << '\n';
  if (!tls.server_name.empty()) out << "  tls server_name " << tls.server_name << '\n';
  if (!tls.client_certificate) return;
  out << "  tls client certificate " << tls.client_certificate->certificate << ' '
      << tls.client_certificate->private_key << '\n';
}

void write_health(const UpstreamSettings& upstream, std::ostream& out) {
  if (upstream.circuit_breaker) {
    const CircuitBreakerSettings& breaker = *upstream.circuit_breaker;
    out << "  circuit_breaker " << breaker.consecutive_failures << " in a row, "
        << breaker.failure_percent << " % of " << breaker.minimum_requests << " in "
        << breaker.window.count() << " ns, open for " << breaker.open_for.count() << " ns\n";
  }
  if (upstream.health_check) {
    const HealthCheckSettings& check = *upstream.health_check;
    out << "  health_check " << check.path << (check.host.empty() ? "" : " of " + check.host)
        << " every " << milliseconds(check.interval) << ", timeout " << milliseconds(check.timeout)
        << ", out after " << check.failures << ", back after " << check.passes << '\n';
  }
  if (upstream.ejection) {
    out << "  ejection after " << upstream.ejection->consecutive_failures << " for "
        << milliseconds(upstream.ejection->eject_for) << '\n';
  }
}

void write(const RedisSettings& redis, std::ostream& out) {
  out << "redis ";
  if (redis.sentinels) {
    out << redis.sentinels->primary << " of sentinels " << joined(redis.sentinels->nodes)
        << ", user \"" << redis.sentinels->user << "\", password \"" << redis.sentinels->password
        << '"';
  } else if (!redis.cluster.empty()) {
    out << "cluster " << joined(redis.cluster);
  } else if (redis.unix_path.empty()) {
    out << redis.host << " port " << redis.port;
  } else {
    out << "unix " << redis.unix_path;
  }
  out << ", command_timeout " << milliseconds(redis.command_timeout) << ", connect_timeout "
      << milliseconds(redis.connect_timeout) << ", max_in_flight " << redis.max_in_flight << '\n'
      << "  breaker " << redis.breaker.failures << " in a row, probes every "
      << milliseconds(redis.breaker.probe_interval) << ", database " << redis.database
      << ", user \"" << redis.user << "\", password \"" << redis.password << "\", "
      << (redis.tls ? "over TLS" : "in clear") << '\n';
  if (redis.tls) write(*redis.tls, out);
}

void write(const UpstreamSettings& upstream, std::ostream& out) {
  out << "upstream " << upstream.name;
  if (!upstream.paths.empty()) out << " below " << joined(upstream.paths);
  out << (upstream.balance == UpstreamSettings::Balance::round_robin ? ", round_robin"
                                                                     : ", least_requests")
      << '\n';
  for (const EndpointSettings& endpoint : upstream.endpoints) write(endpoint, out);
  write(upstream.tls, out);
  out << "  connect " << milliseconds(upstream.connect_timeout) << ", handshake "
      << milliseconds(upstream.handshake_timeout) << ", queue "
      << milliseconds(upstream.queue_timeout) << ", response "
      << milliseconds(upstream.response_timeout) << ", body " << milliseconds(upstream.body_timeout)
      << ", request " << milliseconds(upstream.request_timeout) << ", idle "
      << milliseconds(upstream.idle_timeout) << '\n';
  if (!upstream.timeout_field.empty()) out << "  timeout_field " << upstream.timeout_field << '\n';
  out << "  max_connections " << upstream.max_connections << ", warm_connections "
      << upstream.warm_connections << ", max_waiting " << upstream.max_waiting << '\n'
      << "  retries " << upstream.retries.limit << ", " << upstream.retries.budget_percent
      << " %\n";
  write_health(upstream, out);
}

void write(const Limits& limits, std::ostream& out) {
  out << "limits\n"
      << "  header_bytes " << limits.header_bytes << ", header_count " << limits.header_count
      << ", uri_bytes " << limits.uri_bytes << '\n'
      << "  header_timeout " << milliseconds(limits.header_timeout) << ", body_timeout "
      << milliseconds(limits.body_timeout) << ", write_timeout "
      << milliseconds(limits.write_timeout) << ", idle_timeout "
      << milliseconds(limits.idle_timeout) << '\n'
      << "  body_rate " << limits.body_rate << ", write_rate " << limits.write_rate
      << ", connections " << limits.connections << ", connections_per_address "
      << limits.connections_per_address << '\n'
      << "  resets " << limits.reset_burst << " and " << limits.reset_rate << "/s, overhead "
      << limits.overhead_burst << " and " << limits.overhead_rate << "/s\n"
      << "  body_memory " << limits.body_memory << ", body_wait " << milliseconds(limits.body_wait)
      << ", json_depth " << limits.json_depth << ", streams_per_connection "
      << limits.streams_per_connection << '\n'
      << "  linger_timeout " << milliseconds(limits.linger_timeout) << ", linger_bytes "
      << limits.linger_bytes << '\n';
}

void write(const Operation& operation, std::ostream& out) {
  out << operation.method << ' ' << operation.path;
  if (!operation.id.empty()) out << " (" << operation.id << ")";
  out << '\n';
  out << "  key " << (operation.needs_key ? "needed" : "not needed") << ", tags "
      << joined(operation.tags) << '\n';
  for (const Parameter& parameter : operation.parameters) {
    out << "  " << (parameter.in == Parameter::In::path ? "path " : "query ") << parameter.name
        << (parameter.required ? " required" : "") << (parameter.sensitive ? " sensitive" : "")
        << " schema @" << place(parameter.schema->mark) << '\n';
  }
  if (operation.has_body) {
    out << "  body" << (operation.body_required ? " required" : "")
        << (operation.json_body ? " json" : "");
    if (operation.body_schema != nullptr) {
      out << " schema @" << place(operation.body_schema->mark);
    }
    out << '\n';
  }
  if (operation.batch) {
    out << "  batch " << operation.batch->pointer << " at most " << operation.batch->maximum
        << ", else " << operation.batch->too_many_error;
    if (!operation.batch->empty_error.empty()) out << ", empty " << operation.batch->empty_error;
    out << '\n';
  }
  if (!operation.product.empty()) out << "  product " << operation.product << '\n';
  for (const Entitlement& one : operation.entitlements) {
    out << "  entitlement ";
    if (one.feature.empty()) out << "calling code of " << one.calling_code_of;
    if (!one.feature.empty()) out << "feature " << one.feature;
    if (!one.where_pointer.empty())
      out << " where " << one.where_pointer << '=' << one.where_equals;
    out << ", else " << one.error << '\n';
  }
  if (operation.overrides != nullptr) {
    out << "  overrides @" << place(operation.overrides->mark) << '\n';
  }
  if (!operation.upstream.empty()) {
    out << "  upstream " << operation.upstream << " @" << place(operation.upstream_mark) << '\n';
  }
  if (!operation.response_fields.empty()) {
    out << "  answers with " << joined(operation.response_fields) << '\n';
  }
}

void write(const AccessLogSettings& log, std::ostream& out) {
  out << "access_log " << (log.syslog ? "syslog" : log.path) << ", format " << log.format
      << ", sample_successes " << log.sample_successes << ", buffer_bytes " << log.buffer_bytes
      << '\n';
  if (!log.syslog) return;
  const SyslogSettings& syslog = *log.syslog;
  out << "  syslog " << (syslog.unix_path.empty() ? syslog.host : syslog.unix_path) << " port "
      << syslog.port << ", facility " << int{syslog.facility} << ", severity "
      << int{syslog.severity} << ", app_name " << syslog.app_name << ", max_bytes "
      << syslog.max_bytes << '\n';
}

}  // namespace

std::string dump(const Node& node) {
  std::ostringstream out;
  write(node, "", out);
  return out.str();
}

std::string dump(const Settings& settings) {
  std::ostringstream out;
  for (const ListenerSettings& listener : settings.listeners) {
    out << "listener " << listener.address;
    if (listener.tls) {
      out << " tls " << listener.tls->main.certificate << " " << listener.tls->main.private_key;
      for (const CertificateSettings& other : listener.tls->others) {
        out << ", sni " << other.certificate << " " << other.private_key;
      }
      if (!listener.tls->client_ca.empty()) out << ", client_ca " << listener.tls->client_ca;
    }
    out << '\n';
  }
  out << "workers " << (settings.workers == 0 ? "auto" : std::to_string(settings.workers)) << '\n'
      << "api " << settings.api_path << '\n'
      << "errors " << settings.catalogue_path << (settings.error_detail ? " with detail" : "")
      << '\n';
  for (const ErrorOverride& change : settings.error_overrides) {
    out << "  override " << change.id;
    if (change.status) out << " status " << *change.status;
    if (change.text) out << " text \"" << *change.text << '"';
    out << '\n';
  }
  for (const FilterSettings& filter : settings.filters) {
    out << "filter " << filter.name << " @" << place(filter.mark) << '\n';
  }
  if (settings.redis) write(*settings.redis, out);
  for (const UpstreamSettings& upstream : settings.upstreams) write(upstream, out);
  out << "resolver " << joined(settings.resolver.servers) << ", timeout "
      << milliseconds(settings.resolver.timeout) << ", min_ttl "
      << milliseconds(settings.resolver.min_ttl) << '\n';
  out << "unknown paths " << (settings.forward_unknown_paths ? "forwarded" : "refused") << '\n'
      << "trusted_proxies " << joined(settings.trusted_proxies) << '\n';
  write(settings.limits, out);
  write(settings.access_log, out);
  if (settings.admin) out << "admin " << settings.admin->address << '\n';
  if (settings.drain_delay.count() > 0) {
    out << "drain_delay " << milliseconds(settings.drain_delay) << '\n';
  }
  out << "drain_timeout " << milliseconds(settings.drain_timeout) << '\n';
  return out.str();
}

std::string dump(const ApiDescription& api) {
  std::ostringstream out;
  for (const Operation& operation : api.operations) write(operation, out);
  out << "elsewhere: key " << (api.unknown.needs_key ? "needed" : "not needed") << '\n';
  for (const PrefixFields& prefix : api.prefix_fields) {
    out << "below " << prefix.prefix << ": " << joined(prefix.fields) << '\n';
  }
  return out.str();
}

std::string dump(const ErrorCatalogue& catalogue) {
  std::ostringstream out;
  for (const ErrorEntry& entry : catalogue.entries()) {
    out << entry.id << ": " << entry.status << " (documented " << entry.documented_status << ") "
        << catalogue.reply(entry.id)->body;
    if (!entry.section.empty()) out << " [" << entry.section << "]";
    if (!entry.reason.empty()) out << " because " << entry.reason;
    out << '\n';
  }
  return out.str();
}

std::string dump(const config::Configuration& configuration) {
  std::ostringstream out;
  for (const Operation& operation : configuration.api.operations) {
    out << operation.method << ' ' << operation.path;
    if (configuration.settings.upstreams.size() > 1) out << " by " << operation.upstream;
    out << '\n';
    for (std::size_t i = 0; i < configuration.filters.size(); ++i) {
      out << "  " << configuration.filters[i].name
          << (configuration.in_shadow(i, operation) ? " in shadow: " : ": ")
          << configuration.factory_for(i, operation).describe(operation) << '\n';
    }
  }
  return out.str();
}

}  // namespace trackly::golden
