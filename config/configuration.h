#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/environment.h"
#include "gateway/api/api_description.h"
#include "gateway/api/error.h"
#include "gateway/api/filter.h"
#include "gateway/api/registry.h"
#include "gateway/api/settings.h"

namespace trackly::config {

/// One entry of `filters:`.
struct NamedFactory {
  std::string name;
  std::unique_ptr<FilterFactory> factory;
  bool shadow = false;
};

/// Everything that the files say, checked. Immutable after load and shared by all workers; its
/// parts point at one another, so it stays where it was made.
class Configuration {
 public:
  Configuration() = default;
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;

  Settings settings;
  ApiDescription api;
  ErrorCatalogue errors;
  std::vector<NamedFactory> filters;  // in chain order, like settings.filters

  /// The factory that makes filter number `filter_index` for an operation: the chain's, or the one
  /// that the operation's x-gateway asks for. Requires: the operation is one of `api`.
  const FilterFactory& factory_for(std::size_t filter_index, const Operation& operation) const;

  /// Whether that filter only notes what it would refuse there. Every filter's settings may say
  /// `shadow: true`.
  bool in_shadow(std::size_t filter_index, const Operation& operation) const;

  /// The filters that requests of an operation pass on the worker whose services these are.
  std::vector<ChainLink> make_chain(const Operation& operation, Services& services) const;
  /// Only those for which `wanted` is true.
  std::vector<ChainLink> make_chain(const Operation& operation, Services& services,
                                    const std::function<bool(const FilterFactory&)>& wanted) const;

  /// A filter whose settings an operation changes.
  struct Override {
    Node settings;
    std::unique_ptr<FilterFactory> factory;
    bool shadow = false;
  };
  /// Filled by load_configuration(); asked through factory_for().
  std::map<std::pair<std::size_t, const Operation*>, Override> overrides;
};

/// Reads gateway.yaml at `path` and every file that it names. nullptr where there is any problem;
/// then `problems` has all of them.
std::shared_ptr<const Configuration> load_configuration(const std::string& path,
                                                        FilterRegistry registry,
                                                        const Environment& environment,
                                                        Problems& problems);

/// The same for a gateway.yaml that was read already, from `folder`.
std::shared_ptr<const Configuration> load_configuration(const Node& root,
                                                        const std::filesystem::path& folder,
                                                        FilterRegistry registry,
                                                        Problems& problems);

}  // namespace trackly::config
