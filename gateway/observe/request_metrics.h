#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/api_description.h"
#include "gateway/api/error.h"
#include "gateway/api/exchange.h"
#include "gateway/api/settings.h"
#include "gateway/observe/counter.h"
#include "gateway/observe/metrics_text.h"

namespace trackly::observe {

/// What requests are told apart by in metrics. All of it is known when the configuration is loaded,
/// so nothing that clients or services send can make more series of it. Immutable; shared by all
/// workers. Outlives what it was made from, of which only the look-ups of an Exchange make use.
class RequestLabels {
 public:
  RequestLabels(const Settings& settings, const ApiDescription& api, const ErrorCatalogue& errors);

  /// An operation. Requests that have none come after all operations, by method.
  struct Route {
    std::string method;
    std::string path;
    bool operator==(const Route&) const = default;
  };
  const std::vector<Route>& routes() const { return routes_; }
  /// Requires: the exchange's operation, if it has one, is of the same description.
  std::size_t route_of(const Exchange& exchange) const;

  const std::vector<std::string>& upstreams() const { return upstreams_; }
  /// Requires: an upstream was asked, or would have been.
  std::size_t upstream_of(const Exchange& exchange) const;

  /// The last one stands for the gateway itself.
  const std::vector<std::string>& filters() const { return filters_; }
  std::size_t filter_of(std::string_view name) const;

  /// Of the catalogue, each once; the last one stands for an answer without a code.
  const std::vector<std::string>& codes() const { return codes_; }
  /// Requires: a local reply.
  std::size_t code_of(const Exchange& exchange) const;

  /// What is counted by these can be counted by the others too.
  bool has_same_series(const RequestLabels& others) const {
    return routes_ == others.routes_ && upstreams_ == others.upstreams_ &&
           filters_ == others.filters_ && codes_ == others.codes_;
  }

 private:
  const std::vector<Operation>& operations_;
  std::vector<Route> routes_;
  std::vector<std::string> upstreams_;
  std::vector<std::string> filters_;
  std::vector<std::string> codes_;
  std::vector<std::size_t> code_of_entry_;  // of the catalogue: index in codes_
};

/// Bounds of histograms. The first: of whole requests, from refusals to the slowest services.
inline constexpr std::array<Duration, 14> kRequestBounds = {
    std::chrono::milliseconds(1),    std::chrono::microseconds(2500),
    std::chrono::milliseconds(5),    std::chrono::milliseconds(10),
    std::chrono::milliseconds(25),   std::chrono::milliseconds(50),
    std::chrono::milliseconds(100),  std::chrono::milliseconds(250),
    std::chrono::milliseconds(500),  std::chrono::milliseconds(1000),
    std::chrono::milliseconds(2500), std::chrono::seconds(5),
    std::chrono::seconds(10),        std::chrono::seconds(30)};
/// Of one filter: most take microseconds, the limiter waits for Redis, and a held body for its
/// client.
inline constexpr std::array<Duration, 11> kFilterBounds = {
    std::chrono::microseconds(5),   std::chrono::microseconds(25),  std::chrono::microseconds(100),
    std::chrono::microseconds(250), std::chrono::microseconds(500), std::chrono::milliseconds(1),
    std::chrono::milliseconds(5),   std::chrono::milliseconds(25),  std::chrono::milliseconds(100),
    std::chrono::seconds(1),        std::chrono::seconds(10)};

/// How many of something took how long, on one worker.
template <const auto& kBounds>
class DurationCounts {
 public:
  static constexpr std::span<const Duration> bounds() { return kBounds; }

  void note(Duration duration) {
    const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), duration);
    counts_[static_cast<std::size_t>(bound - kBounds.begin())].add();
    sum_ns_.add(static_cast<std::uint64_t>(std::max(duration, Duration::zero()).count()));
  }
  /// One for each of the bounds, then of what took longer.
  std::span<const Counter> counts() const { return counts_; }
  Duration sum() const { return Duration(sum_ns_.value()); }
  void absorb(const DurationCounts& others) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i].add(others.counts_[i].value());
    sum_ns_.add(others.sum_ns_.value());
  }

 private:
  std::array<Counter, kBounds.size() + 1> counts_;
  Counter sum_ns_;
};
using RequestDurations = DurationCounts<kRequestBounds>;
using FilterDurations = DurationCounts<kFilterBounds>;

/// What limiters decided by, as LimiterFacts::store_mode.
inline constexpr std::array<std::string_view, 5> kLimiterStores = {"local", "redis", "redis-local",
                                                                   "redis-allow", "redis-deny"};

/// Counts the requests of one worker: the facts of the access log, as metrics. note() belongs to
/// the worker's thread and neither locks nor allocates; any thread may read.
class RequestMetrics {
 public:
  explicit RequestMetrics(std::shared_ptr<const RequestLabels> labels);

  /// Requires: the exchange is finished. Once for each. `labels` are those of the exchange's
  /// configuration, and have the same series as ours.
  void note(const RequestLabels& labels, const Exchange& exchange);
  /// Adds what others have counted, as far as our labels have a place for it. Where this happens,
  /// it is the only one that counts here.
  void absorb(const RequestMetrics& others);

  const RequestLabels& labels() const { return *labels_; }

  /// 0: it got no answer; 100 to 599; kOtherStatus: any other.
  static constexpr std::size_t kOtherStatus = 600;
  struct Upstream {
    Counter requests;
    Counter attempts;
    Counter repeats;
    Counter undelivered;
    Counter outcome_unknown;
    std::array<Counter, kUpstreamFailures> failures;
    RequestDurations response;

    void absorb(const Upstream& others);
  };

  // By indices of the labels.
  const Counter& requests(std::size_t route, std::size_t status) const {
    return requests_[request_place(route, status)];
  }
  const Counter& refusals(std::size_t route, std::size_t filter, std::size_t code) const {
    return refusals_[refusal_place(route, filter, code)];
  }
  const RequestDurations& durations(std::size_t route) const { return durations_[route]; }
  const FilterDurations& filter_durations(std::size_t filter) const {
    return filter_durations_[filter];
  }
  /// By index of kLimiterStores.
  const Counter& limiter_decisions(std::size_t store) const { return limiter_decisions_[store]; }
  const Upstream& upstream(std::size_t index) const { return upstreams_[index]; }

 private:
  std::size_t request_place(std::size_t route, std::size_t status) const;
  std::size_t refusal_place(std::size_t route, std::size_t filter, std::size_t code) const;
  void note_filters(const RequestLabels& labels, const Exchange& exchange);
  void note_upstream(Upstream& upstream, const Exchange& exchange);
  void absorb_route(const RequestMetrics& others, std::size_t theirs, std::size_t ours);

  const std::shared_ptr<const RequestLabels> labels_;
  // For each combination of labels, whether or not it can come to pass: about a MiB for an API
  // of the usual size, and in return counting is an addition to a place that an index tells.
  std::vector<Counter> requests_;
  std::vector<Counter> refusals_;
  std::vector<RequestDurations> durations_;
  std::vector<FilterDurations> filter_durations_;
  std::array<Counter, kLimiterStores.size()> limiter_decisions_;
  std::vector<Upstream> upstreams_;
};

/// The families of RequestMetrics, summed over all workers. Series by route appear with their first
/// request, those by upstream are there from the start.
void append_request_metrics(MetricsText& text, const RequestLabels& labels,
                            std::span<const RequestMetrics* const> workers);

}  // namespace trackly::observe
