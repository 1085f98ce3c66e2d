#include "gateway/observe/shadow_findings.h"

#include <utility>

namespace trackly::observe {
namespace {

constexpr std::string_view kUnknownRoute = "unknown";
constexpr std::string_view kOther = "other";
constexpr std::string_view kNone = "none";

/// Empty where the filter could not judge, else as in refusals_total.
std::string_view code_of(const ShadowFinding& finding) {
  if (finding.error == nullptr) return {};
  return finding.error->code.empty() ? kNone : std::string_view(finding.error->code);
}

}  // namespace

void ShadowFindings::count(const Exchange& exchange) {
  const bool unknown = exchange.operation == nullptr || exchange.operation->is_unknown;
  const std::string_view route = unknown ? kUnknownRoute : exchange.operation->path;
  const std::string_view method = unknown ? kOther : exchange.operation->method;
  const std::string_view key =
      exchange.key == nullptr ? std::string_view() : std::string_view(exchange.key->name);
  const std::lock_guard lock(mutex_);
  for (const ShadowFinding& finding : exchange.shadow) {
    Series series(route, method, finding.filter, code_of(finding), key);
    if (!key.empty() && !counts_.contains(series)) {
      if (series_by_key_ < kMostSeriesByKey) {
        ++series_by_key_;
      } else {
        std::get<4>(series) = kOther;
      }
    }
    ++counts_[std::move(series)];
  }
}

void ShadowFindings::append(MetricsText& text) const {
  const std::lock_guard lock(mutex_);
  append_refusals(text);
  append_unjudged(text);
}

void ShadowFindings::append_refusals(MetricsText& text) const {
  text.counter("shadow_refusals_total", "What filters in shadow would have refused.");
  for (const auto& [series, count] : counts_) {
    const auto& [route, method, filter, code, key] = series;
    if (code.empty()) continue;
    text.sample(
        {{"route", route}, {"method", method}, {"filter", filter}, {"code", code}, {"key", key}},
        count);
  }
}

void ShadowFindings::append_unjudged(MetricsText& text) const {
  text.counter("shadow_unjudged_total", "Requests that a filter in shadow could not judge.");
  for (const auto& [series, count] : counts_) {
    const auto& [route, method, filter, code, key] = series;
    if (!code.empty()) continue;
    text.sample({{"route", route}, {"method", method}, {"filter", filter}, {"key", key}}, count);
  }
}

}  // namespace trackly::observe
