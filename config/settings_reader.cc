#include "config/settings_reader.h"

#include <algorithm>
#include <string>
#include <vector>

#include "config/access_log_reader.h"
#include "config/address.h"
#include "config/redis_reader.h"
#include "config/setting_values.h"
#include "config/upstream_reader.h"
#include "gateway/api/node_reader.h"

namespace trackly::config {
namespace {

/// More often than that, asking would be a load of its own.
constexpr std::chrono::milliseconds kShortestTtl{10};
constexpr std::size_t kMostWorkers = 1024;

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
    if (const Node* redis = reader.take("redis")) {
      settings_.redis = read_redis(*redis, folder_, problems_);
    }
    if (const Node* upstreams = required(reader, "upstreams")) {
      settings_.upstreams = read_upstreams(*upstreams, folder_, problems_);
    }
    read_resolver(reader.take("resolver"));
    settings_.forward_unknown_paths =
        reader.choice<bool>("unknown_paths", {{"refuse", false}, {"forward", true}}, false);
    read_trusted_proxies(reader);
    read_limits(reader.take("limits"));
    if (const Node* log = reader.take("access_log")) {
      settings_.access_log = read_access_log(*log, folder_, problems_);
    }
    if (const Node* admin = reader.take("admin")) read_admin(*admin);
    settings_.drain_delay = reader.duration("drain_delay", settings_.drain_delay);
    settings_.drain_timeout = reader.duration("drain_timeout", settings_.drain_timeout);
    reader.finish();
    return std::move(settings_);
  }

 private:
  void problem(const Mark& mark, std::string_view text) { problems_.add(mark, text); }

  std::string path(MappingReader& reader, std::string_view key, std::string_view fallback) {
    return resolved_path(folder_, reader.string(key, fallback));
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

  void check_admin(const std::string& address, bool allow_remote, const Mark& mark) {
    check_listener(address, mark);
    if (allow_remote || check_listener_address(address) || is_local_listener(address)) return;
    problem(mark, "address: " + address +
                      " can be reached from other machines, and whoever reaches it may ask and "
                      "reload; if that is meant, add allow_remote: true");
  }

  TlsSettings read_tls(const Node& node) {
    MappingReader reader(&node, problems_);
    TlsSettings tls;
    tls.main = read_certificate(reader, folder_);
    for (const Node* item : reader.list("sni")) {
      MappingReader other(item, problems_);
      tls.others.push_back(read_certificate(other, folder_));
      other.finish();
    }
    if (reader.has("client_ca")) tls.client_ca = readable_file(reader, "client_ca", folder_);
    reader.finish();
    return tls;
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

  void read_resolver(const Node* node) {
    MappingReader reader(node, problems_);
    ResolverSettings& resolver = settings_.resolver;
    for (const Node* item : reader.list("servers")) {
      if (const auto fault = check_resolver_address(item->text)) {
        problem(item->mark, "servers: " + fault->text);
      }
      resolver.servers.push_back(item->text);
    }
    resolver.timeout = reader.duration("timeout", resolver.timeout, kShortestTimeout);
    resolver.min_ttl = reader.duration("min_ttl", resolver.min_ttl, kShortestTtl);
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

  void read_admin(const Node& node) {
    MappingReader reader(&node, problems_);
    AdminSettings admin;
    const Node* const address = required(reader, "address");
    admin.address = reader.string("address", "");
    const bool allow_remote = reader.boolean("allow_remote", false);
    if (address != nullptr && address->is_string()) {
      check_admin(admin.address, allow_remote, address->mark);
    }
    reader.finish();
    settings_.admin = std::move(admin);
  }

  const std::filesystem::path& folder_;
  Problems& problems_;
  Settings settings_;
};

}  // namespace

Settings read_settings(const Node& root, const std::filesystem::path& folder, Problems& problems) {
  return SettingsReader(folder, problems).read(root);
}

}  // namespace trackly::config
