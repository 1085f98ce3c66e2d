#include "gateway/observe/top_refusals.h"

#include <algorithm>

namespace trackly::observe {

std::vector<RefusalCount> top_refusals(const RequestLabels& labels,
                                       std::span<const RequestMetrics* const> workers,
                                       std::size_t most) {
  std::vector<RefusalCount> all;
  for (std::size_t route = 0; route < labels.routes().size(); ++route) {
    for (std::size_t filter = 0; filter < labels.filters().size(); ++filter) {
      for (std::size_t code = 0; code < labels.codes().size(); ++code) {
        std::uint64_t count = 0;
        for (const auto* worker : workers) count += worker->refusals(route, filter, code).value();
        if (count == 0) continue;
        all.push_back({labels.routes()[route].path, labels.routes()[route].method,
                       labels.filters()[filter], labels.codes()[code], count});
      }
    }
  }
  const auto is_more = [](const RefusalCount& a, const RefusalCount& b) {
    return a.count > b.count;
  };
  std::stable_sort(all.begin(), all.end(), is_more);
  all.resize(std::min(all.size(), most));
  return all;
}

}  // namespace trackly::observe
