#include "gateway/observe/request_metrics.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace trackly::observe {
namespace {

// No template of a path looks like that, and no filter or code is called so.
constexpr std::string_view kUnknownRoute = "unknown";
constexpr std::string_view kGateway = "gateway";
constexpr std::string_view kNone = "none";
constexpr std::string_view kOther = "other";

/// Of requests without an operation; the last one stands for all others, which clients make up.
constexpr std::array<std::string_view, 8> kMethods = {"GET",   "HEAD",   "POST",    "PUT",
                                                      "PATCH", "DELETE", "OPTIONS", kOther};

constexpr std::size_t kFirstStatus = 100;
/// No answer, each status from kFirstStatus on, others.
constexpr std::size_t kStatuses = RequestMetrics::kOtherStatus - kFirstStatus + 2;

/// The index of `name`, or of the last one.
template <class Names>
std::size_t index_or_last(const Names& names, std::string_view name) {
  const auto last = names.end() - 1;
  return static_cast<std::size_t>(std::find(names.begin(), last, name) - names.begin());
}

std::size_t status_of(const Exchange& exchange) {
  if (exchange.status == 0) return 0;
  const auto status = static_cast<std::size_t>(exchange.status);
  return status < kFirstStatus ? RequestMetrics::kOtherStatus
                               : std::min(status, RequestMetrics::kOtherStatus);
}

}  // namespace

// ----------------------------------------------------------------------------------------- labels

RequestLabels::RequestLabels(const Settings& settings, const ApiDescription& api,
                             const ErrorCatalogue& errors)
    : operations_(api.operations) {
  for (const Operation& operation : operations_) {
    routes_.push_back({operation.method, operation.path});
  }
  for (const std::string_view method : kMethods)
    routes_.push_back({std::string(method), std::string(kUnknownRoute)});
  for (const UpstreamSettings& upstream : settings.upstreams) upstreams_.push_back(upstream.name);
  for (const FilterSettings& filter : settings.filters) {
    if (std::find(filters_.begin(), filters_.end(), filter.name) == filters_.end()) {
      filters_.push_back(filter.name);
    }
  }
  filters_.emplace_back(kGateway);
  for (const ErrorEntry& entry : errors.entries()) {
    if (!entry.code.empty() &&
        std::find(codes_.begin(), codes_.end(), entry.code) == codes_.end()) {
      codes_.push_back(entry.code);
    }
  }
  codes_.emplace_back(kNone);
  for (const ErrorEntry& entry : errors.entries()) {
    code_of_entry_.push_back(index_or_last(codes_, entry.code));
  }
}

std::size_t RequestLabels::route_of(const Exchange& exchange) const {
  const Operation* operation = exchange.operation;
  if (operation == nullptr || operation->is_unknown) {
    return operations_.size() + index_or_last(kMethods, exchange.request.method);
  }
  return static_cast<std::size_t>(operation - operations_.data());
}

std::size_t RequestLabels::upstream_of(const Exchange& exchange) const {
  return index_or_last(upstreams_, exchange.upstream);
}

std::size_t RequestLabels::filter_of(std::string_view name) const {
  return index_or_last(filters_, name);
}

std::size_t RequestLabels::code_of(const Exchange& exchange) const {
  const std::size_t entry = exchange.local_reply->entry;
  return entry < code_of_entry_.size() ? code_of_entry_[entry] : codes_.size() - 1;
}

// --------------------------------------------------------------------------------------- counting

RequestMetrics::RequestMetrics(std::shared_ptr<const RequestLabels> labels)
    : labels_(std::move(labels)),
      requests_(labels_->routes().size() * kStatuses),
      refusals_(labels_->routes().size() * labels_->filters().size() * labels_->codes().size()),
      durations_(labels_->routes().size()),
      filter_durations_(labels_->filters().size()),
      upstreams_(labels_->upstreams().size()) {}

std::size_t RequestMetrics::request_place(std::size_t route, std::size_t status) const {
  return route * kStatuses + (status == 0 ? 0 : status - kFirstStatus + 1);
}

