#include "gateway/cli/rehearsal.h"

#include <algorithm>
#include <utility>

#include "gateway/api/upstream_for.h"
#include "gateway/net/dns_resolver.h"
#include "gateway/net/tcp_connector.h"
#include "gateway/proxy/snapshot.h"
#include "gateway/store/make_redis.h"
#include "gateway/store/redis_key_store.h"
#include "gateway/store/redis_token_bucket.h"
#include "gateway/store/two_call_token_bucket.h"

namespace trackly::cli {
namespace {

// More than the stores and filters ever take.
constexpr Duration kPatience = std::chrono::seconds(30);
constexpr Duration kRedisPatience = std::chrono::seconds(5);

/// Who asks.
constexpr const char* kClient = "127.0.0.1";

/// The service is in this process: it is well, and speaks HTTP/1.1.
UpstreamSettings made_local(UpstreamSettings settings) {
  settings.endpoints.resize(1);
  settings.endpoints.front().protocol = EndpointSettings::Protocol::http1;
  settings.circuit_breaker.reset();
  settings.health_check.reset();
  settings.warm_connections = 0;
  return settings;
}

std::shared_ptr<proxy::Upstream> make_upstream(Loop& loop, net::Connector& connector,
                                               const UpstreamSettings& settings) {
  const auto shared = std::make_shared<proxy::SharedUpstream>(made_local(settings));
  auto upstream = std::make_shared<proxy::Upstream>(loop, connector, shared);
  const EndpointSettings& endpoint = shared->settings.endpoints.front();
  upstream->set_targets({std::make_shared<proxy::Target>(
      endpoint, net::Address{.host = endpoint.host, .port = endpoint.port, .unix_path = {}})});
  return upstream;
}

bool judges_by_state(const FilterFactory& factory, const Operation& operation) {
  const auto answers = factory.answers(operation);
  return std::any_of(answers.begin(), answers.end(),
                     [](const PossibleAnswer& answer) { return answer.by_state; });
}

}  // namespace

// ------------------------------------------------------------------------------------------- Redis

struct Rehearsal::RedisStores {
  RedisStores(net::EventLoop& the_loop, const ResolverSettings& resolving,
              const store::RedisAccess& access)
      : loop(the_loop),
        resolver(loop, resolving),
        connector(loop, resolver),
        redis(store::make_redis(loop, connector, access)),
        buckets(*redis),
        shared_keys(loop, *redis, keys) {
    if (!access.settings.cluster.empty()) two_call_buckets.emplace(buckets);
  }

  TokenBucketStore& token_buckets() {
    return two_call_buckets ? static_cast<TokenBucketStore&>(*two_call_buckets) : buckets;
  }

  /// Waits until it answers; empty, or why it does not. A filter would not wait for that long.
  std::string wait() {
    std::string trouble;
    const std::string_view ping[] = {"PING"};
    const PendingPtr pending =
        redis->send({}, ping, loop.now() + kRedisPatience, [&](store::RedisAnswer answer) {
          if (!answer) trouble = store::to_string(answer.error());
          loop.stop();
        });
    loop.run();
    return trouble;
  }

