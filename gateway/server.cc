#include "gateway/server.h"

#include <malloc.h>
#include <sched.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "gateway/admin/admin_listener.h"
#include "gateway/descriptors.h"
#include "gateway/metrics_page.h"
#include "gateway/net/dns_resolver.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/listener.h"
#include "gateway/net/tcp_connector.h"
#include "gateway/net/tls_client_context.h"
#include "gateway/net/tls_context.h"
#include "gateway/observe/access_log.h"
#include "gateway/observe/diagnostics.h"
#include "gateway/observe/log_writer.h"
#include "gateway/proxy/upstream_monitor.h"
#include "gateway/store/fleet.h"
#include "gateway/store/make_redis.h"
#include "gateway/store/redis_guide.h"
#include "gateway/store/redis_key_watch.h"
#include "gateway/worker.h"

namespace trackly {
namespace {

constexpr auto kDrainPoll = std::chrono::milliseconds(20);
constexpr auto kLogPatience = std::chrono::seconds(2);

/// The processors that this process may use: its affinity mask, and the CPU quota of its cgroup
/// (v2), rounded up.
std::size_t usable_processors() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  std::size_t count = 1;
  if (sched_getaffinity(0, sizeof(mask), &mask) == 0) {
    count = static_cast<std::size_t>(std::max(1, CPU_COUNT(&mask)));
  }
  std::ifstream limit("/sys/fs/cgroup/cpu.max");
  double quota = 0;
  double period = 0;
  if (limit >> quota >> period && quota > 0 &&
      period > 0) {  // "max 100000" fails to read: no limit
    const auto allowed = static_cast<std::size_t>((quota + period - 1) / period);
    count = std::clamp<std::size_t>(allowed, 1, count);
  }
  return count;
}

/// Large bodies and their parses come and go: each gets memory of its own from the system and gives
/// it back. Left to itself, the allocator would learn from the first ones to keep such blocks.
void give_large_blocks_back() {
  constexpr int kLarge = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, kLarge);
  mallopt(M_TRIM_THRESHOLD, kLarge);
}

bool speaks_tls(const UpstreamSettings& upstream) {
  return std::any_of(upstream.endpoints.begin(), upstream.endpoints.end(),
                     [](const EndpointSettings& endpoint) {
                       return endpoint.protocol == EndpointSettings::Protocol::https;
                     });
}

/// The main thread: accepts, hands out, listens to signals, watches over the upstreams.
class Server {
 public:
  Server(const std::shared_ptr<const config::Configuration>& configuration,
         std::unique_ptr<net::EventLoop> loop)
      : configuration_(configuration),
        settings_(configuration->settings),
        worker_count_(settings_.workers == 0 ? usable_processors() : settings_.workers),
        loop_(std::move(loop)),
        resolver_(*loop_, settings_.resolver),
        connector_(*loop_, resolver_) {}

  /// A fault says why it could not start.
  std::optional<Fault> start();
  /// Until it has stopped; returns the exit code.
  int run();

 private:
  std::optional<Fault> open_log();
  std::optional<Fault> find_redis();
  std::optional<Fault> find_upstreams();
  std::optional<Fault> start_workers();
  /// Where keys are in Redis.
  void watch_keys();
  /// Where Redis is shared with other gateways.
  void join_fleet();
  std::optional<Fault> open_listeners();
  std::optional<Fault> open_admin();
  admin::Page metrics() const;
  /// SIGHUP: all certificates and keys anew, or nothing.
  void reload();
  using Certificates = std::vector<std::shared_ptr<const net::TlsContext>>;  // nullptr: cleartext
  Result<Certificates> read_certificates() const;
  void watch_signals();
  struct Port {
    std::shared_ptr<const net::TlsContext> tls;  // nullptr: cleartext
    std::unique_ptr<net::Listener> listener;
  };
  void hand_out(int fd, const net::SocketAddress& peer, const Port& port);
  void begin_drain();
  void look_at_drain();
  std::size_t requests_in_flight() const;

  const std::shared_ptr<const config::Configuration> configuration_;
  const Settings& settings_;
  const std::size_t worker_count_;
  std::unique_ptr<observe::LogWriter> log_;
  std::unique_ptr<Process> process_;
  const std::unique_ptr<net::EventLoop> loop_;
  net::DnsResolver resolver_;
  net::TcpConnector connector_;
  std::vector<std::unique_ptr<proxy::UpstreamMonitor>> monitors_;  // of settings_.upstreams
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<store::RedisGuide> redis_guide_;
  std::unique_ptr<store::RedisKeyWatch> key_watch_;  // nullptr: no keys in Redis
  std::unique_ptr<store::Redis> fleet_redis_;
  std::unique_ptr<store::FleetHeartbeat> fleet_;  // nullptr: no Redis
  std::deque<Port> ports_;  // one for each of settings_.listeners, at a fixed address
  std::unique_ptr<admin::AdminListener> admin_;  // nullptr: there is none
  const WallTime started_at_ = std::chrono::system_clock::now();
  std::uint64_t connections_accepted_ = 0;
  std::function<void()> on_terminate_;
  std::function<void()> on_reopen_;
  std::function<void()> on_reload_;
  std::vector<net::EventPtr> signals_;
  std::unique_ptr<Timer> drain_look_;
  TimePoint drain_until_{};
  bool draining_ = false;
  std::size_t cut_ = 0;
};