std::size_t RequestMetrics::refusal_place(std::size_t route, std::size_t filter,
                                          std::size_t code) const {
  return (route * labels_->filters().size() + filter) * labels_->codes().size() + code;
}

void RequestMetrics::note(const RequestLabels& labels, const Exchange& exchange) {
  const std::size_t route = labels.route_of(exchange);
  requests_[request_place(route, status_of(exchange))].add();
  durations_[route].note(exchange.finished);
  if (exchange.local_reply != nullptr && exchange.failure == UpstreamFailure::none) {
    const std::size_t filter = labels.filter_of(exchange.refused_by);
    refusals_[refusal_place(route, filter, labels.code_of(exchange))].add();
  }
  note_filters(labels, exchange);
  if (!exchange.upstream.empty()) {
    note_upstream(upstreams_[labels.upstream_of(exchange)], exchange);
  }
}

void RequestMetrics::note_filters(const RequestLabels& labels, const Exchange& exchange) {
  for (const FilterTrace& trace : exchange.trace) {
    filter_durations_[labels.filter_of(trace.name)].note(trace.spent);
  }
  const auto store =
      std::find(kLimiterStores.begin(), kLimiterStores.end(), exchange.limiter.store_mode);
  if (store == kLimiterStores.end()) return;  // no limiter was asked
  limiter_decisions_[static_cast<std::size_t>(store - kLimiterStores.begin())].add();
}

void RequestMetrics::note_upstream(Upstream& upstream, const Exchange& exchange) {
  upstream.requests.add();
  upstream.attempts.add(static_cast<std::uint64_t>(exchange.attempts));
  upstream.repeats.add(static_cast<std::uint64_t>(exchange.repeats));
  if (exchange.upstream_head != Duration::zero()) {
    upstream.response.note(exchange.upstream_head - exchange.chain_done);
  }
  if (exchange.failure == UpstreamFailure::none) return;
  upstream.failures[static_cast<std::size_t>(exchange.failure)].add();
  // Of a cut answer the client knows only that it is no whole one.
  if (exchange.local_reply == nullptr) return;
  if (!exchange.delivered) {
    upstream.undelivered.add();
  } else if (exchange.received_status != 503) {  // that is what the service itself has said
    upstream.outcome_unknown.add();
  }
}

// -------------------------------------------------------------------------------------- absorbing

namespace {

/// Where each of `names` is among `ours`; nullopt: nowhere.
template <class Names>
std::vector<std::optional<std::size_t>> places_of(const Names& names, const Names& ours) {
  std::vector<std::optional<std::size_t>> places;
  for (const auto& name : names) {
    const auto found = std::find(ours.begin(), ours.end(), name);
    if (found == ours.end()) {
      places.emplace_back(std::nullopt);
    } else {
      places.emplace_back(static_cast<std::size_t>(found - ours.begin()));
    }
  }
  return places;
}

}  // namespace

void RequestMetrics::Upstream::absorb(const Upstream& others) {
  requests.add(others.requests.value());
  attempts.add(others.attempts.value());
  repeats.add(others.repeats.value());
  undelivered.add(others.undelivered.value());
  outcome_unknown.add(others.outcome_unknown.value());
  for (std::size_t i = 0; i < failures.size(); ++i) failures[i].add(others.failures[i].value());
  response.absorb(others.response);
}

void RequestMetrics::absorb(const RequestMetrics& others) {
  const auto routes = places_of(others.labels().routes(), labels().routes());
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i]) absorb_route(others, i, *routes[i]);
  }
  const auto upstreams = places_of(others.labels().upstreams(), labels().upstreams());
  for (std::size_t i = 0; i < upstreams.size(); ++i) {
    if (upstreams[i]) upstreams_[*upstreams[i]].absorb(others.upstreams_[i]);
  }
  const auto filters = places_of(others.labels().filters(), labels().filters());
  for (std::size_t i = 0; i < filters.size(); ++i) {
    if (filters[i]) filter_durations_[*filters[i]].absorb(others.filter_durations_[i]);
  }
  for (std::size_t i = 0; i < kLimiterStores.size(); ++i) {
    limiter_decisions_[i].add(others.limiter_decisions_[i].value());
  }
}

