#include "config/upstream_use.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/node_reader.h"
#include "gateway/api/upstream_for.h"

namespace trackly::config {

void assign_upstreams(const Settings& settings, ApiDescription& api, Problems& problems) {
  std::vector<std::string_view> names;
  for (const UpstreamSettings& upstream : settings.upstreams) names.push_back(upstream.name);

  std::set<std::string_view> used;
  for (Operation& operation : api.operations) {
    if (operation.upstream.empty()) {
      operation.upstream = settings.upstreams[upstream_for(settings, operation.path)].name;
    } else if (std::find(names.begin(), names.end(), operation.upstream) == names.end()) {
      problems.add(operation.upstream_mark,
                   "x-upstream: " + unknown_word("upstream", operation.upstream, names));
    }
    used.insert(operation.upstream);
  }
  for (std::size_t i = 1; i < settings.upstreams.size(); ++i) {
    const UpstreamSettings& upstream = settings.upstreams[i];
    const bool by_path = settings.forward_unknown_paths && !upstream.paths.empty();
    if (used.contains(upstream.name) || by_path) continue;
    problems.add(upstream.mark, "upstreams: no operation leads to \"" + upstream.name +
                                    "\", by its `paths` or by x-upstream");
  }
}

}  // namespace trackly::config
