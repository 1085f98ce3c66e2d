#include "gateway/proxy/upstream_monitor.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>

#include "gateway/net/socket_address.h"
#include "gateway/observe/diagnostics.h"
#include "gateway/proxy/health_check.h"

namespace trackly::proxy {
namespace {

// A name that stands for more is a mistake, or somebody's attempt to have us connect everywhere.
constexpr std::size_t kMaxAddresses = 64;

// A slip in a zone must not outlast the zone's repair by days.
constexpr Duration kLongestTtl = std::chrono::hours(1);

// Name servers that know many addresses like to answer with some of them, others each time. One
// that returns within this time is still what was known about it.
constexpr Duration kMemory = std::chrono::minutes(10);

/// Up to a tenth longer, so that the checks of several gateways do not stay in step.
Duration jittered(Duration interval, Loop& loop) {
  const auto tenth = static_cast<std::uint64_t>(interval.count()) / 10;
  return interval + Duration(loop.random() % (tenth + 1));
}

/// In the order of the answer, each once.
std::vector<std::string> hosts_of(const std::vector<net::SocketAddress>& addresses) {
  std::vector<std::string> hosts;
  for (const net::SocketAddress& address : addresses) {
    std::string host = address.host();
    if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) {
      hosts.push_back(std::move(host));
    }
  }
  return hosts;
}

int family_of(const Target& target) {
  return target.address().host.find(':') == std::string::npos ? AF_INET : AF_INET6;
}

/// Nothing more will come of this question.
bool is_last(const Result<net::ResolvedName>& answer) {
  return !answer || !answer->unknown || answer->unknown->fault;
}

}  // namespace

// ---------------------------------------------------------------------------------------- checks

/// Checks a target again and again, one check at a time, and keeps what it says about its health.
class UpstreamMonitor::Check {
 public:
  Check(UpstreamMonitor& monitor, std::shared_ptr<Target> target)
      : monitor_(monitor),
        settings_(*monitor.settings_.health_check),
        target_(std::move(target)),
        next_(monitor.loop_.timer([this] { ask(); })) {}

  void ask() {
    next_at_ = monitor_.loop_.now() + jittered(settings_.interval, monitor_.loop_);
    under_way_ = std::make_unique<HealthCheck>(
        monitor_.loop_, monitor_.connector_, *target_, settings_,
        [this](const HealthCheck::Outcome& outcome) { on_outcome(outcome); });
  }

 private:
  void on_outcome(const HealthCheck::Outcome& outcome) {
    under_way_.reset();
    next_->arm(std::max(next_at_ - monitor_.loop_.now(), Duration::zero()));

    const bool is_unknown = outcome.kind == HealthCheck::Outcome::Kind::unknown;
    const bool was_unknown = std::exchange(was_unknown_, is_unknown);
    if (is_unknown) {
      if (!was_unknown) report("cannot be checked: " + outcome.why);
      return;
    }
    const bool passed = outcome.kind == HealthCheck::Outcome::Kind::passed;
    const bool is_first = std::exchange(is_first_, false);
    if (passed == target_->passes_checks()) {
      has_passed_ |= passed;
      contradictions_ = 0;
      return;
    }
    // A service that starts after us need not wait for its second pass.
    const bool is_first_of_its_kind = passed ? !has_passed_ : is_first;
    const std::uint32_t needed = passed ? settings_.passes : settings_.failures;
    if (++contradictions_ < needed && !is_first_of_its_kind) return;
    contradictions_ = 0;
    has_passed_ |= passed;
    target_->set_passes_checks(passed);
    report(passed ? "passes its health check again" : "fails its health check: " + outcome.why);
    monitor_.publish_soon();
  }

  void report(const std::string& what) const {
    observe::report_upstream(monitor_.settings_.name, target_->text() + " " + what);
  }

  UpstreamMonitor& monitor_;
  const HealthCheckSettings& settings_;
  const std::shared_ptr<Target> target_;
  std::unique_ptr<Timer> next_;
  TimePoint next_at_;
  std::unique_ptr<HealthCheck> under_way_;
  bool was_unknown_ = false;
  bool is_first_ = true;
  bool has_passed_ = false;
  std::uint32_t contradictions_ = 0;  // outcomes in a row against what the target says
};

// ------------------------------------------------------------------------------------- endpoints

/// An endpoint of the configuration and the targets that it stands for: always the same one, or
/// those of a name.
class UpstreamMonitor::Endpoint {
 public:
  Endpoint(UpstreamMonitor& monitor, const EndpointSettings& settings)
      : monitor_(monitor),
        settings_(settings),
        is_known_(is_address(settings)),
        ask_again_(monitor.loop_.timer([this] { ask(); })) {
    if (is_known_) add(settings.host);
  }

  void start() {
    if (!is_known_) return ask();
    for (const Watched& watched : watched_) watched.start();
  }

  /// False while nobody has said what its name stands for, or that it stands for nothing.
  bool is_known() const { return is_known_; }
  void append_to(Targets& targets) const {
    for (const Watched& watched : watched_) targets.push_back(watched.target);
  }

 private:
  struct Watched {
    void start() const {
      if (check != nullptr) check->ask();
    }

    std::shared_ptr<Target> target;
    std::unique_ptr<Check> check;  // nullptr: none is configured
  };

  /// A target that its name stands for no more.
  struct Departed {
    std::shared_ptr<Target> target;
    TimePoint forgotten_at;
  };

  void add(const std::string& host) {
    Watched watched;
    watched.target = recall(host);
    if (watched.target == nullptr) {
      watched.target = std::make_shared<Target>(
          settings_, address_of(settings_, host, monitor_.settings_, monitor_.shared_->tls));
    }
    if (monitor_.settings_.health_check) {
      watched.check = std::make_unique<Check>(monitor_, watched.target);
    }
    watched_.push_back(std::move(watched));
  }