void RequestMetrics::absorb_route(const RequestMetrics& others, std::size_t theirs,
                                  std::size_t ours) {
  for (std::size_t i = 0; i < kStatuses; ++i) {
    requests_[ours * kStatuses + i].add(others.requests_[theirs * kStatuses + i].value());
  }
  durations_[ours].absorb(others.durations_[theirs]);
  const auto filters = places_of(others.labels().filters(), labels().filters());
  const auto codes = places_of(others.labels().codes(), labels().codes());
  for (std::size_t filter = 0; filter < filters.size(); ++filter) {
    for (std::size_t code = 0; code < codes.size(); ++code) {
      if (!filters[filter] || !codes[code]) continue;
      refusals_[refusal_place(ours, *filters[filter], *codes[code])].add(
          others.refusals(theirs, filter, code).value());
    }
  }
}

// ---------------------------------------------------------------------------------------- reading

namespace {

using Workers = std::span<const RequestMetrics* const>;

/// Sums what `counter_of` finds in each worker's metrics.
template <class CounterOf>
std::uint64_t sum(Workers workers, CounterOf counter_of) {
  std::uint64_t total = 0;
  for (const RequestMetrics* worker : workers) total += counter_of(*worker).value();
  return total;
}

/// The same for a histogram. Nothing where it is empty and `empty_too` is false.
template <class DurationsOf>
void append_histogram(MetricsText& text, Labels labels, Workers workers, bool empty_too,
                      DurationsOf durations_of) {
  const std::span<const Duration> bounds = durations_of(*workers.front()).bounds();
  std::vector<std::uint64_t> counts(bounds.size() + 1);
  Duration total{};
  std::uint64_t count = 0;
  for (const RequestMetrics* worker : workers) {
    const auto& durations = durations_of(*worker);
    total += durations.sum();
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const std::uint64_t value = durations.counts()[i].value();
      counts[i] += value;
      count += value;
    }
  }
  if (count > 0 || empty_too) text.sample_histogram(labels, bounds, counts, total);
}

std::string status_text(std::size_t status) {
  if (status == 0) return std::string(kNone);
  return status == RequestMetrics::kOtherStatus ? std::string(kOther) : std::to_string(status);
}

void append_requests(MetricsText& text, const RequestLabels& labels, Workers workers) {
  text.counter("requests_total", "Finished requests; status none: the client got no answer.");
  for (std::size_t route = 0; route < labels.routes().size(); ++route) {
    const auto& [method, path] = labels.routes()[route];
    const auto append = [&, &method = method, &path = path](std::size_t status) {
      const std::uint64_t count = sum(workers, [&](const RequestMetrics& worker) -> const Counter& {
        return worker.requests(route, status);
      });
      if (count == 0) return;
      text.sample({{"route", path}, {"method", method}, {"status", status_text(status)}}, count);
    };
    append(0);
    for (std::size_t status = kFirstStatus; status <= RequestMetrics::kOtherStatus; ++status) {
      append(status);
    }
  }
}

void append_durations(MetricsText& text, const RequestLabels& labels, Workers workers) {
  text.histogram("request_duration_seconds",
                 "From the head of a request to the end of its answer.");
  for (std::size_t route = 0; route < labels.routes().size(); ++route) {
    const auto& [method, path] = labels.routes()[route];
    append_histogram(text, {{"route", path}, {"method", method}}, workers, false,
                     [&](const RequestMetrics& worker) -> const RequestDurations& {
                       return worker.durations(route);
                     });
  }
}

void append_refusals(MetricsText& text, const RequestLabels& labels, Workers workers) {
  text.counter("refusals_total",
               "Requests that the gateway answered itself, for no failure of an upstream.");
  for (std::size_t route = 0; route < labels.routes().size(); ++route) {
    for (std::size_t filter = 0; filter < labels.filters().size(); ++filter) {
      for (std::size_t code = 0; code < labels.codes().size(); ++code) {
        const std::uint64_t count =
            sum(workers, [&](const RequestMetrics& worker) -> const Counter& {
              return worker.refusals(route, filter, code);
            });
        if (count == 0) continue;
        text.sample({{"route", labels.routes()[route].path},
                     {"method", labels.routes()[route].method},
                     {"filter", labels.filters()[filter]},
                     {"code", labels.codes()[code]}},
                    count);
      }
    }
  }
}