  net::EventLoop& loop;
  net::DnsResolver resolver;
  net::TcpConnector connector;
  const std::unique_ptr<store::Redis> redis;
  store::RedisTokenBucketStore buckets;
  std::optional<store::TwoCallTokenBucketStore> two_call_buckets;  // of a cluster
  store::KeyCache keys{HashKey::random()};
  store::RedisKeys shared_keys;
};

/// In place of Redis, where that is not asked.
class Rehearsal::NoKeys final : public SharedKeys {
 public:
  std::unique_ptr<KeyStore> open(const KeyCachePolicy&) override {
    class Store final : public KeyStore {
      Lookup<KeyAnswer> find(const KeyDigest&, Callback) override {
        return KeyAnswer{KeyAnswer::Status::unavailable, nullptr};
      }
    };
    return std::make_unique<Store>();
  }
};

std::optional<Fault> Rehearsal::connect_to_redis() {
  const Settings& settings = configuration_->settings;
  if (!settings.redis) return std::nullopt;
  auto access = store::RedisAccess::create(*settings.redis);
  if (!access) return access.error();
  redis_ = std::make_unique<RedisStores>(*loop_, settings.resolver, *access);
  services_.redis_buckets = &redis_->token_buckets();
  services_.redis_keys = &redis_->shared_keys;
  redis_trouble_ = redis_->wait();
  return std::nullopt;
}

// --------------------------------------------------------------------------------------- the stage

Result<std::unique_ptr<Rehearsal>> Rehearsal::create(
    std::shared_ptr<const config::Configuration> configuration, const Options& options) {
  auto loop = net::EventLoop::create();
  if (!loop) return loop.error();
  std::unique_ptr<Rehearsal> made(new Rehearsal(std::move(configuration), std::move(loop).value()));
  if (options.connect) {
    if (auto fault = made->connect_to_redis()) return *std::move(fault);
  }
  made->make_snapshot(options.requests_only);
  return made;
}

Rehearsal::Rehearsal(std::shared_ptr<const config::Configuration> configuration,
                     std::unique_ptr<net::EventLoop> loop)
    : configuration_(std::move(configuration)),
      loop_(std::move(loop)),
      buckets_(table_, *loop_),
      no_keys_(std::make_unique<NoKeys>()),
      services_{*loop_, hasher_, buckets_, &buckets_, no_keys_.get()},
      connector_(*loop_, [this](const WireRequest& request) { outcome_.forwarded = request; }),
      log_(nullptr, *loop_, log_counts_),
      labels_(std::make_shared<const observe::RequestLabels>(
          configuration_->settings, configuration_->api, configuration_->errors)),
      metrics_(labels_),
      budget_(configuration_->settings.limits.body_memory),
      context_{*loop_, parser_, budget_, incidents_, activity_, nullptr} {}

Rehearsal::~Rehearsal() = default;

void Rehearsal::make_snapshot(bool requests_only) {
  const config::Configuration& configuration = *configuration_;
  std::vector<std::shared_ptr<proxy::Upstream>> upstreams;
  for (const UpstreamSettings& settings : configuration.settings.upstreams) {
    upstreams.push_back(make_upstream(*loop_, connector_, settings));
  }
  const auto snapshot = std::make_shared<proxy::Snapshot>(
      configuration.settings, configuration.api, configuration.errors, std::move(upstreams),
      proxy::Records{log_, *labels_, metrics_, nullptr, this});
  const auto add = [&](const Operation& operation) {
    proxy::Endpoint endpoint;
    endpoint.operation = &operation;
    endpoint.upstream = index_of_upstream(configuration.settings, operation.upstream);
    endpoint.chain.links =
        configuration.make_chain(operation, services_, [&](const FilterFactory& factory) {
          return !requests_only || !judges_by_state(factory, operation);
        });
    snapshot->add(std::move(endpoint));
  };
  for (const Operation& operation : configuration.api.operations) add(operation);
  add(configuration.api.unknown);
  context_.snapshot = snapshot;
}

const proxy::Chain* Rehearsal::chain_of(const Exchange& exchange) const {
  if (exchange.operation == nullptr) return nullptr;
  return &context_.snapshot->endpoint(*exchange.operation).chain;
}

// ----------------------------------------------------------------------------------- a performance

/// What the gateway has of its client.
class Rehearsal::ClientEnd final : public MemoryTransport {
 public:
  explicit ClientEnd(std::string& answer) : MemoryTransport(kClient), answer_(answer) {}

  std::size_t write(std::string_view bytes) override {
    answer_.append(bytes);
    return bytes.size();
  }
  void send(std::string_view request) { events().on_data(request); }
  void close() { events().on_eof(); }

 private:
  std::string& answer_;
};

Rehearsal::Outcome Rehearsal::run(std::string_view request,
                                  const std::function<void(const Exchange&)>& visit) {
  RequestReader reader;
  const std::size_t size = reader.feed(request);
  const auto& read = reader.request();
  outcome_ = {};
  outcome_.left_over = request.size() - size;
  outcome_.complete = read && (read->complete || read->malformed);
  visit_ = &visit;

  const auto patience = loop_->timer([this] { loop_->stop(); });
  patience->arm(kPatience);
  loop_->submit([this, text = request.substr(0, size)] { begin(text, outcome_.complete); });
  loop_->run();

  visit_ = nullptr;
  loop_->submit([this] {
    if (connection_ != nullptr) connection_->close_now();
  });
  loop_->stop();
  loop_->run();
  return std::move(outcome_);
}

void Rehearsal::begin(std::string_view request, bool complete) {
  auto transport = std::make_unique<ClientEnd>(outcome_.answer);
  ClientEnd& client = *transport;
  ++activity_.connections;
  ++activity_.busy;
  connection_ = std::make_unique<proxy::Connection>(
      context_, static_cast<proxy::ConnectionOwner&>(*this), std::move(transport), nullptr);
  client.send(request);
  if (!complete) client.close();
}

/// Also where there was no request in the text, and so nothing to finish.
void Rehearsal::on_connection_closed(proxy::Connection&) {
  if (visit_ != nullptr) loop_->stop();
  loop_->defer_delete(std::move(connection_));
}

/// The loop stops in a later turn: what the client gets is written by then.
void Rehearsal::on_finished(const Exchange& exchange) {
  if (visit_ == nullptr) return;
  (*std::exchange(visit_, nullptr))(exchange);
  loop_->stop();
}

}  // namespace trackly::cli
