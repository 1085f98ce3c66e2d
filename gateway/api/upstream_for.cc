#include "gateway/api/upstream_for.h"

#include <algorithm>
#include <string>

#include "gateway/api/path_prefix.h"

namespace trackly {

std::size_t upstream_for(const Settings& settings, std::string_view decoded_path) {
  std::size_t best = 0;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < settings.upstreams.size(); ++i) {
    for (const std::string& prefix : settings.upstreams[i].paths) {
      if (prefix.size() <= longest || !is_below(decoded_path, prefix)) continue;
      best = i;
      longest = prefix.size();
    }
  }
  return best;
}

std::size_t index_of_upstream(const Settings& settings, std::string_view name) {
  const auto found =
      std::find_if(settings.upstreams.begin(), settings.upstreams.end(),
                   [name](const UpstreamSettings& upstream) { return upstream.name == name; });
  return found == settings.upstreams.end()
             ? 0
             : static_cast<std::size_t>(found - settings.upstreams.begin());
}

}  // namespace trackly
