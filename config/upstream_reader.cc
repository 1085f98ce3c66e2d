#include "config/upstream_reader.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "config/address.h"
#include "config/field_names.h"
#include "config/path_template.h"
#include "config/setting_values.h"
#include "gateway/api/ascii.h"
#include "gateway/api/node_reader.h"

namespace trackly::config {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kDefault = "default";
/// Of which a breaker looks at tenths.
constexpr milliseconds kShortestWindow{100};
/// More often than that, checks would be a load of their own.
constexpr milliseconds kShortestInterval{10};
constexpr std::uint64_t kMostWeight = 1000;
constexpr std::uint64_t kMostRetries = 10;

bool is_upstream_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// Prefixes are compared with decoded paths, of which none has an empty or a dot segment.
bool is_path_prefix(std::string_view prefix) {
  const auto parsed = parse_path_template(prefix);
  if (!parsed || !parsed->parameters.empty()) return false;
  const std::string segments = std::string(prefix) + '/';
  const auto holds = [&segments](std::string_view what) {
    return segments.find(what) != std::string::npos;
  };
  return !holds("//") && !holds("/./") && !holds("/../") && !holds(";");
}

/// A path, and perhaps a query, as in RFC 9112 section 3.2.1.
bool is_request_target(std::string_view target) {
  if (!target.starts_with('/')) return false;
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    const bool escape = c == '%' && i + 2 < target.size() && hex_value(target[i + 1]) >= 0 &&
                        hex_value(target[i + 2]) >= 0;
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~!$&'()*+,;=:@/?").find(c) != std::string_view::npos;
    if (!escape && !plain) return false;
  }
  return true;
}

bool is_same_place(const EndpointSettings& a, const EndpointSettings& b) {
  return a.protocol == b.protocol && a.port == b.port && a.unix_path == b.unix_path &&
         ascii_iequals(a.host, b.host);
}

std::uint32_t count(MappingReader& reader, std::string_view key, std::uint32_t fallback,
                    std::uint64_t minimum, std::uint64_t maximum = UINT32_MAX) {
  return static_cast<std::uint32_t>(reader.count(key, fallback, minimum, maximum));
}

class UpstreamReader {
 public:
  UpstreamReader(const std::filesystem::path& folder, Problems& problems)
      : folder_(folder), problems_(problems) {}

  std::vector<UpstreamSettings> read(const Node& node) {
    MappingReader reader(&node, problems_);  // for what is no mapping
    for (const Node::Entry& entry : node.entries) read_upstream(entry);
    const auto first = std::find_if(upstreams_.begin(), upstreams_.end(),
                                    [](const auto& one) { return one.name == kDefault; });
    if (first == upstreams_.end()) {
      missing_default(reader.mark());
    } else {
      std::rotate(upstreams_.begin(), first, first + 1);
    }
    return std::move(upstreams_);
  }

 private:
  void problem(const Mark& mark, std::string_view text) { problems_.add(mark, text); }

  void missing_default(const Mark& mark) {
    std::vector<std::string_view> names;
    for (const UpstreamSettings& upstream : upstreams_) names.push_back(upstream.name);
    std::string text = "missing key \"" + std::string(kDefault) + "\"";
    const std::string_view nearest = nearest_word(kDefault, names);
    if (!nearest.empty()) text += "; is \"" + std::string(nearest) + "\" meant to be it?";
    problem(mark, text);
  }

