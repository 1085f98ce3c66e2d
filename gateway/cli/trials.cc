#include "gateway/cli/trials.h"

#include <unistd.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <functional>
#include <iomanip>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string_view>
#include <utility>

#include "gateway/cli/certificate.h"
#include "gateway/cli/redis_trial.h"
#include "gateway/net/dns_resolver.h"
#include "gateway/net/event_loop.h"
#include "gateway/net/socket_address.h"
#include "gateway/net/tcp_connector.h"
#include "gateway/net/tls_client_context.h"
#include "gateway/net/tls_context.h"
#include "gateway/proxy/health_check.h"
#include "gateway/proxy/target.h"
#include "gateway/store/redis_access.h"

namespace trackly::cli {
namespace {

constexpr Duration kPatience = std::chrono::seconds(10);

/// Connects, and no more.
class ConnectTrial final : private net::TransportEvents {
 public:
  ConnectTrial(net::Connector& connector, const net::Address& address, Duration timeout,
               Report report)
      : report_(std::move(report)), transport_(connector.connect(address, timeout, *this)) {}

 private:
  void on_connected() override { report_(true, "accepts connections"); }
  void on_data(std::string_view) override {}
  void on_eof() override {}
  void on_writable() override {}
  void on_error(net::TransportError error) override {
    report_(false, std::string(net::phrase_of(error)));
  }

  const Report report_;
  const std::unique_ptr<net::Transport> transport_;
};

class Trials {
 public:
  Trials(const Settings& settings, std::unique_ptr<net::EventLoop> loop)
      : settings_(settings),
        loop_(std::move(loop)),
        resolver_(*loop_, settings.resolver),
        connector_(*loop_, resolver_) {}

  std::vector<Trial> run() {
    for (const ListenerSettings& listener : settings_.listeners) try_certificates(listener);
    try_log();
    if (settings_.redis) try_redis(*settings_.redis);
    for (const UpstreamSettings& upstream : settings_.upstreams) try_upstream(upstream);
    const auto patience = loop_->timer([this] { loop_->stop(); });
    patience->arm(kPatience);
    waiting_ = true;
    if (unsettled_ > 0) loop_->run();
    for (Entry& entry : entries_) {
      if (!entry.settled) settle(entry, false, "nothing heard in time");
    }
    std::vector<Trial> trials;
    for (Entry& entry : entries_) trials.push_back(std::move(entry.trial));
    return trials;
  }

 private:
  struct Entry {
    Trial trial;
    TimePoint begun;
    bool settled = false;
  };

  // -------------------------------------------------------------------------------- the list

  /// What comes later is told through the result, which is of use once.
  Report begin(std::string what) {
    Entry& entry = entries_.emplace_back();
    entry.trial.what = std::move(what);
    entry.begun = loop_->exact_now();
    ++unsettled_;
    return [this, &entry](bool ok, std::string found) {
      if (!entry.settled) settle(entry, ok, std::move(found));
    };
  }

  void tell(std::string what, bool ok, std::string found) {
    begin(std::move(what))(ok, std::move(found));
  }

  void settle(Entry& entry, bool ok, std::string found) {
    entry.settled = true;
    entry.trial.ok = ok;
    entry.trial.found = std::move(found);
    entry.trial.took = loop_->exact_now() - entry.begun;
    if (--unsettled_ == 0 && waiting_) loop_->stop();
  }

  // -------------------------------------------------------------------------------- files

  void try_certificates(const ListenerSettings& listener) {
    if (!listener.tls) return;
    const std::string what = "certificate of " + listener.address + " ";
    try_certificate(what, listener.tls->main, listener.tls->client_ca);
    for (const CertificateSettings& other : listener.tls->others) {
      try_certificate(what, other, listener.tls->client_ca);
    }
  }

