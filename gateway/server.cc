#include "gateway/server.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sched.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "gateway/admin/admin_listener.h"
#include "gateway/descriptors.h"
#include "gateway/drain.h"
#include "gateway/generation.h"
#include "gateway/metrics_page.h"
#include "gateway/net/dns_resolver.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/given_sockets.h"
#include "gateway/net/tcp_connector.h"
#include "gateway/observe/diagnostics.h"
#include "gateway/observe/request_history.h"
#include "gateway/ports.h"
#include "gateway/process.h"
#include "gateway/proxy/upstream_monitor.h"
#include "gateway/redis_presence.h"
#include "gateway/reload_state.h"
#include "gateway/reloader.h"
#include "gateway/status_page.h"
#include "gateway/supervision/service_manager.h"
#include "gateway/supervision/signals.h"
#include "gateway/supervision/succession.h"
#include "gateway/supervision/watchdog.h"
#include "gateway/worker.h"

namespace trackly {
namespace {

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
  // NOLINTBEGIN(concurrency-mt-unsafe): the only other thread writes diagnostics, by either value
  mallopt(M_MMAP_THRESHOLD, kLarge);
  mallopt(M_TRIM_THRESHOLD, kLarge);
  // NOLINTEND(concurrency-mt-unsafe)
}

/// The main thread: accepts, hands out, listens to signals, watches over the upstreams, and puts
/// configurations in force.
class Server {
 public:
  /// How it was started, and with what.
  struct Origin {
    CommandLine command_line;
    Predecessor predecessor;
    net::GivenSockets sockets;
    ServiceManager service_manager;
  };
  Server(const std::shared_ptr<const config::Configuration>& configuration, LoadConfiguration load,
         Origin origin, std::unique_ptr<net::EventLoop> loop)
      : loop_(std::move(loop)),
        origin_(std::move(origin)),
        first_(configuration),
        worker_count_(configuration->settings.workers == 0 ? usable_processors()
                                                           : configuration->settings.workers),
        process_(configuration->settings.limits),
        resolver_(*loop_, configuration->settings.resolver),
        connector_(*loop_, resolver_),
        ports_(*loop_, origin_.sockets,
               [this](int fd, const net::SocketAddress& peer, const Ports::TlsContextPtr& tls) {
                 hand_out(fd, peer, tls);
               }),
        reloader_(*loop_, std::move(load),
                  [this](const std::shared_ptr<const config::Configuration>& read,
                         const Problems& problems, std::vector<Reloader::Asked> asked) {
                    on_read(read, problems, std::move(asked));
                  }) {}

  /// A fault says why it could not start.
  std::optional<Fault> start();
  /// Until it has stopped; returns the exit code.
  int run();

 private:
  // ---- configurations
  /// Carried out whole, or, with a fault, not at all.
  std::optional<Fault> put_in_force(
      const std::shared_ptr<const config::Configuration>& configuration);
  std::optional<Fault> obstacle_to(const Settings& next) const;
  std::optional<Fault> start_workers(const std::shared_ptr<const Generation>& generation);
  void hand_over(const std::shared_ptr<const Generation>& next);
  void on_adopted();
  void watch_upstreams(const Generation& next);
  void join_fleet(const Generation& next);
  void reload(Reloader::Asked asked = nullptr);
  void on_read(const std::shared_ptr<const config::Configuration>& configuration,
               const Problems& problems, std::vector<Reloader::Asked> asked);
  void on_refused(const std::vector<Reloader::Asked>& asked);
  void reopen_log();
  static void stop_log(observe::LogWriter& log);

  // ---- the admin listener
  Result<std::unique_ptr<admin::AdminListener>> open_admin(const Settings& next);
  admin::Page page(std::string_view content_type, std::string (*make)(const PageSources&));
  void reload_and_answer(const admin::Pages::Answer& answer);

  // ---- clients
  void hand_out(int fd, const net::SocketAddress& peer, const Ports::TlsContextPtr& tls);

  // ---- who starts it, and who comes after it
  std::vector<net::ListeningSocket*> sockets() const;
  void tell_ready();
  void watch_over_threads();
  void upgrade();
  void make_way(const std::vector<bool>& taken);
  void on_successor_ended(const std::string& how);
  void watch_signals();
  void stop();

  const Settings& settings() const { return generation_->settings(); }

