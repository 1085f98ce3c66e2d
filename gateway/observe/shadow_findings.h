#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

#include "gateway/api/exchange.h"
#include "gateway/observe/metrics_text.h"

namespace trackly::observe {

/// Counts what filters in shadow had to say, by route, filter, code and the name of the API key.
/// Names of keys can be many, and come and go: so many series have one, and what comes after them
/// is counted under the key "other". One for the process; any thread may call anything.
class ShadowFindings {
 public:
  static constexpr std::size_t kMostSeriesByKey = 1000;

  ShadowFindings() = default;
  ShadowFindings(const ShadowFindings&) = delete;
  ShadowFindings& operator=(const ShadowFindings&) = delete;

  /// Requires: the exchange is finished. Costs nothing where there is no finding.
  void note(const Exchange& exchange) {
    if (!exchange.shadow.empty()) count(exchange);
  }

  void append(MetricsText& text) const;

 private:
  /// Route, method, filter, code, key. Without a code: the filter could not judge.
  using Series = std::tuple<std::string, std::string, std::string, std::string, std::string>;

  void count(const Exchange& exchange);
  void append_refusals(MetricsText& text) const;
  void append_unjudged(MetricsText& text) const;

  mutable std::mutex mutex_;
  std::map<Series, std::uint64_t> counts_;
  std::size_t series_by_key_ = 0;
};

}  // namespace trackly::observe
