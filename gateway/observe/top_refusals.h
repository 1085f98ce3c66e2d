#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/observe/request_metrics.h"

namespace trackly::observe {

/// Answers of the gateway to requests of one route that one filter gave for one reason. Views are
/// into the labels.
struct RefusalCount {
  std::string_view route;
  std::string_view method;
  std::string_view filter;
  std::string_view code;
  std::uint64_t count = 0;
};

/// The `most` frequent ones of all workers together, the most frequent first.
std::vector<RefusalCount> top_refusals(const RequestLabels& labels,
                                       std::span<const RequestMetrics* const> workers,
                                       std::size_t most);

}  // namespace trackly::observe