  const std::unique_ptr<net::EventLoop> loop_;
  Origin origin_;
  std::vector<bool> taken_;                             // of the sockets of origin_
  std::shared_ptr<const config::Configuration> first_;  // until it is in force
  const std::size_t worker_count_;
  Process process_;
  net::DnsResolver resolver_;
  net::TcpConnector connector_;
  std::shared_ptr<const Generation> generation_;  // in force; nullptr: none yet
  observe::RequestHistory history_;
  std::vector<std::unique_ptr<proxy::UpstreamMonitor>> monitors_;  // of generation_->upstreams
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<RedisPresence> redis_;  // nullptr: there is none
  Ports ports_;
  std::unique_ptr<admin::AdminListener> admin_;  // nullptr: there is none
  ReloadState reloads_;
  std::size_t adopting_ = 0;                 // workers that have yet to take over what is in force
  std::vector<Reloader::Asked> to_be_told_;  // when they have
  Reloader reloader_;
  std::unique_ptr<Successor> successor_;            // nullptr: there is none
  std::vector<net::ListeningSocket*> handed_over_;  // to it, as long as it is not ready
  bool upgrade_wanted_ = false;                     // when what is being read has been read
  bool reload_wanted_ = false;                      // since an upgrade began
  std::unique_ptr<Watchdog> watchdog_;              // nullptr: nobody waits for a sign of life
  const WallTime started_at_ = std::chrono::system_clock::now();
  std::uint64_t connections_accepted_ = 0;
  std::function<void()> on_terminate_;
  std::function<void()> on_reopen_;
  std::function<void()> on_reload_;
  std::function<void()> on_upgrade_;
  std::vector<net::EventPtr> signals_;
  Drain drain_{*loop_,
               workers_,
               {.turn_away = [this] { ports_.turn_away(); },
                .close =
                    [this] {
                      ports_.close();
                      if (redis_ != nullptr) redis_->leave();
                    },
                .end = [this] { loop_->stop(); }}};
};

std::optional<Fault> Server::start() {
  // Before the workers: their threads inherit what is blocked and ignored.
  std::signal(SIGPIPE, SIG_IGN);
  allow_all_descriptors();
  warn_of_few_descriptors(first_->settings, worker_count_);
  give_large_blocks_back();
  if (auto fault = put_in_force(first_)) return fault;
  first_.reset();
  taken_ = origin_.sockets.opened();
  for (const std::string& name : origin_.sockets.drop_rest()) {
    spdlog::warn("the listening socket {} was handed over, but nothing is configured for it", name);
  }
  watch_signals();
  release_signals();
  return std::nullopt;
}

// ---------------------------------------------------------------------------------- configurations

std::optional<Fault> Server::put_in_force(
    const std::shared_ptr<const config::Configuration>& configuration) {
  const Settings& next = configuration->settings;
  if (auto fault = obstacle_to(next)) return fault;
  auto made = make_generation(configuration, worker_count_, generation_.get());
  if (!made) return made.error();
  auto ports = ports_.prepare(next.listeners);
  if (!ports) return ports.error();
  const bool same_admin = generation_ != nullptr && settings().admin == next.admin;
  auto admin = same_admin ? std::unique_ptr<admin::AdminListener>() : open_admin(next);
  if (!admin) return admin.error();
  const std::shared_ptr<const Generation> generation = std::move(made).value();
  if (auto fault = start_workers(generation)) return fault;

  // Nothing fails from here on.
  ports_.put_in_force(std::move(ports).value());
  if (!same_admin) admin_ = std::move(admin).value();
  process_.body_budget.resize(next.limits.body_memory);
  process_.connections.set_limits(next.limits.connections, next.limits.connections_per_address);
  hand_over(generation);
  reloads_.generation = generation->number;
  reloads_.loaded_at = std::chrono::system_clock::now();
  return std::nullopt;
}

/// What takes another process. SIGUSR2 starts one.
std::optional<Fault> Server::obstacle_to(const Settings& next) const {
  if (generation_ == nullptr) return std::nullopt;
  if (!drain_.is_serving()) return Fault{"the gateway is about to stop"};
  // Its sockets are those of now.
  if (successor_ != nullptr) return Fault{"an upgrade is under way"};
  const auto needs_restart = [](std::string_view key) {
    return Fault{"`" + std::string(key) + "` has changed, which takes another process (SIGUSR2)"};
  };
  if (next.workers != settings().workers) return needs_restart("workers");
  if (!(next.resolver == settings().resolver)) return needs_restart("resolver");
  return std::nullopt;
}

std::optional<Fault> Server::start_workers(const std::shared_ptr<const Generation>& generation) {
  if (generation_ != nullptr) return std::nullopt;
  for (std::size_t i = 0; i < worker_count_; ++i) {
    auto worker = Worker::create(process_, i, generation);
    if (!worker) return worker.error();
    workers_.push_back(std::move(worker).value());
  }
  return std::nullopt;
}

/// From here on requests are served by the next generation; those that began before end by theirs.
void Server::hand_over(const std::shared_ptr<const Generation>& next) {
  const std::shared_ptr<const Generation> before = std::exchange(generation_, next);
  if (before != nullptr) {
    if (before->metrics != next->metrics) history_.retire(before, before->metrics, next->labels);
    for (const auto& worker : workers_) {
      ++adopting_;
      worker->adopt(next, [this] { loop_->submit([this] { on_adopted(); }); });
    }
  }
  watch_upstreams(*next);
  join_fleet(*next);
}

void Server::on_adopted() {
  if (--adopting_ > 0) return;
  // Filters that ask for keys have been made by now.
  if (redis_ != nullptr) redis_->watch_keys();
  spdlog::info("reloaded: generation {}", reloads_.generation);
  tell_ready();
  for (const Reloader::Asked& tell : std::exchange(to_be_told_, {})) tell({});
}

void Server::watch_upstreams(const Generation& next) {
  std::vector<std::unique_ptr<proxy::UpstreamMonitor>> before = std::move(monitors_);
  monitors_.clear();
  for (const auto& upstream : next.upstreams) {
    const auto kept = std::find_if(before.begin(), before.end(), [&](const auto& monitor) {
      return monitor != nullptr && &monitor->upstream() == upstream.get();
    });
    if (kept != before.end()) {
      monitors_.push_back(std::move(*kept));
      continue;
    }
    const auto publish = [this, upstream](const std::shared_ptr<const proxy::Targets>& targets) {
      for (const auto& worker : workers_) worker->set_targets(upstream, targets);
    };
    monitors_.push_back(std::make_unique<proxy::UpstreamMonitor>(
        *loop_, connector_, resolver_, upstream, next.settings().resolver, publish));
    if (const auto targets = monitors_.back()->targets()) publish(targets);
    monitors_.back()->start();
  }
}

void Server::join_fleet(const Generation& next) {
  const auto shared = redis_ == nullptr ? nullptr : redis_->shared();
  if (shared == next.redis) return;
  if (redis_ != nullptr) redis_->leave();
  redis_.reset();
  if (next.redis == nullptr) return;
  redis_ = std::make_unique<RedisPresence>(*loop_, connector_, next.redis);
  redis_->watch_keys();
}

void Server::reload(Reloader::Asked asked) {
  if (successor_ != nullptr && !asked) {
    // It may have read the files already.
    reload_wanted_ = true;
    return;
  }
  if (drain_.is_serving()) origin_.service_manager.tell_reloading();
  reloader_.start(std::move(asked));
}

void Server::on_read(const std::shared_ptr<const config::Configuration>& configuration,
                     const Problems& problems, std::vector<Reloader::Asked> asked) {
  ++reloads_.attempts;
  reloads_.last_attempt = std::chrono::system_clock::now();
  reloads_.problems = problems.lines();
  if (configuration != nullptr) {
    if (const auto fault = put_in_force(configuration)) {
      reloads_.problems.push_back(fault->text);
    }
  }
  if (reloads_.problems.empty()) {
    std::move(asked.begin(), asked.end(), std::back_inserter(to_be_told_));
    reopen_log();
  } else {
    on_refused(asked);
  }
  if (std::exchange(upgrade_wanted_, false)) upgrade();
}

void Server::on_refused(const std::vector<Reloader::Asked>& asked) {
  ++reloads_.failures;
  for (const std::string& problem : reloads_.problems) spdlog::error("not reloaded: {}", problem);
  spdlog::error("nothing is reloaded; generation {} stays in force", reloads_.generation);
  tell_ready();
  for (const Reloader::Asked& tell : asked) tell(reloads_.problems);
}

void Server::reopen_log() {
  if (generation_->log == nullptr) return;
  if (const auto fault = generation_->log->reopen()) spdlog::error("{}", fault->text);
}

// --------------------------------------------------------------------------------- admin listener

Result<std::unique_ptr<admin::AdminListener>> Server::open_admin(const Settings& next) {
  if (!next.admin) return std::unique_ptr<admin::AdminListener>();
  admin::Pages pages;
  pages.get("/healthz", [] { return admin::Page{.body = "ok\n"}; });
  pages.get("/readyz", [this] {
    return drain_.is_serving() ? admin::Page{.body = "ready\n"}
                               : admin::Page{.status = 503, .body = "draining\n"};
  });
  pages.get("/metrics", [this] { return page(observe::MetricsText::kContentType, metrics_page); });
  pages.get("/status", [this] { return page("application/json", status_page); });
  pages.get("/", [this] { return page("text/html; charset=utf-8", front_page); });
  pages.post("/reload", [this](const admin::Pages::Answer& answer) { reload_and_answer(answer); });
  auto socket = origin_.sockets.open(next.admin->address, admin::kUnixMode);
  if (!socket) return socket.error();
  return std::make_unique<admin::AdminListener>(*loop_, std::move(socket).value(),
                                                std::move(pages));
}

void Server::reload_and_answer(const admin::Pages::Answer& answer) {
  reload([this, answer](const std::vector<std::string>& problems) {
    if (problems.empty()) {
      return answer({.body = fmt::format("reloaded: generation {}\n", reloads_.generation)});
    }
    std::string text =
        fmt::format("nothing is reloaded; generation {} stays in force\n", reloads_.generation);
    for (const std::string& problem : problems) text += problem + "\n";
    answer({.status = 500, .body = std::move(text)});
  });
}

admin::Page Server::page(std::string_view content_type, std::string (*make)(const PageSources&)) {
  const auto earlier = history_.sum(generation_->labels);
  return {.content_type = content_type,
          .body = make({*generation_, earlier.get(), reloads_, process_, workers_, monitors_,
                        ports_.bound_addresses(), ports_.certificate_expiries(),
                        connections_accepted_, started_at_, loop_->now(), !drain_.is_serving()})};
}

// ----------------------------------------------------------------------------------------- clients

/// To the worker with the fewest connections: with few busy HTTP/2 connections, turns would not do.
void Server::hand_out(int fd, const net::SocketAddress& peer, const Ports::TlsContextPtr& tls) {
  auto [place, full] = process_.connections.enter(peer.host());
  if (place == nullptr) {
    const auto incident = full == proxy::ConnectionCounts::Full::total
                              ? observe::Incident::connections
                              : observe::Incident::connections_per_address;
    process_.incidents.note(incident, peer.host(), loop_->now());
    close(fd);
    return;
  }
  ++connections_accepted_;
  const auto least =
      std::min_element(workers_.begin(), workers_.end(), [](const auto& a, const auto& b) {
        return a->activity().connections < b->activity().connections;
      });
  (*least)->accept(fd, peer.host(), tls, std::move(place));
}

int Server::run() {
  for (const auto& worker : workers_) worker->start();
  for (const std::string& address : ports_.bound_addresses()) {
    spdlog::info("listening on {}", address);
  }
  if (admin_ != nullptr) {
    spdlog::info("administration on {}", admin_->socket().bound_address());
  }
  spdlog::info("ready: {} workers", workers_.size());
  origin_.predecessor.tell_ready(taken_);
  for (net::ListeningSocket* socket : sockets()) socket->inherit();
  tell_ready();
  watch_over_threads();
  loop_->run();
  // Nobody listens any more: another SIGTERM would end the process before it has said how it went.
  hold_signals();
  admin_.reset();
  monitors_.clear();
  redis_.reset();
  for (const auto& worker : workers_) worker->stop();
  watchdog_.reset();
  workers_.clear();
  if (generation_->log != nullptr) stop_log(*generation_->log);
  spdlog::info("stopped: {} requests cut", drain_.cut());
  return drain_.cut() == 0 ? 0 : 1;
}

void Server::stop_log(observe::LogWriter& log) {
  const std::uint64_t before = log.lost();
  if (log.stop(kLogPatience)) return;
  spdlog::warn("access log {}: {} lines lost at the end", log.options().target.text(),
               log.lost() - before);
}

// --------------------------------------------------------- who starts it, and who comes after it

/// All that this process listens on, always in the same order.
std::vector<net::ListeningSocket*> Server::sockets() const {
  std::vector<net::ListeningSocket*> all = ports_.sockets();
  if (admin_ != nullptr) all.push_back(&admin_->socket());
  return all;
}

void Server::tell_ready() {
  if (!drain_.is_serving()) return;
  std::string status = fmt::format("serving by configuration {}", reloads_.generation);
  if (!reloads_.problems.empty()) {
    status += "; the last reload changed nothing: " + reloads_.problems.front();
  }
  origin_.service_manager.tell_ready(status);
}

void Server::watch_over_threads() {
  const auto interval = ServiceManager::watchdog_interval();
  if (!interval) return;
  std::vector<Watchdog::Submit> threads;
  for (const auto& worker : workers_) {
    threads.emplace_back(
        [&worker = *worker](std::function<void()> task) { worker.submit(std::move(task)); });
  }
  watchdog_ = std::make_unique<Watchdog>(*loop_, *interval, std::move(threads),
                                         [this] { origin_.service_manager.tell_alive(); });
}

void Server::upgrade() {
  if (!drain_.is_serving() || successor_ != nullptr) {
    return spdlog::error("no upgrade: {}", successor_ != nullptr ? "one is under way"
                                                                 : "the gateway is about to stop");
  }
  // When the first process of a container ends, so do all others.
  if (getpid() == 1) return spdlog::error("no upgrade: nothing outlives process 1");
  if (reloader_.is_reading()) {
    upgrade_wanted_ = true;
    return;
  }
  handed_over_ = sockets();
  auto started =
      Successor::start(*loop_, origin_.command_line, handed_over_,
                       {.ready = [this](const std::vector<bool>& taken) { make_way(taken); },
                        .ended = [this](const std::string& how) { on_successor_ended(how); }});
  if (!started) return spdlog::error("no upgrade: {}", started.error().text);
  successor_ = std::move(started).value();
  spdlog::info("upgrade: process {} starts", successor_->pid());
}

void Server::make_way(const std::vector<bool>& taken) {
  spdlog::info("upgrade: process {} takes over", successor_->pid());
  origin_.service_manager.tell_successor(successor_->pid());
  if (reload_wanted_) kill(successor_->pid(), SIGHUP);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (taken[i]) handed_over_[i]->hand_over();
  }
  admin_.reset();
  drain_.begin(settings().drain_timeout);
}