void append_filter_durations(MetricsText& text, const RequestLabels& labels, Workers workers) {
  text.histogram("filter_duration_seconds",
                 "In one filter, with what it waited for: the client's body, Redis.");
  // The last one stands for the gateway itself.
  for (std::size_t filter = 0; filter + 1 < labels.filters().size(); ++filter) {
    append_histogram(text, {{"filter", labels.filters()[filter]}}, workers, true,
                     [&](const RequestMetrics& worker) -> const FilterDurations& {
                       return worker.filter_durations(filter);
                     });
  }
}

void append_limiter_decisions(MetricsText& text, Workers workers) {
  text.counter("limiter_decisions_total", "Requests by the store that the limiter went by.");
  for (std::size_t i = 0; i < kLimiterStores.size(); ++i) {
    text.sample({{"store", kLimiterStores[i]}},
                sum(workers, [i](const RequestMetrics& worker) -> const Counter& {
                  return worker.limiter_decisions(i);
                }));
  }
}

void append_upstream_counter(MetricsText& text, const RequestLabels& labels, Workers workers,
                             std::string_view name, std::string_view help,
                             Counter RequestMetrics::Upstream::*member) {
  text.counter(name, help);
  for (std::size_t i = 0; i < labels.upstreams().size(); ++i) {
    const std::uint64_t count = sum(workers, [&](const RequestMetrics& worker) -> const Counter& {
      return worker.upstream(i).*member;
    });
    text.sample({{"upstream", labels.upstreams()[i]}}, count);
  }
}

void append_upstream_failures(MetricsText& text, const RequestLabels& labels, Workers workers) {
  text.counter("upstream_failures_total",
               "Requests that failed behind the gateway, by upstream_error of the access log.");
  for (std::size_t i = 0; i < labels.upstreams().size(); ++i) {
    for (std::size_t failure = 1; failure < kUpstreamFailures; ++failure) {
      const std::uint64_t count = sum(workers, [&](const RequestMetrics& worker) -> const Counter& {
        return worker.upstream(i).failures[failure];
      });
      text.sample({{"upstream", labels.upstreams()[i]},
                   {"error", to_string(static_cast<UpstreamFailure>(failure))}},
                  count);
    }
  }
}

void append_upstream_responses(MetricsText& text, const RequestLabels& labels, Workers workers) {
  text.histogram("upstream_response_seconds",
                 "From the end of the filters to the head of the service's answer.");
  for (std::size_t i = 0; i < labels.upstreams().size(); ++i) {
    append_histogram(text, {{"upstream", labels.upstreams()[i]}}, workers, true,
                     [&](const RequestMetrics& worker) -> const RequestDurations& {
                       return worker.upstream(i).response;
                     });
  }
}

}  // namespace

void append_request_metrics(MetricsText& text, const RequestLabels& labels, Workers workers) {
  using Upstream = RequestMetrics::Upstream;
  append_requests(text, labels, workers);
  append_durations(text, labels, workers);
  append_refusals(text, labels, workers);
  append_filter_durations(text, labels, workers);
  append_limiter_decisions(text, workers);
  const auto append = [&](std::string_view name, std::string_view help, Counter Upstream::*member) {
    append_upstream_counter(text, labels, workers, name, help, member);
  };
  append("upstream_requests_total", "Requests that passed all filters.", &Upstream::requests);
  append("upstream_attempts_total", "Connections that were tried for them.", &Upstream::attempts);
  append("upstream_repeats_total", "Times that one of them was sent again.", &Upstream::repeats);
  append("upstream_undelivered_total",
         "503 of the gateway: the service has processed nothing of the request.",
         &Upstream::undelivered);
  append("upstream_outcome_unknown_total",
         "502 of the gateway: the service may have processed the request.",
         &Upstream::outcome_unknown);
  append_upstream_failures(text, labels, workers);
  append_upstream_responses(text, labels, workers);
}

}  // namespace trackly::observe
