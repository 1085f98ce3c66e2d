#include "config/redis_reader.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/address.h"
#include "config/setting_values.h"
#include "gateway/api/node_reader.h"

namespace trackly::config {
namespace {

constexpr std::string_view kDefaultUrl = "redis://127.0.0.1:6379";
constexpr std::uint16_t kRedisPort = 6379;
constexpr std::uint16_t kSentinelPort = 26379;
/// More often than that, probes would be a load of their own.
constexpr std::chrono::milliseconds kShortestProbeInterval{10};

class RedisReader {
 public:
  RedisReader(const std::filesystem::path& folder, Problems& problems)
      : folder_(folder), problems_(problems) {}

  RedisSettings read(const Node& node) {
    MappingReader reader(&node, problems_);
    read_place(reader);
    read_login(reader, redis_.user, redis_.password);
    read_database(reader);
    read_tls(reader);
    redis_.command_timeout =
        reader.duration("command_timeout", redis_.command_timeout, kShortestTimeout);
    redis_.connect_timeout =
        reader.duration("connect_timeout", redis_.connect_timeout, kShortestTimeout);
    redis_.max_in_flight = reader.count("max_in_flight", redis_.max_in_flight, 1);
    read_breaker(reader.take("breaker"));
    reader.finish();
    return std::move(redis_);
  }

 private:
  void problem(const Mark& mark, std::string_view text) { problems_.add(mark, text); }

  void read_place(MappingReader& reader) {
    const Node* url = reader.take("url");
    const Node* sentinels = reader.take("sentinels");
    const Node* cluster = reader.take("cluster");
    if ((url != nullptr) + (sentinels != nullptr) + (cluster != nullptr) > 1) {
      problem(reader.mark(), "redis: url, sentinels and cluster exclude each other");
    }
    if (sentinels != nullptr) read_sentinels(*sentinels);
    if (cluster != nullptr) read_cluster(*cluster);
    if (url != nullptr || (sentinels == nullptr && cluster == nullptr)) read_url(reader, url);
  }

  void read_url(MappingReader& reader, const Node* node) {
    const std::string text = reader.string("url", kDefaultUrl);
    if (node != nullptr && !node->is_string()) return;
    const auto fault = read_redis_url(text, redis_);
    if (fault) problem(node->mark, "url: " + fault->text);
    is_url_read_ = !fault;
  }

  void read_sentinels(const Node& node) {
    MappingReader reader(&node, problems_);
    RedisSentinelSettings sentinels;
    if (const Node* primary = required(reader, "primary")) {
      sentinels.primary = reader.string("primary", "");
      if (primary->is_string() && primary->text.empty()) {
        problem(primary->mark, "primary: expected the name that the sentinels know it by");
      }
    }
    sentinels.nodes = read_nodes(reader, kSentinelPort);
    read_login(reader, sentinels.user, sentinels.password);
    reader.finish();
    redis_.sentinels = std::move(sentinels);
  }

  void read_cluster(const Node& node) {
    MappingReader reader(&node, problems_);
    redis_.cluster = read_nodes(reader, kRedisPort);
    reader.finish();
  }

  std::vector<RedisNodeSettings> read_nodes(MappingReader& reader, std::uint16_t default_port) {
    std::vector<RedisNodeSettings> nodes;
    if (required(reader, "nodes") == nullptr) return nodes;
    for (const Node* item : reader.list("nodes")) {
      auto parsed = item->is_string() ? parse_redis_node(item->text, default_port)
                                      : Result<RedisNodeSettings>(Fault{"expected host:port"});
      if (parsed) {
        nodes.push_back(*std::move(parsed));
      } else {
        problem(item->mark, "nodes: " + parsed.error().text);
      }
    }
    if (reader.list("nodes").empty()) problem(reader.mark(), "nodes: at least one is needed");
    return nodes;
  }

  /// Keys beside a URL that has some already would leave a doubt which ones count.
  void read_login(MappingReader& reader, std::string& user, std::string& password) {
    for (const auto& [key, value] : {std::pair("user", &user), std::pair("password", &password)}) {
      const Node* node = reader.take(key);
      if (node == nullptr) continue;
      const std::string name(key);
      if (!value->empty()) {
        problem(node->mark, name + ": stands in url already");
      } else if (!node->is_string() || node->text.empty()) {
        problem(node->mark, name + ": expected some text in quotes");
      } else {
        *value = node->text;
      }
    }
    if (!user.empty() && password.empty() && !reader.has("password")) {
      problem(reader.mark(), "user: needs a password beside it");
    }
  }

  void read_database(MappingReader& reader) {
    const Node* node = reader.take("database");
    if (node == nullptr) return;
    if (redis_.database != 0) problem(node->mark, "database: stands in url already");
    redis_.database = static_cast<std::uint32_t>(reader.count("database", 0, 0, kMaxRedisDatabase));
    if (!redis_.cluster.empty() && redis_.database != 0) {
      problem(node->mark, "database: a cluster has only 0");
    }
  }

  void read_tls(MappingReader& reader) {
    const Node* node = reader.take("tls");
    if (node == nullptr) return;
    const bool is_server = !redis_.sentinels && redis_.cluster.empty();
    if (is_server && is_url_read_ && !redis_.tls) {
      problem(node->mark, "tls: the url is not rediss://");
    }
    redis_.tls = read_client_tls(*node, folder_, problems_);
  }

  void read_breaker(const Node* node) {
    MappingReader reader(node, problems_);
    RedisBreakerSettings& breaker = redis_.breaker;
    breaker.failures =
        static_cast<std::uint32_t>(reader.count("failures", breaker.failures, 1, UINT32_MAX));
    breaker.probe_interval =
        reader.duration("probe_interval", breaker.probe_interval, kShortestProbeInterval);
    reader.finish();
  }

  const std::filesystem::path& folder_;
  Problems& problems_;
  RedisSettings redis_;
  bool is_url_read_ = false;
};

}  // namespace

RedisSettings read_redis(const Node& node, const std::filesystem::path& folder,
                         Problems& problems) {
  return RedisReader(folder, problems).read(node);
}

}  // namespace trackly::config