  void try_certificate(const std::string& what, const CertificateSettings& certificate,
                       const std::string& client_ca) {
    TlsSettings alone;
    alone.main = certificate;
    alone.client_ca = client_ca;
    const auto usable = net::TlsContext::create(alone);
    if (!usable) return tell(what + certificate.certificate, false, usable.error().text);
    try_validity(what, certificate);
  }

  void try_validity(const std::string& what, const CertificateSettings& certificate) {
    const auto facts = read_certificate(certificate.certificate);
    if (!facts) return tell(what + certificate.certificate, false, facts.error().text);
    CertificateJudgement judgement = judge(*facts, loop_->wall_now());
    tell(what + certificate.certificate, judgement.ok, std::move(judgement.text));
  }

  void try_log() {
    const AccessLogSettings& log = settings_.access_log;
    if (!log.is_on()) return;
    if (!log.syslog) return try_writing(log.path);
    if (!log.syslog->unix_path.empty()) return try_writing(log.syslog->unix_path);
    tell("access log to " + log.syslog->host, true, "UDP: nobody would say if it were not heard");
  }

  /// Nothing is made: a file that is not there yet needs a folder that can be written to.
  void try_writing(const std::string& path) {
    std::error_code error;
    const bool exists = std::filesystem::exists(path, error);
    std::filesystem::path place = path;
    if (!exists) place = place.has_parent_path() ? place.parent_path() : ".";
    const bool can = access(place.c_str(), exists ? W_OK : W_OK | X_OK) == 0;
    tell("access log to " + path, can, can ? "can be written" : "cannot be written");
  }

  // -------------------------------------------------------------------------------- Redis

  void try_redis(const RedisSettings& settings) {
    auto access = store::RedisAccess::create(settings);
    if (!access) return tell("redis", false, access.error().text);
    redis_access_ = std::move(access).value();
    if (settings.tls && settings.tls->client_certificate) {
      try_validity("certificate for redis ", *settings.tls->client_certificate);
    }
    if (settings.sentinels) {
      for (const RedisNodeSettings& node : settings.sentinels->nodes) try_sentinel(node);
    } else if (!settings.cluster.empty()) {
      for (const RedisNodeSettings& node : settings.cluster) {
        try_server(redis_access_->address_of(node), RedisTrial::Kind::cluster_node);
      }
    } else {
      try_server(redis_access_->address(), RedisTrial::Kind::server);
    }
  }

  void try_sentinel(const RedisNodeSettings& node) {
    const net::Address address = redis_access_->address_of(node);
    const RedisSentinelSettings& sentinels = *redis_access_->settings.sentinels;
    add_redis(address, "sentinel", store::login_of(sentinels),
              RedisTrial::sentinel(sentinels.primary), [this](const RedisNodeSettings& primary) {
                const net::Address found = redis_access_->address_of(primary);
                if (!primaries_.insert(store::name_of(found)).second) return;
                try_server(found, RedisTrial::Kind::server);
              });
  }

  void try_server(const net::Address& address, RedisTrial::Kind kind) {
    add_redis(address, "redis", store::login_of(redis_access_->settings), {kind, {}}, nullptr);
  }

  void add_redis(const net::Address& address, const std::string& role, store::RedisLogin login,
                 RedisTrial::Question question,
                 std::function<void(const RedisNodeSettings&)> on_primary) {
    redis_trials_.push_back(std::make_unique<RedisTrial>(
        *loop_, connector_, address, settings_.redis->connect_timeout, std::move(login),
        std::move(question), begin(role + " " + store::name_of(address)), std::move(on_primary)));
  }

  // -------------------------------------------------------------------------------- upstreams

