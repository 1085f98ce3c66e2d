#include "config/configuration.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "config/api_description_reader.h"
#include "config/catalogue_reader.h"
#include "config/setting_values.h"
#include "config/settings_reader.h"
#include "config/upstream_use.h"
#include "config/yaml_reader.h"

namespace trackly::config {
namespace {

class Loader {
 public:
  Loader(std::filesystem::path folder, FilterRegistry registry, Problems& problems)
      : folder_(std::move(folder)),
        registry_(registry),
        problems_(problems),
        configuration_(std::make_shared<Configuration>()),
        setup_{configuration_->api, configuration_->errors, configuration_->settings,
               [base = folder_](const std::string& path, const Mark& mark, Problems& found) {
                 return read_yaml_file(resolved_path(base, path), found, nullptr, mark)
                     .value_or(Node());
               }} {}

  std::shared_ptr<const Configuration> load(const Node& root) {
    Configuration& all = *configuration_;
    all.settings = read_settings(root, folder_, problems_);
    const Node* catalogue = root.find("errors");
    if (catalogue != nullptr) catalogue = catalogue->find("catalogue");
    auto api = read_named(all.settings.api_path, root.find("api"), root);
    auto errors = read_named(all.settings.catalogue_path, catalogue, root);
    if (api) {
      read_api_description(*std::move(api), all.api, problems_);
      if (!all.settings.upstreams.empty()) assign_upstreams(all.settings, all.api, problems_);
    }
    if (errors) {
      all.errors = read_catalogue(*errors, all.settings.error_overrides, problems_);
    }
    std::vector<const FilterKind*> chain;
    for (const FilterSettings& filter : all.settings.filters) {
      chain.push_back(known_filter(filter.name, filter.mark));
    }
    // Without these files nothing that filters ask for would exist, and each question would be
    // another problem.
    if (api && errors) make_filters(chain);
    return problems_.empty() ? configuration_ : nullptr;
  }

 private:
  /// `key` is what names the file, where the configuration does.
  std::optional<Node> read_named(const std::string& path, const Node* key, const Node& root) {
    return read_yaml_file(path, problems_, nullptr, key != nullptr ? key->mark : root.mark);
  }

  void make_filters(const std::vector<const FilterKind*>& chain) {
    Configuration& all = *configuration_;
    for (std::size_t i = 0; i < chain.size(); ++i) {
      const FilterSettings& filter = all.settings.filters[i];
      NamedFactory& made = all.filters.emplace_back(NamedFactory{filter.name, nullptr});
      if (chain[i] != nullptr) made.factory = make(*chain[i], filter.settings, made.shadow);
    }
    for (const Operation& operation : all.api.operations) read_overrides(operation);
  }

  const FilterKind* known_filter(const std::string& name, const Mark& mark) {
    const FilterKind* kind = find_filter(registry_, name);
    if (kind != nullptr) return kind;
    std::vector<std::string_view> known;
    for (const FilterKind& one : registry_) known.push_back(one.name);
    problems_.add(mark, unknown_word("filter", name, known));
    return nullptr;
  }

  /// `shadow` is a key that all filters have, and none of them reads.
  std::unique_ptr<FilterFactory> make(const FilterKind& kind, const Node& settings, bool& shadow) {
    MappingReader reader(&settings, problems_);
    shadow = reader.boolean("shadow", false);
    return kind.make(reader, setup_);
  }

  void read_overrides(const Operation& operation) {
    if (operation.overrides == nullptr) return;
    if (!operation.overrides->is_mapping()) {
      problems_.add(operation.overrides->mark, "x-gateway: expected a mapping of filters");
      return;
    }
    for (const Node::Entry& entry : operation.overrides->entries) {
      const FilterKind* kind = known_filter(entry.key, entry.key_mark);
      if (kind != nullptr) read_override(*kind, entry, operation);
    }
  }

  /// A filter that is not in the chain needs no override: the same API description can serve
  /// several gateways.
  void read_override(const FilterKind& kind, const Node::Entry& entry, const Operation& operation) {
    const std::vector<FilterSettings>& chain = configuration_->settings.filters;
    const auto is_meant = [&kind](const FilterSettings& filter) {
      return filter.name == kind.name;
    };
    const auto found = std::find_if(chain.begin(), chain.end(), is_meant);
    if (found == chain.end()) return;
    if (std::count_if(chain.begin(), chain.end(), is_meant) > 1) {
      problems_.add(entry.key_mark, "x-gateway: " + entry.key +
                                        " stands more than once in `filters`; it is not clear "
                                        "which one is meant");
      return;
    }
    const auto index = static_cast<std::size_t>(found - chain.begin());
    Configuration::Override& changed = configuration_->overrides[{index, &operation}];
    changed.settings = overlaid(found->settings, entry.value);
    changed.factory = make(kind, changed.settings, changed.shadow);
  }

  /// The chain's settings with the keys of `changes` in place of their own.
  static Node overlaid(const Node& base, const Node& changes) {
    if (!changes.is_mapping() || !base.is_mapping()) return changes;
    Node result = changes;
    for (const Node::Entry& entry : base.entries) {
      if (changes.find(entry.key) == nullptr) result.entries.push_back(entry);
    }
    return result;
  }

  const std::filesystem::path folder_;
  const FilterRegistry registry_;
  Problems& problems_;
  const std::shared_ptr<Configuration> configuration_;
  const FilterSetup setup_;
};

}  // namespace

const FilterFactory& Configuration::factory_for(std::size_t filter_index,
                                                const Operation& operation) const {
  const auto found = overrides.find({filter_index, &operation});
  return found == overrides.end() ? *filters[filter_index].factory : *found->second.factory;
}

bool Configuration::in_shadow(std::size_t filter_index, const Operation& operation) const {
  const auto found = overrides.find({filter_index, &operation});
  return found == overrides.end() ? filters[filter_index].shadow : found->second.shadow;
}

std::vector<ChainLink> Configuration::make_chain(const Operation& operation,
                                                 Services& services) const {
  return make_chain(operation, services, [](const FilterFactory&) { return true; });
}

std::vector<ChainLink> Configuration::make_chain(
    const Operation& operation, Services& services,
    const std::function<bool(const FilterFactory&)>& wanted) const {
  std::vector<ChainLink> chain;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const FilterFactory& factory = factory_for(i, operation);
    if (!wanted(factory)) continue;
    auto filter = factory.make(operation, services);
    if (filter == nullptr) continue;
    chain.push_back({filters[i].name, std::move(filter), in_shadow(i, operation)});
  }
  return chain;
}

std::shared_ptr<const Configuration> load_configuration(const std::string& path,
                                                        FilterRegistry registry,
                                                        const Environment& environment,
                                                        Problems& problems) {
  const auto root = read_yaml_file(path, problems, &environment);
  if (!root) return nullptr;
  return load_configuration(*root, std::filesystem::path(path).parent_path(), registry, problems);
}

std::shared_ptr<const Configuration> load_configuration(const Node& root,
                                                        const std::filesystem::path& folder,
                                                        FilterRegistry registry,
                                                        Problems& problems) {
  return Loader(folder, registry, problems).load(root);
}

}  // namespace trackly::config
