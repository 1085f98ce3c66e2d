// An OpenAPI document with its schemas and extensions, read by every filter: whatever loads can be
// described and routed, and what is wrong has a place.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/api_description_reader.h"
#include "config/catalogue_reader.h"
#include "config/yaml_reader.h"
#include "filters/registry.h"
#include "gateway/proxy/router.h"
#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/problems.h"
#include "tests/golden/dump.h"

namespace trackly::fuzz {
namespace {

const std::filesystem::path& folder() {
  static const std::filesystem::path kFolder =
      std::filesystem::path(TRACKLY_SOURCE_DIR) / "tests" / "fuzz" / "files";
  return kFolder;
}

Node file(const std::string& name) {
  Problems problems;
  auto root = config::read_yaml_file((folder() / name).string(), problems);
  require(root && problems.empty(), "the files beside the input are good");
  return *std::move(root);
}

const ErrorCatalogue& catalogue() {
  static const ErrorCatalogue kCatalogue = [] {
    Problems problems;
    auto read = config::read_catalogue(file("trackly/errors.yaml"), {}, problems);
    require(problems.empty(), "the catalogue beside the input is good");
    return read;
  }();
  return kCatalogue;
}

/// Settings with which every filter looks at the API description.
const Node& filter_settings() {
  static const Node kSettings = file("filters.yaml");
  return kSettings;
}

std::vector<std::unique_ptr<FilterFactory>> make_filters(const ApiDescription& api,
                                                         Problems& problems) {
  static const Settings kSettings;
  static const Node kKeys = file("keys.yaml");
  const FilterSetup setup{api, catalogue(), kSettings,
                          [](const std::string&, const Mark&, Problems&) { return kKeys; }};
  std::vector<std::unique_ptr<FilterFactory>> filters;
  for (const FilterKind& kind : filters::registry()) {
    MappingReader reader(filter_settings().find(kind.name), problems);
    filters.push_back(kind.make(reader, setup));
  }
  return filters;
}

/// A path that the template of an operation matches.
std::string example(const Operation& operation) {
  std::string path;
  for (const char c : operation.path) {
    if (!path.empty() && path.back() == '{') {
      if (c == '}') path.back() = 'z';
    } else {
      path += c;
    }
  }
  return path;
}

void check_routes(const ApiDescription& api) {
  const proxy::Router router(api);
  for (const Operation& operation : api.operations) {
    const auto match = router.match(operation.method, example(operation));
    require(match.operation != nullptr, "an operation is found by its path: " + operation.path);
    std::size_t parameters = 0;
    for (const Parameter& parameter : operation.parameters) {
      parameters += parameter.in == Parameter::In::path ? 1U : 0U;
      require(parameter.node != nullptr && parameter.schema != nullptr, "a parameter is described");
    }
    // A literal path may go before the template.
    require(match.operation != &operation || match.values.size() == parameters,
            "a value for each parameter of the path");
  }
}

void run(Input input) {
  Problems problems;
  auto root = config::read_yaml(input.rest(), kFile, problems);
  if (!root) return require_places(problems);
  ApiDescription api;
  config::read_api_description(*std::move(root), api, problems);
  const auto filters = make_filters(api, problems);
  require_places(problems);
  if (!problems.empty()) return;
  golden::dump(api);
  for (const auto& filter : filters) {
    require(filter != nullptr, "a filter or problems");
    for (const Operation& operation : api.operations) {
      filter->describe(operation);
      filter->answers(operation);
    }
    filter->describe(api.unknown);
  }
  check_routes(api);
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