  void try_upstream(const UpstreamSettings& upstream) {
    const std::string name = "upstream " + upstream.name;
    const bool speaks_tls =
        std::any_of(upstream.endpoints.begin(), upstream.endpoints.end(), [](const auto& endpoint) {
          return endpoint.protocol == EndpointSettings::Protocol::https;
        });
    std::shared_ptr<const net::TlsClientContext> tls;
    if (speaks_tls) {
      auto context = net::TlsClientContext::create(upstream.tls, {"h2", "http/1.1"});
      if (!context) return tell(name, false, context.error().text);
      tls = std::move(context).value();
      if (upstream.tls.client_certificate) {
        try_validity("certificate for " + name + " ", *upstream.tls.client_certificate);
      }
    }
    for (const EndpointSettings& endpoint : upstream.endpoints) {
      if (proxy::is_address(endpoint)) {
        try_target(upstream, endpoint, endpoint.host, tls);
      } else {
        try_name(upstream, endpoint, tls);
      }
    }
  }

  void try_name(const UpstreamSettings& upstream, const EndpointSettings& endpoint,
                const std::shared_ptr<const net::TlsClientContext>& tls) {
    const auto seen = std::make_shared<std::set<std::string>>();
    lookups_.push_back(resolver_.resolve(
        endpoint.host, endpoint.port,
        [this, &upstream, &endpoint, tls, seen,
         report = begin("name " + endpoint.host)](const Result<net::ResolvedName>& answer) {
          if (!answer) return report(false, answer.error().text);
          for (const net::SocketAddress& address : answer->addresses) {
            if (!seen->insert(address.host()).second) continue;
            try_target(upstream, endpoint, address.host(), tls);
          }
          report(true, std::to_string(seen->size()) + " addresses");
        }));
  }

  void try_target(const UpstreamSettings& upstream, const EndpointSettings& endpoint,
                  const std::string& host,
                  const std::shared_ptr<const net::TlsClientContext>& tls) {
    const auto& target = targets_.emplace_back(std::make_unique<proxy::Target>(
        endpoint, proxy::address_of(endpoint, host, upstream, tls)));
    Report report = begin("upstream " + upstream.name + " " + target->text());
    if (!upstream.health_check) {
      connects_.push_back(std::make_unique<ConnectTrial>(
          connector_, target->address(), upstream.connect_timeout, std::move(report)));
      return;
    }
    const std::string& path = upstream.health_check->path;
    checks_.push_back(std::make_unique<proxy::HealthCheck>(
        *loop_, connector_, *target, *upstream.health_check,
        [report = std::move(report), path](const proxy::HealthCheck::Outcome& outcome) {
          const bool ok = outcome.kind == proxy::HealthCheck::Outcome::Kind::passed;
          report(ok, ok ? "passes its health check" : path + ": " + outcome.why);
        }));
  }

  const Settings& settings_;
  const std::unique_ptr<net::EventLoop> loop_;
  net::DnsResolver resolver_;
  net::TcpConnector connector_;
  std::deque<Entry> entries_;
  std::size_t unsettled_ = 0;
  bool waiting_ = false;
  std::optional<store::RedisAccess> redis_access_;
  std::set<std::string> primaries_;  // that sentinels have named
  std::vector<std::unique_ptr<RedisTrial>> redis_trials_;
  std::vector<std::unique_ptr<net::Resolver::Lookup>> lookups_;
  std::vector<std::unique_ptr<proxy::Target>> targets_;
  std::vector<std::unique_ptr<ConnectTrial>> connects_;
  std::vector<std::unique_ptr<proxy::HealthCheck>> checks_;
};

}  // namespace

std::vector<Trial> try_dependencies(const Settings& settings) {
  auto loop = net::EventLoop::create();
  if (!loop) return {{"this process", false, loop.error().text, {}}};
  return Trials(settings, std::move(loop).value()).run();
}

void print(const std::vector<Trial>& trials, std::ostream& out) {
  if (trials.empty()) return;
  out << "what it depends on\n";
  for (const Trial& trial : trials) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(trial.took);
    out << "  " << (trial.ok ? "ok      " : "FAILED  ") << trial.what << ": " << trial.found << " ("
        << ms.count() << " ms)\n";
  }
}

}  // namespace trackly::cli
