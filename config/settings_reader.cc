#include "config/settings_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string>
#include <vector>

#include "config/address.h"
#include "config/file.h"
#include "gateway/api/node_reader.h"

namespace trackly::config {
namespace {

using std::chrono::milliseconds;

/// Shorter deadlines than this are slips of the pen: nothing could meet them.
constexpr milliseconds kShortestTimeout{1};
/// Of which a breaker looks at tenths.
constexpr milliseconds kShortestWindow{100};
constexpr std::size_t kMostWorkers = 1024;
constexpr std::string_view kDefaultUpstream = "default";
constexpr std::string_view kStandardOutput = "/dev/stdout";

class SettingsReader {
 public:
  SettingsReader(const std::filesystem::path& folder, Problems& problems)
      : folder_(folder), problems_(problems) {}

  Settings read(const Node& root) {
    MappingReader reader(&root, problems_);
    read_listeners(reader);
    settings_.workers = read_workers(reader);
    settings_.api_path = path(reader, "api", "trackly/openapi.yaml");
    read_errors(reader.take("errors"));
    read_filters(reader);
    if (const Node* redis = reader.take("redis")) settings_.redis = read_redis(*redis);
    read_upstreams(reader);
    settings_.forward_unknown_paths =
        reader.choice<bool>("unknown_paths", {{"refuse", false}, {"forward", true}}, false);
    read_trusted_proxies(reader);
    read_limits(reader.take("limits"));
    read_access_log(reader.take("access_log"));
    settings_.drain_timeout = reader.duration("drain_timeout", settings_.drain_timeout);
    reader.finish();
    return std::move(settings_);
  }

 private:
  void problem(const Mark& mark, std::string_view text) { problems_.add(mark, text); }

  std::string path(MappingReader& reader, std::string_view key, std::string_view fallback) {
    return resolved_path(folder_, reader.string(key, fallback));
  }

  /// A key that has no default.
  const Node* required(MappingReader& reader, std::string_view key) {
    const Node* node = reader.take(key);
    if (node == nullptr) problem(reader.mark(), "missing key \"" + std::string(key) + "\"");
    return node;
  }

  void read_listeners(MappingReader& reader) {
    for (const Node* item : reader.list("listeners")) read_listener(*item);
    if (settings_.listeners.empty()) problem(reader.mark(), "listeners: at least one is needed");
  }

  void read_listener(const Node& node) {
    MappingReader reader(&node, problems_);
    ListenerSettings listener;
    listener.mark = node.mark;
    if (const Node* address = required(reader, "address")) {
      listener.address = reader.string("address", "");
      if (address->is_string()) check_listener(listener.address, address->mark);
    }
    if (const Node* tls = reader.take("tls")) listener.tls = read_tls(*tls);
    reader.finish();
    settings_.listeners.push_back(std::move(listener));
  }

  void check_listener(const std::string& address, const Mark& mark) {
    if (const auto fault = check_listener_address(address)) {
      problem(mark, "address: " + fault->text);
      return;
    }
    const bool chosen_by_system = address.ends_with(":0");
    const bool taken = std::any_of(settings_.listeners.begin(), settings_.listeners.end(),
                                   [&](const auto& other) { return other.address == address; });
    if (taken && !chosen_by_system) problem(mark, "address: " + address + " stands twice");
  }

  TlsSettings read_tls(const Node& node) {
    MappingReader reader(&node, problems_);
    TlsSettings tls;
    tls.main = read_certificate(reader);
    for (const Node* item : reader.list("sni")) {
      MappingReader other(item, problems_);
      tls.others.push_back(read_certificate(other));
      other.finish();
    }
    if (reader.has("client_ca")) tls.client_ca = readable_file(reader, "client_ca");
    reader.finish();
    return tls;
  }

  CertificateSettings read_certificate(MappingReader& reader) {
    return {readable_file(reader, "certificate"), readable_file(reader, "private_key")};
  }

  std::string readable_file(MappingReader& reader, std::string_view key) {
    const Node* node = required(reader, key);
    if (node == nullptr) return {};
    const std::string file = path(reader, key, "");
    if (!node->is_string()) return file;
    const auto text = read_file(file);
    if (!text) {
      problem(node->mark, std::string(key) + ": cannot read " + file + ": " + text.error().text);
    }
    return file;
  }

  std::size_t read_workers(MappingReader& reader) {
    const Node* node = reader.take("workers");
    if (node == nullptr || (node->is_string() && node->text == "auto")) return 0;
    if (node->is_string()) {
      problem(node->mark,
              "workers: expected auto or a number of threads, found \"" + node->text + "\"");
      return 0;
    }
    return reader.count("workers", 0, 1, kMostWorkers);
  }