  void read_upstream(const Node::Entry& entry) {
    if (!is_upstream_name(entry.key)) {
      problem(entry.key_mark, "upstreams: a name has only a-z, 0-9, \"_\" and \"-\"");
    }
    MappingReader reader(&entry.value, problems_);
    UpstreamSettings upstream;
    upstream.name = entry.key;
    upstream.mark = entry.key_mark;
    read_paths(reader, upstream);
    for (const Node* item : reader.list("endpoints")) read_endpoint(*item, upstream);
    if (upstream.endpoints.empty()) problem(entry.value.mark, "endpoints: at least one is needed");
    upstream.balance = reader.choice<UpstreamSettings::Balance>(
        "balance",
        {{"least_requests", UpstreamSettings::Balance::least_requests},
         {"round_robin", UpstreamSettings::Balance::round_robin}},
        upstream.balance);
    if (const Node* tls = reader.take("tls")) read_tls(*tls, upstream);
    read_timeouts(reader.take("timeouts"), upstream);
    read_timeout_field(reader, upstream);
    upstream.max_connections = reader.count("max_connections", upstream.max_connections, 1);
    read_warm_connections(reader, upstream);
    upstream.max_waiting = reader.count("max_waiting", upstream.max_waiting);
    read_retries(reader.take("retries"), upstream.retries);
    if (const Node* breaker = reader.take("circuit_breaker")) {
      upstream.circuit_breaker = read_circuit_breaker(*breaker);
    }
    if (const Node* check = reader.take("health_check")) {
      upstream.health_check = read_health_check(*check);
    }
    if (const Node* ejection = reader.take("ejection")) {
      upstream.ejection = read_ejection(*ejection);
    }
    reader.finish();
    upstreams_.push_back(std::move(upstream));
  }

  void read_paths(MappingReader& reader, UpstreamSettings& upstream) {
    const Node* node = reader.take("paths");
    if (node != nullptr && upstream.name == kDefault) {
      problem(node->mark, "paths: default serves what no other upstream does; it has none");
      return;
    }
    for (const Node* item : reader.list("paths")) {
      if (!item->is_string() || !is_path_prefix(item->text)) {
        problem(item->mark,
                "paths: expected the first segments of a path in clear, such as /api/v2/otp");
        continue;
      }
      const auto [taken, is_new] = prefixes_.emplace(item->text, upstream.name);
      if (is_new) {
        upstream.paths.push_back(item->text);
      } else {
        problem(item->mark,
                "paths: " + item->text + " stands under \"" + taken->second + "\" already");
      }
    }
  }

  // ------------------------------------------------------------------------------------- endpoints

  void read_endpoint(const Node& node, UpstreamSettings& upstream) {
    EndpointSettings endpoint;
    if (!node.is_mapping()) {
      endpoint = parsed_endpoint(node, "endpoints", upstream);
    } else {
      MappingReader reader(&node, problems_);
      if (const Node* url = required(reader, "url")) {
        endpoint = parsed_endpoint(*url, "url", upstream);
      }
      endpoint.weight = count(reader, "weight", endpoint.weight, 1, kMostWeight);
      reader.finish();
    }
    endpoint.mark = node.mark;
    upstream.endpoints.push_back(std::move(endpoint));
  }

  EndpointSettings parsed_endpoint(const Node& node, const std::string& key,
                                   const UpstreamSettings& upstream) {
    if (!node.is_string()) {
      problem(
          node.mark,
          key + ": expected http://host:port, h2c://host:port, https://host:port or unix:/path");
      return {};
    }
    auto endpoint = parse_endpoint(node.text);
    if (!endpoint) {
      problem(node.mark, key + ": " + endpoint.error().text);
      return {};
    }
    const bool stands_twice =
        std::any_of(upstream.endpoints.begin(), upstream.endpoints.end(),
                    [&](const EndpointSettings& other) { return is_same_place(*endpoint, other); });
    if (stands_twice) problem(node.mark, key + ": " + node.text + " stands twice");
    return *std::move(endpoint);
  }

  void read_tls(const Node& node, UpstreamSettings& upstream) {
    upstream.tls = read_client_tls(node, folder_, problems_);
    const bool is_used = std::any_of(
        upstream.endpoints.begin(), upstream.endpoints.end(), [](const EndpointSettings& endpoint) {
          return endpoint.protocol == EndpointSettings::Protocol::https;
        });
    if (!is_used) problem(node.mark, "tls: no endpoint is https://");
  }

  // -------------------------------------------------------------------------------------- requests

