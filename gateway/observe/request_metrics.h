#pragma once

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
  std::size_t filter_of(const Exchange& exchange) const;

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

/// How many of something took how long, on one worker.
class DurationCounts {
 public:
  static constexpr std::array<Duration, 14> kBounds = {
      std::chrono::milliseconds(1),    std::chrono::microseconds(2500),
      std::chrono::milliseconds(5),    std::chrono::milliseconds(10),
      std::chrono::milliseconds(25),   std::chrono::milliseconds(50),
      std::chrono::milliseconds(100),  std::chrono::milliseconds(250),
      std::chrono::milliseconds(500),  std::chrono::milliseconds(1000),
      std::chrono::milliseconds(2500), std::chrono::seconds(5),
      std::chrono::seconds(10),        std::chrono::seconds(30)};
  using Counts = std::array<Counter, kBounds.size() + 1>;

  void note(Duration duration);
  /// One for each of kBounds, then of what took longer.
  const Counts& counts() const { return counts_; }
  Duration sum() const { return Duration(sum_ns_.value()); }
  void absorb(const DurationCounts& others);

 private:
  Counts counts_;
  Counter sum_ns_;
};

/// Counts the requests of one worker: the facts of the access log, as metrics. note() belongs to
/// the worker's thread and neither locks, nor allocates, nor handles text; any thread may read.
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
    DurationCounts response;

    void absorb(const Upstream& others);
  };

  // By indices of the labels.
  const Counter& requests(std::size_t route, std::size_t status) const {
    return requests_[request_place(route, status)];
  }
  const Counter& refusals(std::size_t route, std::size_t filter, std::size_t code) const {
    return refusals_[refusal_place(route, filter, code)];
  }
  const DurationCounts& durations(std::size_t route) const { return durations_[route]; }
  const Upstream& upstream(std::size_t index) const { return upstreams_[index]; }

 private:
  std::size_t request_place(std::size_t route, std::size_t status) const;
  std::size_t refusal_place(std::size_t route, std::size_t filter, std::size_t code) const;
  void note_upstream(Upstream& upstream, const Exchange& exchange);
  void absorb_route(const RequestMetrics& others, std::size_t theirs, std::size_t ours);

  const std::shared_ptr<const RequestLabels> labels_;
  // For each combination of labels, whether or not it can come to pass: about a MiB for an API
  // of the usual size, and in return counting is an addition to a place that an index tells.
  std::vector<Counter> requests_;
  std::vector<Counter> refusals_;
  std::vector<DurationCounts> durations_;
  std::vector<Upstream> upstreams_;
};

/// The families of RequestMetrics, summed over all workers. Series by route appear with their first
/// request, those by upstream are there from the start.
void append_request_metrics(MetricsText& text, const RequestLabels& labels,
                            std::span<const RequestMetrics* const> workers);

}  // namespace trackly::observe