  void read_errors(const Node* node) {
    MappingReader reader(node, problems_);
    settings_.catalogue_path = path(reader, "catalogue", "trackly/errors.yaml");
    settings_.error_detail = reader.boolean("detail", settings_.error_detail);
    const Node* overrides = reader.take("overrides");
    if (overrides != nullptr && !overrides->is_mapping() && !overrides->is_null()) {
      problem(overrides->mark, "overrides: expected a mapping of error ids");
    } else if (overrides != nullptr) {
      for (const Node::Entry& entry : overrides->entries) read_override(entry);
    }
    reader.finish();
  }

  void read_override(const Node::Entry& entry) {
    MappingReader reader(&entry.value, problems_);
    ErrorOverride change;
    change.id = entry.key;
    change.mark = entry.key_mark;
    if (reader.has("status"))
      change.status = static_cast<int>(reader.count("status", 400, 400, 599));
    if (reader.has("text")) change.text = reader.string("text", "");
    if (change.text && change.text->empty()) {
      problem(reader.take("text")->mark, "text: expected some text");
    }
    reader.ignore({"status", "text"});  // has() alone does not make them known
    reader.finish();
    settings_.error_overrides.push_back(std::move(change));
  }

  /// There is no chain by default: a gateway that enforces something, or nothing, says so.
  void read_filters(MappingReader& reader) {
    const Node* node = required(reader, "filters");
    if (node != nullptr && node->is_null()) {
      problem(node->mark, "filters: expected a list; [] is a chain without filters");
    }
    for (const Node* item : reader.list("filters")) {
      if (!item->is_mapping() || item->entries.size() != 1) {
        problem(item->mark,
                "filters: expected one filter and its settings, such as \"- request_id: {}\"");
        continue;
      }
      const Node::Entry& filter = item->entries.front();
      settings_.filters.push_back({filter.key, filter.value, filter.key_mark});
    }
  }

  RedisSettings read_redis(const Node& node) {
    MappingReader reader(&node, problems_);
    RedisSettings redis;
    const Node* url = reader.take("url");
    const std::string text = reader.string("url", "redis://127.0.0.1:6379");
    if (url == nullptr || url->is_string()) {
      if (auto parsed = parse_redis_url(text)) {
        redis = *std::move(parsed);
      } else {
        problem(url->mark, "url: " + parsed.error().text);
      }
    }
    redis.command_timeout =
        reader.duration("command_timeout", redis.command_timeout, kShortestTimeout);
    redis.connect_timeout =
        reader.duration("connect_timeout", redis.connect_timeout, kShortestTimeout);
    redis.max_in_flight = reader.count("max_in_flight", redis.max_in_flight, 1);
    reader.finish();
    return redis;
  }

  void read_upstreams(MappingReader& reader) {
    const Node* node = required(reader, "upstreams");
    if (node == nullptr) return;
    MappingReader upstreams(node, problems_);
    if (const Node* upstream = required(upstreams, kDefaultUpstream)) read_upstream(*upstream);
    upstreams.finish();
  }

  void read_upstream(const Node& node) {
    MappingReader reader(&node, problems_);
    UpstreamSettings upstream;
    upstream.name = kDefaultUpstream;
    for (const Node* item : reader.list("endpoints")) read_endpoint(*item, upstream);
    if (upstream.endpoints.empty()) problem(reader.mark(), "endpoints: at least one is needed");
    read_timeouts(reader.take("timeouts"), upstream);
    upstream.max_connections = reader.count("max_connections", upstream.max_connections, 1);
    upstream.max_waiting = reader.count("max_waiting", upstream.max_waiting);
    if (const Node* breaker = reader.take("circuit_breaker")) {
      upstream.circuit_breaker = read_circuit_breaker(*breaker);
    }
    reader.finish();
    settings_.upstreams.push_back(std::move(upstream));
  }

  CircuitBreakerSettings read_circuit_breaker(const Node& node) {
    MappingReader reader(&node, problems_);
    CircuitBreakerSettings breaker;
    const auto read = [&reader](std::string_view key, std::uint32_t& value, std::uint64_t minimum,
                                std::uint64_t maximum) {
      value = static_cast<std::uint32_t>(reader.count(key, value, minimum, maximum));
    };
    read("consecutive_failures", breaker.consecutive_failures, 1, UINT32_MAX);
    read("failure_percent", breaker.failure_percent, 0, 100);
    read("minimum_requests", breaker.minimum_requests, 1, UINT32_MAX);
    breaker.window = reader.duration("window", breaker.window, kShortestWindow);
    breaker.open_for = reader.duration("open_for", breaker.open_for, kShortestTimeout);
    reader.finish();
    return breaker;
  }