std::optional<Fault> Server::start() {
  drain_look_ = loop_->timer([this] { look_at_drain(); });
  // Before the workers: their threads inherit what is blocked and ignored.
  std::signal(SIGPIPE, SIG_IGN);
  allow_all_descriptors();
  warn_of_few_descriptors(settings_, worker_count_);
  give_large_blocks_back();
  if (auto fault = open_log()) return fault;
  if (auto fault = find_redis()) return fault;
  if (auto fault = find_upstreams()) return fault;
  if (auto fault = start_workers()) return fault;
  watch_keys();
  join_fleet();
  if (auto fault = open_listeners()) return fault;
  if (auto fault = open_admin()) return fault;
  watch_signals();
  return std::nullopt;
}

std::optional<Fault> Server::open_log() {
  if (settings_.access_log.path != "off") {
    auto writer = observe::LogWriter::start(
        settings_.access_log.path, settings_.access_log.buffer_bytes, &observe::lost_access_lines);
    if (!writer) return writer.error();
    log_ = std::move(writer).value();
  }
  process_ = std::make_unique<Process>(*configuration_, log_.get());
  return std::nullopt;
}

std::optional<Fault> Server::find_redis() {
  if (!settings_.redis) return std::nullopt;
  auto access = store::RedisAccess::create(*settings_.redis);
  if (!access) return access.error();
  process_->redis = std::move(access).value();
  return std::nullopt;
}

std::optional<Fault> Server::find_upstreams() {
  for (std::size_t i = 0; i < settings_.upstreams.size(); ++i) {
    const UpstreamSettings& upstream = settings_.upstreams[i];
    std::shared_ptr<const net::TlsClientContext> tls;
    if (speaks_tls(upstream)) {
      auto context = net::TlsClientContext::create(upstream.tls, {"h2", "http/1.1"});
      if (!context) return context.error();
      tls = std::move(context).value();
    }
    monitors_.push_back(std::make_unique<proxy::UpstreamMonitor>(
        *loop_, connector_, resolver_, upstream, settings_.resolver, std::move(tls),
        [this, i](const std::shared_ptr<const proxy::Targets>& targets) {
          for (const auto& worker : workers_) worker->set_targets(i, targets);
        }));
  }
  return std::nullopt;
}

std::optional<Fault> Server::start_workers() {
  for (std::size_t i = 0; i < worker_count_; ++i) {
    auto worker = Worker::create(*process_, configuration_);
    if (!worker) return worker.error();
    workers_.push_back(std::move(worker).value());
    for (std::size_t upstream = 0; upstream < monitors_.size(); ++upstream) {
      if (auto targets = monitors_[upstream]->targets()) {
        workers_.back()->set_targets(upstream, std::move(targets));
      }
    }
  }
  return std::nullopt;
}

void Server::watch_keys() {
  if (!process_->keys.in_use()) return;
  redis_guide_ =
      store::make_redis_guide(*loop_, connector_, *process_->redis, &process_->redis_health);
  key_watch_ = std::make_unique<store::RedisKeyWatch>(
      *loop_, connector_, *redis_guide_, settings_.redis->connect_timeout, process_->keys);
}

void Server::join_fleet() {
  if (!process_->redis) return;
  fleet_redis_ =
      store::make_redis(*loop_, connector_, *process_->redis, {&process_->redis_health, nullptr});
  fleet_ = std::make_unique<store::FleetHeartbeat>(*loop_, *fleet_redis_, process_->fleet);
  fleet_->start();
}

std::optional<Fault> Server::open_listeners() {
  for (const ListenerSettings& listener : settings_.listeners) {
    Port& port = ports_.emplace_back();
    if (listener.tls) {
      auto context = net::TlsContext::create(*listener.tls);
      if (!context) return context.error();
      port.tls = std::move(context).value();
    }
    auto opened = net::Listener::open(
        *loop_, listener.address,
        [this, &port](int fd, const net::SocketAddress& peer) { hand_out(fd, peer, port); });
    if (!opened) return opened.error();
    port.listener = std::move(opened).value();
  }
  return std::nullopt;
}

std::optional<Fault> Server::open_admin() {
  if (!settings_.admin) return std::nullopt;
  admin::Pages pages;
  pages.emplace("/healthz", [] { return admin::Page{.body = "ok\n"}; });
  pages.emplace("/readyz", [this] {
    return draining_ ? admin::Page{.status = 503, .body = "draining\n"}
                     : admin::Page{.body = "ready\n"};
  });
  pages.emplace("/metrics", [this] { return metrics(); });
  auto opened = admin::AdminListener::open(*loop_, settings_.admin->address, std::move(pages));
  if (!opened) return opened.error();
  admin_ = std::move(opened).value();
  return std::nullopt;
}