void Server::on_successor_ended(const std::string& how) {
  if (drain_.has_begun()) return spdlog::error("the process that took over has ended: {}", how);
  spdlog::error("no upgrade: the new process did not get ready: {}; this one goes on", how);
  loop_->post([this] {  // it is on the stack
    successor_.reset();
    if (std::exchange(reload_wanted_, false)) reload();
  });
}

void Server::watch_signals() {
  on_terminate_ = [this] { stop(); };
  on_reopen_ = [this] { reopen_log(); };
  on_reload_ = [this] { reload(); };
  on_upgrade_ = [this] { upgrade(); };
  signals_.push_back(loop_->on_signal(SIGTERM, on_terminate_));
  signals_.push_back(loop_->on_signal(SIGINT, on_terminate_));
  signals_.push_back(loop_->on_signal(SIGUSR1, on_reopen_));
  signals_.push_back(loop_->on_signal(SIGHUP, on_reload_));
  signals_.push_back(loop_->on_signal(SIGUSR2, on_upgrade_));
}

void Server::stop() {
  if (drain_.has_begun()) return;
  successor_.reset();  // one that is not ready yet ends with this process
  if (drain_.is_serving()) {
    origin_.service_manager.tell_stopping(
        fmt::format("about to stop: {} requests in flight", drain_.requests_in_flight()),
        settings().drain_delay + settings().drain_timeout + kLogPatience);
  }
  drain_.leave(settings().drain_delay, settings().drain_timeout);
}

}  // namespace

int run_server(const std::shared_ptr<const config::Configuration>& configuration,
               LoadConfiguration load, CommandLine command_line) {
  // What it was started with is in the environment, which is to be left alone when there are
  // threads.
  Server::Origin origin{std::move(command_line), Predecessor::of_environment(),
                        net::GivenSockets::take(), ServiceManager::of_environment()};
  auto diagnostics = observe::Diagnostics::start();
  if (!diagnostics) return 1;
  auto loop = net::EventLoop::create();
  if (!loop) {
    spdlog::error("{}", loop.error().text);
    return 1;
  }
  Server server(configuration, std::move(load), std::move(origin), std::move(loop).value());
  if (const auto fault = server.start()) {
    spdlog::error("{}", fault->text);
    return 1;
  }
  return server.run();
}

}  // namespace trackly