  void read_endpoint(const Node& node, UpstreamSettings& upstream) {
    EndpointSettings endpoint;
    if (!node.is_string()) {
      problem(node.mark, "endpoints: expected http://host:port, h2c://host:port or unix:/path");
    } else if (auto parsed = parse_endpoint(node.text)) {
      endpoint = *std::move(parsed);
    } else {
      problem(node.mark, "endpoints: " + parsed.error().text);
    }
    endpoint.mark = node.mark;
    upstream.endpoints.push_back(std::move(endpoint));
  }

  void read_timeouts(const Node* node, UpstreamSettings& upstream) {
    MappingReader reader(node, problems_);
    const auto read = [&reader](std::string_view key, std::chrono::nanoseconds& timeout) {
      timeout = reader.duration(key, timeout, kShortestTimeout);
    };
    read("connect", upstream.connect_timeout);
    read("response", upstream.response_timeout);
    read("idle", upstream.idle_timeout);
    read("queue", upstream.queue_timeout);
    reader.finish();
  }

  void read_trusted_proxies(MappingReader& reader) {
    for (const Node* item : reader.list("trusted_proxies")) {
      if (!item->is_string() || !is_ip_block(item->text)) {
        problem(item->mark, "trusted_proxies: expected an address or a block such as 10.0.0.0/8");
        continue;
      }
      settings_.trusted_proxies.push_back(item->text);
    }
  }

  void read_limits(const Node* node) {
    MappingReader reader(node, problems_);
    Limits& limits = settings_.limits;
    limits.header_bytes = reader.bytes("header_bytes", limits.header_bytes, 1024);
    limits.header_count = reader.count("header_count", limits.header_count, 1);
    limits.uri_bytes = reader.bytes("uri_bytes", limits.uri_bytes, 128);
    const auto read = [&reader](std::string_view key, std::chrono::nanoseconds& timeout) {
      timeout = reader.duration(key, timeout, kShortestTimeout);
    };
    read("header_timeout", limits.header_timeout);
    read("body_timeout", limits.body_timeout);
    read("write_timeout", limits.write_timeout);
    read("idle_timeout", limits.idle_timeout);
    limits.body_rate = reader.bytes("body_rate", limits.body_rate);
    limits.write_rate = reader.bytes("write_rate", limits.write_rate);
    limits.connections = reader.count("connections", limits.connections);
    limits.connections_per_address =
        reader.count("connections_per_address", limits.connections_per_address);
    limits.reset_burst = reader.count("reset_burst", limits.reset_burst);
    limits.reset_rate = reader.count("reset_rate", limits.reset_rate);
    limits.overhead_burst = reader.bytes("overhead_burst", limits.overhead_burst, 4096);
    limits.overhead_rate = reader.bytes("overhead_rate", limits.overhead_rate);
    limits.body_memory = reader.bytes("body_memory", limits.body_memory, 64 << 10);
    read("body_wait", limits.body_wait);
    limits.json_depth = reader.count("json_depth", limits.json_depth, 1, 1000);
    limits.streams_per_connection =
        reader.count("streams_per_connection", limits.streams_per_connection, 1, INT32_MAX);
    read("linger_timeout", limits.linger_timeout);
    limits.linger_bytes = reader.bytes("linger_bytes", limits.linger_bytes);
    reader.finish();
  }

  void read_access_log(const Node* node) {
    MappingReader reader(node, problems_);
    AccessLogSettings& log = settings_.access_log;
    log.path = reader.string("path", kStandardOutput);
    if (log.path != "off") log.path = resolved_path(folder_, log.path);
    reader.choice<bool>("format", {{"json", true}}, true);
    log.buffer_bytes = reader.bytes("buffer_bytes", log.buffer_bytes, 64 << 10);
    reader.finish();
  }

  const std::filesystem::path& folder_;
  Problems& problems_;
  Settings settings_;
};

}  // namespace

std::string resolved_path(const std::filesystem::path& folder, const std::string& path) {
  return (folder / path).lexically_normal().string();
}

Settings read_settings(const Node& root, const std::filesystem::path& folder, Problems& problems) {
  return SettingsReader(folder, problems).read(root);
}

}  // namespace trackly::config