  void read_timeouts(const Node* node, UpstreamSettings& upstream) {
    MappingReader reader(node, problems_);
    const auto read = [&reader](std::string_view key, std::chrono::nanoseconds& timeout) {
      timeout = reader.duration(key, timeout, kShortestTimeout);
    };
    read("connect", upstream.connect_timeout);
    read("handshake", upstream.handshake_timeout);
    read("queue", upstream.queue_timeout);
    read("response", upstream.response_timeout);
    read("body", upstream.body_timeout);
    upstream.request_timeout = reader.duration("request", upstream.request_timeout);
    if (upstream.request_timeout.count() > 0 && upstream.request_timeout < kShortestTimeout) {
      problem(reader.take("request")->mark, "request: expected a longer time, or 0s for no limit");
    }
    read("idle", upstream.idle_timeout);
    reader.finish();
  }

  void read_timeout_field(MappingReader& reader, UpstreamSettings& upstream) {
    const Node* node = reader.take("timeout_field");
    if (node == nullptr) return;
    upstream.timeout_field = reader.string("timeout_field", "");
    if (!node->is_string()) return;
    const std::string& name = upstream.timeout_field;
    if (!is_field_name(name)) {
      problem(node->mark, "timeout_field: expected the name of a field, such as X-Request-Timeout");
    } else if (is_framing_field(name) || is_request_field_in_use(name)) {
      problem(node->mark, "timeout_field: " + name + " has another meaning");
    }
  }

  void read_warm_connections(MappingReader& reader, UpstreamSettings& upstream) {
    const Node* node = reader.take("warm_connections");
    upstream.warm_connections = reader.count("warm_connections", upstream.warm_connections);
    if (upstream.warm_connections > upstream.max_connections) {
      problem(node->mark, "warm_connections: more than max_connections");
    }
  }

  void read_retries(const Node* node, RetrySettings& retries) {
    MappingReader reader(node, problems_);
    retries.limit = count(reader, "limit", retries.limit, 0, kMostRetries);
    retries.budget_percent = count(reader, "budget_percent", retries.budget_percent, 0, 100);
    reader.finish();
  }

  // ---------------------------------------------------------------------------------------- health

  CircuitBreakerSettings read_circuit_breaker(const Node& node) {
    MappingReader reader(&node, problems_);
    CircuitBreakerSettings breaker;
    breaker.consecutive_failures =
        count(reader, "consecutive_failures", breaker.consecutive_failures, 1);
    breaker.failure_percent = count(reader, "failure_percent", breaker.failure_percent, 0, 100);
    breaker.minimum_requests = count(reader, "minimum_requests", breaker.minimum_requests, 1);
    breaker.window = reader.duration("window", breaker.window, kShortestWindow);
    breaker.open_for = reader.duration("open_for", breaker.open_for, kShortestTimeout);
    reader.finish();
    return breaker;
  }

  HealthCheckSettings read_health_check(const Node& node) {
    MappingReader reader(&node, problems_);
    HealthCheckSettings check;
    check.path = reader.string("path", check.path);
    if (!is_request_target(check.path)) {
      problem(reader.take("path")->mark,
              "path: expected a path as it stands in a request, such as /healthz");
    }
    if (const Node* host = reader.take("host")) {
      check.host = reader.string("host", "");
      if (host->is_string() && !parse_host_port(check.host, 80)) {
        problem(host->mark, "host: expected a host, with or without a port");
      }
    }
    check.interval = reader.duration("interval", check.interval, kShortestInterval);
    check.timeout = reader.duration("timeout", check.timeout, kShortestTimeout);
    check.failures = count(reader, "failures", check.failures, 1);
    check.passes = count(reader, "passes", check.passes, 1);
    reader.finish();
    return check;
  }

  EjectionSettings read_ejection(const Node& node) {
    MappingReader reader(&node, problems_);
    EjectionSettings ejection;
    ejection.consecutive_failures =
        count(reader, "consecutive_failures", ejection.consecutive_failures, 1);
    ejection.eject_for = reader.duration("eject_for", ejection.eject_for, kShortestTimeout);
    reader.finish();
    return ejection;
  }

  const std::filesystem::path& folder_;
  Problems& problems_;
  std::vector<UpstreamSettings> upstreams_;
  std::map<std::string, std::string> prefixes_;  // and whose they are
};

}  // namespace

std::vector<UpstreamSettings> read_upstreams(const Node& node, const std::filesystem::path& folder,
                                             Problems& problems) {
  return UpstreamReader(folder, problems).read(node);
}

}  // namespace trackly::config
