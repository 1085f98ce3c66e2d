#include "gateway/cli/load.h"

#include <cstdlib>
#include <filesystem>
#include <ostream>

#include "config/settings_reader.h"
#include "config/yaml_reader.h"
#include "filters/registry.h"

namespace trackly::cli {
namespace {

std::optional<std::string> environment_variable(const std::string& name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

std::shared_ptr<const config::Configuration> read(const std::string& path, Problems& problems) {
  return config::load_configuration(path, filters::registry(), environment_variable, problems);
}

std::shared_ptr<const config::Configuration> load(const std::string& path, std::ostream& err) {
  Problems problems;
  auto configuration = read(path, problems);
  print(problems, err);
  return configuration;
}

std::optional<Settings> load_settings(const std::string& path, std::ostream& err) {
  Problems problems;
  const config::Environment environment = environment_variable;
  std::optional<Settings> settings;
  if (const auto root = config::read_yaml_file(path, problems, &environment)) {
    settings = config::read_settings(*root, std::filesystem::path(path).parent_path(), problems);
  }
  print(problems, err);
  if (!problems.lines().empty()) settings.reset();
  return settings;
}

void print(const Problems& problems, std::ostream& err) {
  for (const std::string& line : problems.lines()) err << line << '\n';
}

}  // namespace trackly::cli