  void ask() {
    lookup_ = monitor_.resolver_.resolve(
        settings_.host, settings_.port,
        [this](const Result<net::ResolvedName>& answer) { on_answer(answer); });
  }

  void on_answer(const Result<net::ResolvedName>& answer) {
    if (is_last(answer)) {
      lookup_.reset();
      const bool is_whole = answer && !answer->unknown;
      const Duration least = monitor_.resolving_.min_ttl;
      ask_again_->arm(is_whole ? std::max(std::min(answer->ttl, kLongestTtl), least) : least);
      report_resolved(answer);
    }
    is_known_ = true;
    if (answer) replace(*answer);
    monitor_.endpoint_changed();
  }

  /// Those that stay keep their places and what is known about them; new ones follow. Half an
  /// answer says nothing about the addresses of the other family.
  void replace(const net::ResolvedName& answer) {
    const std::vector<std::string> hosts = hosts_of(answer.addresses);
    const auto stays = [&](const Watched& watched) {
      const Target& target = *watched.target;
      return (answer.unknown && answer.unknown->family == family_of(target)) ||
             std::find(hosts.begin(), hosts.end(), target.address().host) != hosts.end();
    };
    const auto leaving = std::stable_partition(watched_.begin(), watched_.end(), stays);
    for (auto watched = leaving; watched != watched_.end(); ++watched) remember(watched->target);
    watched_.erase(leaving, watched_.end());
    bool is_cut = false;
    for (const std::string& host : hosts) {
      if (has(host)) continue;
      is_cut = watched_.size() == kMaxAddresses;
      if (is_cut) break;
      add(host);
      watched_.back().start();
    }
    if (is_cut && !was_cut_) {
      report("stands for " + std::to_string(hosts.size()) + " addresses, of which " +
             std::to_string(kMaxAddresses) + " are used");
    }
    was_cut_ = is_cut;
  }

  bool has(const std::string& host) const {
    return std::any_of(watched_.begin(), watched_.end(), [&host](const Watched& watched) {
      return watched.target->address().host == host;
    });
  }

  void remember(std::shared_ptr<Target> target) {
    if (departed_.size() == kMaxAddresses) departed_.pop_front();
    departed_.push_back({std::move(target), monitor_.loop_.now() + kMemory});
  }

  /// nullptr: it was not here lately.
  std::shared_ptr<Target> recall(const std::string& host) {
    std::erase_if(departed_, [now = monitor_.loop_.now()](const Departed& departed) {
      return departed.forgotten_at <= now;
    });
    const auto found = std::find_if(
        departed_.begin(), departed_.end(),
        [&host](const Departed& departed) { return departed.target->address().host == host; });
    if (found == departed_.end()) return nullptr;
    std::shared_ptr<Target> target = std::move(found->target);
    departed_.erase(found);
    return target;
  }

  /// Each trouble once, whatever its reasons.
  void report_resolved(const Result<net::ResolvedName>& answer) {
    std::string trouble;
    if (!answer) {
      trouble = "does not resolve";
    } else if (answer->unknown) {
      trouble = std::string("does not resolve for ") +
                (answer->unknown->family == AF_INET ? "IPv4" : "IPv6");
    }
    if (std::exchange(trouble_, trouble) == trouble) return;
    if (trouble.empty()) return report("resolves again");
    report(trouble + ": " + (answer ? answer->unknown->fault->text : answer.error().text));
  }

  void report(const std::string& what) const {
    observe::report_upstream(monitor_.settings_.name, settings_.text + " " + what);
  }

  UpstreamMonitor& monitor_;
  const EndpointSettings& settings_;
  bool is_known_;
  std::string trouble_;  // with resolving, as far as it has been told
  bool was_cut_ = false;
  std::vector<Watched> watched_;
  std::deque<Departed> departed_;  // the oldest first
  std::unique_ptr<net::Resolver::Lookup> lookup_;
  std::unique_ptr<Timer> ask_again_;
};

// --------------------------------------------------------------------------------------- monitor

UpstreamMonitor::UpstreamMonitor(Loop& loop, net::Connector& connector, net::Resolver& resolver,
                                 std::shared_ptr<const SharedUpstream> shared,
                                 const ResolverSettings& resolving, Changed changed)
    : loop_(loop),
      connector_(connector),
      resolver_(resolver),
      shared_(std::move(shared)),
      settings_(shared_->settings),
      resolving_(resolving),
      changed_(std::move(changed)),
      publication_(loop.timer([this] { changed_(targets_); })) {
  for (const EndpointSettings& endpoint : settings_.endpoints) {
    endpoints_.push_back(std::make_unique<Endpoint>(*this, endpoint));
  }
  targets_ = collect();
}

UpstreamMonitor::~UpstreamMonitor() = default;

void UpstreamMonitor::start() {
  for (const auto& endpoint : endpoints_) endpoint->start();
}

std::shared_ptr<const Targets> UpstreamMonitor::collect() const {
  Targets targets;
  bool are_known = true;
  for (const auto& endpoint : endpoints_) {
    endpoint->append_to(targets);
    are_known = are_known && endpoint->is_known();
  }
  if (targets.empty() && !are_known) return nullptr;
  return std::make_shared<const Targets>(std::move(targets));
}

void UpstreamMonitor::endpoint_changed() {
  std::shared_ptr<const Targets> targets = collect();
  if (targets == nullptr || (targets_ != nullptr && *targets == *targets_)) return;
  targets_ = std::move(targets);
  publish_soon();
}

}  // namespace trackly::proxy
