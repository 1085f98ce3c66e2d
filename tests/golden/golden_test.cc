// Pairs of files: NAME.yaml, and what it becomes, either NAME.model or NAME.problems. To write the
// second ones anew after a change that is meant: TRACKLY_WRITE_GOLDEN=1 golden_test; then read the
// difference.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <tuple>

#include "config/api_description_reader.h"
#include "config/catalogue_reader.h"
#include "config/settings_reader.h"
#include "config/yaml_reader.h"
#include "tests/golden/dump.h"
#include "tests/golden/probe_filter.h"

namespace trackly::golden {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(TRACKLY_SOURCE_DIR) / "tests" / "golden";

/// TEST_PORT is set to 9000, EMPTY to nothing, NAME to "trackly"; no other variable is set.
std::optional<std::string> environment(const std::string& name) {
  if (name == "TEST_PORT") return "9000";
  if (name == "EMPTY") return "";
  if (name == "NAME") return "trackly";
  return std::nullopt;
}

const config::Environment kEnvironment = environment;

std::string load_yaml(const std::string& file, Problems& problems) {
  const auto root = config::read_yaml_file(file, problems, &kEnvironment);
  return root ? dump(*root) : "";
}

std::string load_settings(const std::string& file, Problems& problems) {
  const auto root = config::read_yaml_file(file, problems, &kEnvironment);
  return root ? dump(config::read_settings(*root, "", problems)) : "";
}

std::string load_api(const std::string& file, Problems& problems) {
  auto root = config::read_yaml_file(file, problems);
  if (!root) return "";
  ApiDescription api;
  config::read_api_description(*std::move(root), api, problems);
  return problems.empty() ? dump(api) : "";
}

std::string load_catalogue(const std::string& file, Problems& problems) {
  const auto root = config::read_yaml_file(file, problems);
  return root ? dump(config::read_catalogue(*root, {}, problems)) : "";
}

std::string load_configuration(const std::string& file, Problems& problems) {
  const auto all = config::load_configuration(file, probe_registry(), environment, problems);
  return all ? dump(*all) : "";
}

using Load = std::string (*)(const std::string& file, Problems& problems);

/// What reads the files of a folder.
const std::map<std::string, Load> kLoaders = {{"yaml", load_yaml},
                                              {"settings", load_settings},
                                              {"api", load_api},
                                              {"catalogue", load_catalogue},
                                              {"configuration", load_configuration}};

struct Case {
  std::string folder;
  std::string name;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.folder << '/' << one.name; }

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& [folder, load] : kLoaders) {
    for (const auto& file : fs::directory_iterator(kFolder / folder)) {
      if (file.path().extension() == ".yaml") {
        cases.push_back({folder, file.path().stem().string()});
      }
    }
  }
  std::sort(cases.begin(), cases.end(), [](const Case& a, const Case& b) {
    return std::tie(a.folder, a.name) < std::tie(b.folder, b.name);
  });
  return cases;
}

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class Golden : public testing::TestWithParam<Case> {
 protected:
  // Files name each other, and problems name files, as seen from the case's folder.
  void SetUp() override { fs::current_path(kFolder / GetParam().folder); }

  /// The file that the case must have, and its counterpart, which it must not have.
  void expect(const std::string& text, const fs::path& wanted, const fs::path& other) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    if (std::getenv("TRACKLY_WRITE_GOLDEN") != nullptr) {
      std::ofstream(wanted) << text;
      fs::remove(other);
    }
    EXPECT_TRUE(fs::exists(wanted)) << text;
    EXPECT_FALSE(fs::exists(other));
    EXPECT_EQ(content(wanted), text);
  }
};

TEST_P(Golden, FileBecomesWhatStandsBesideIt) {
  const auto& [folder, name] = GetParam();
  Problems problems;
  const std::string model = kLoaders.at(folder)(name + ".yaml", problems);
  if (problems.empty()) {
    expect(model, name + ".model", name + ".problems");
  } else {
    std::string lines;
    for (const std::string& line : problems.lines()) lines += line + '\n';
    expect(lines, name + ".problems", name + ".model");
  }
}

INSTANTIATE_TEST_SUITE_P(All, Golden, testing::ValuesIn(all_cases()), [](const auto& one) {
  std::string name = one.param.folder + "_" + one.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace trackly::golden
