#include "gateway/api/upstream_for.h"

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

}  // namespace trackly