admin::Page Server::metrics() const {
  return {.content_type = observe::MetricsText::kContentType,
          .body = metrics_page({settings_, *process_, workers_, monitors_, connections_accepted_,
                                started_at_, loop_->now()})};
}

Result<Server::Certificates> Server::read_certificates() const {
  Certificates certificates;
  for (const ListenerSettings& listener : settings_.listeners) {
    if (!listener.tls) {
      certificates.push_back(nullptr);
      continue;
    }
    auto context = net::TlsContext::create(*listener.tls);
    if (!context) return context.error();
    certificates.push_back(std::move(context).value());
  }
  return certificates;
}

void Server::reload() {
  auto certificates = read_certificates();
  if (!certificates) spdlog::error("certificates not reloaded: {}", certificates.error().text);
  Problems problems;
  const auto changes = configuration_->read_again(problems);
  for (const std::string& problem : problems.lines()) {
    spdlog::error("keys not reloaded: {}", problem);
  }
  if (!certificates || !problems.empty()) {
    spdlog::error("nothing is reloaded");
    return;
  }
  for (std::size_t i = 0; i < ports_.size(); ++i) ports_[i].tls = (*certificates)[i];
  for (const auto& put_in_force : changes) put_in_force();
  spdlog::info(changes.empty() ? "certificates reloaded" : "certificates and keys reloaded");
}

void Server::watch_signals() {
  on_terminate_ = [this] { begin_drain(); };
  on_reopen_ = [this] {
    if (log_ == nullptr) return;
    if (const auto fault = log_->reopen()) spdlog::error("{}", fault->text);
  };
  on_reload_ = [this] { reload(); };
  signals_.push_back(loop_->on_signal(SIGTERM, on_terminate_));
  signals_.push_back(loop_->on_signal(SIGINT, on_terminate_));
  signals_.push_back(loop_->on_signal(SIGUSR1, on_reopen_));
  signals_.push_back(loop_->on_signal(SIGHUP, on_reload_));
}

/// To the worker with the fewest connections: with few busy HTTP/2 connections, turns would not do.
void Server::hand_out(int fd, const net::SocketAddress& peer, const Port& port) {
  auto [place, full] = process_->connections.enter(peer.host());
  if (place == nullptr) {
    const auto incident = full == proxy::ConnectionCounts::Full::total
                              ? observe::Incident::connections
                              : observe::Incident::connections_per_address;
    process_->incidents.note(incident, peer.host(), loop_->now());
    close(fd);
    return;
  }
  ++connections_accepted_;
  const auto least =
      std::min_element(workers_.begin(), workers_.end(), [](const auto& a, const auto& b) {
        return a->activity().connections < b->activity().connections;
      });
  (*least)->accept(fd, peer.host(), port.tls, std::move(place));
}

int Server::run() {
  for (const auto& worker : workers_) worker->start();
  for (const auto& monitor : monitors_) monitor->start();
  for (const Port& port : ports_) spdlog::info("listening on {}", port.listener->bound_address());
  if (admin_ != nullptr) spdlog::info("administration on {}", admin_->bound_address());
  spdlog::info("ready: {} workers", workers_.size());
  loop_->run();
  admin_.reset();
  monitors_.clear();
  key_watch_.reset();
  redis_guide_.reset();
  fleet_.reset();
  fleet_redis_.reset();
  for (const auto& worker : workers_) worker->stop();
  workers_.clear();
  if (log_ != nullptr && !log_->stop(kLogPatience))
    spdlog::warn("the access log lost lines at the end");
  spdlog::info("stopped: {} requests cut", cut_);
  return cut_ == 0 ? 0 : 1;
}

void Server::begin_drain() {
  if (draining_) return;
  draining_ = true;
  spdlog::info("draining: {} requests in flight", requests_in_flight());
  ports_.clear();
  if (fleet_ != nullptr) fleet_->leave();
  drain_until_ = loop_->now() + settings_.drain_timeout;
  for (const auto& worker : workers_) worker->drain();
  drain_look_->arm(kDrainPoll);
}

/// Over when every connection has sent its last byte: a client that then takes its time to close is
/// no reason to wait.
void Server::look_at_drain() {
  const bool busy = std::any_of(workers_.begin(), workers_.end(),
                                [](const auto& worker) { return worker->activity().busy > 0; });
  if (busy && loop_->now() < drain_until_) {
    drain_look_->arm(kDrainPoll);
    return;
  }
  cut_ = requests_in_flight();
  loop_->stop();
}

std::size_t Server::requests_in_flight() const {
  std::size_t requests = 0;
  for (const auto& worker : workers_) requests += worker->activity().requests;
  return requests;
}

}  // namespace

int run_server(const std::shared_ptr<const config::Configuration>& configuration) {
  auto diagnostics = observe::Diagnostics::start();
  if (!diagnostics) return 1;
  auto loop = net::EventLoop::create();
  if (!loop) {
    spdlog::error("{}", loop.error().text);
    return 1;
  }
  Server server(configuration, std::move(loop).value());
  if (const auto fault = server.start()) {
    spdlog::error("{}", fault->text);
    return 1;
  }
  return server.run();
}

}  // namespace trackly
