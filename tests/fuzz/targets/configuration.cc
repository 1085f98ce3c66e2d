// gateway.yaml, with the small files of files/trackly beside it: whatever loads can be described,
// and what is wrong has a place.

#include <cstdint>
#include <filesystem>
#include <string>

#include "config/address.h"
#include "config/configuration.h"
#include "config/yaml_reader.h"
#include "filters/registry.h"
#include "gateway/cli/decisions.h"
#include "gateway/proxy/trusted_proxies.h"
#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/problems.h"
#include "tests/golden/dump.h"

namespace trackly::fuzz {
namespace {

void describe(const config::Configuration& configuration) {
  golden::dump(configuration.settings);
  golden::dump(configuration.api);
  golden::dump(configuration.errors);
  golden::dump(configuration);
  cli::decisions(configuration);
}

void check(const Settings& settings) {
  require(!settings.listeners.empty() && !settings.upstreams.empty(),
          "there is where to listen and go");
  for (const ListenerSettings& listener : settings.listeners) {
    require(!config::check_listener_address(listener.address), "a listener can be bound");
  }
  for (const std::string& block : settings.trusted_proxies) {
    const proxy::TrustedProxies proxies({block});
    require(proxies.contains(block.substr(0, block.find('/'))),
            "a block contains its own address: " + block);
  }
  const Limits& limits = settings.limits;
  require(limits.header_bytes > 0 && limits.header_count > 0 && limits.uri_bytes > 0 &&
              limits.json_depth > 0 && limits.streams_per_connection > 0,
          "no limit is so small that nothing could pass");
}

void run(Input input) {
  const std::filesystem::path folder =
      std::filesystem::path(TRACKLY_SOURCE_DIR) / "tests" / "fuzz" / "files";
  const config::Environment no_variables = [](const std::string&) -> std::optional<std::string> {
    return std::nullopt;
  };
  Problems problems;
  const auto root = config::read_yaml(input.rest(), kFile, problems, &no_variables);
  if (!root) return require_places(problems);
  const auto configuration =
      config::load_configuration(*root, folder, filters::registry(), problems);
  require_places(problems);
  require((configuration != nullptr) == problems.empty(), "a configuration or problems");
  if (configuration == nullptr) return;
  check(configuration->settings);
  describe(*configuration);
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
