#include "gateway/cli/validate.h"

#include <filesystem>
#include <optional>
#include <ostream>

#include "config/file.h"
#include "config/yaml_reader.h"
#include "filters/json_schema/validate.h"
#include "gateway/cli/load.h"
#include "gateway/json/read_node.h"

namespace trackly::cli {
namespace {

enum ValidateCode : int { kValid = 0, kNotValid = 1, kNotJudged = 2 };

/// nullopt where it cannot be read. A file whose name does not tell what it is may be either; JSON
/// is tried first, because not all of it is YAML.
std::optional<Node> read_schema(const std::string& path, Problems& problems) {
  const auto extension = std::filesystem::path(path).extension();
  if (extension == ".yaml" || extension == ".yml") return config::read_yaml_file(path, problems);
  const auto text = config::read_file(path);
  if (!text) {
    problems.add({}, "cannot read " + path + ": " + text.error().text);
    return std::nullopt;
  }
  Problems as_json;
  Node schema = json::read_node(*text, path, as_json);
  if (as_json.empty()) return schema;
  if (extension != ".json") return config::read_yaml(*text, path, problems);
  problems = std::move(as_json);
  return std::nullopt;
}

}  // namespace

int validate(const std::string& schema_path, const std::string& instance_path, std::ostream& out,
             std::ostream& err) {
  Problems problems;
  const auto schema = read_schema(schema_path, problems);
  const auto instance = config::read_file(instance_path);
  if (!instance) {
    problems.add({}, "cannot read " + instance_path + ": " + instance.error().text);
  }
  json_schema::Validation result;
  if (schema && problems.empty()) result = json_schema::validate(*schema, *instance, problems);
  print(problems, err);
  if (!result.compiled) return kNotJudged;
  if (!result.invalid) {
    out << "valid\n";
    return kValid;
  }
  const json_schema::Invalid& invalid = *result.invalid;
  if (invalid.keyword.empty()) {
    out << "not JSON: " << invalid.fault << '\n';
  } else {
    out << invalid.pointer << ": " << invalid.keyword << '\n';
  }
  return kNotValid;
}

}  // namespace trackly::cli
