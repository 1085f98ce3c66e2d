// config/gateway.yaml is the reference that operators read, so it has to be true: it loads, shows
// every key that the loader knows, and the values it shows are the defaults.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string_view>

#include "config/configuration.h"
#include "config/file.h"
#include "config/settings_reader.h"
#include "config/yaml_reader.h"
#include "filters/registry.h"
#include "tests/golden/dump.h"

namespace trackly::golden {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;

const std::filesystem::path kConfig = std::filesystem::path(TRACKLY_SOURCE_DIR) / "config";

std::string shipped_text() { return *config::read_file(kConfig / "gateway.yaml"); }

/// A "#" that is not followed by one space, as in a comment, starts an example that is off.
bool is_example(std::string_view line) {
  if (!line.starts_with('#') || line.size() == 1) return false;
  return line[1] != ' ' || line.substr(1).starts_with("  ");
}

/// The file with its examples turned on. An empty collection right before one makes way for it.
std::string with_examples(const std::string& text) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    if (is_example(line)) {
      line.erase(0, 1);
      if (out.ends_with(": {}\n") || out.ends_with(": []\n")) out.replace(out.size() - 4, 4, "\n");
    }
    out += line + '\n';
  }
  return out;
}

Node parsed(const std::string& text) {
  Problems problems;
  auto root = config::read_yaml(text, "gateway.yaml", problems);
  EXPECT_THAT(problems.lines(), IsEmpty());
  return root ? *std::move(root) : Node();
}

std::vector<std::string> problems_of(const Node& root) {
  Problems problems;
  config::load_configuration(root, kConfig, filters::registry(), problems);
  return problems.lines();
}

Settings settings_of(const Node& root) {
  Problems problems;
  Settings settings = config::read_settings(root, kConfig, problems);
  EXPECT_THAT(problems.lines(), IsEmpty());
  return settings;
}

/// Only these keys of a mapping.
void keep(Node& mapping, const std::set<std::string>& keys) {
  std::erase_if(mapping.entries, [&](const auto& entry) { return !keys.contains(entry.key); });
}

Node& child(Node& mapping, std::string_view key) {
  return const_cast<Node&>(*mapping.find(key));  // the mapping itself is ours to change
}

/// Every mapping of a tree by its place, "listeners[].tls"; those of one place are alike. All
/// upstreams are one place, whatever their names.
using Mappings = std::multimap<std::string, Node*>;

void collect(Node& node, const std::string& place, Mappings& mappings) {
  if (node.is_mapping()) mappings.emplace(place, &node);
  node.entries.reserve(node.entries.size() + 1);  // known_keys() adds one, and nothing may move
  for (Node& item : node.items) collect(item, place + "[]", mappings);
  for (Node::Entry& entry : node.entries) {
    collect(entry.value, place + "." + (place == ".upstreams" ? "*" : entry.key), mappings);
  }
}

/// What the loader knows at a mapping: it says so when it finds a key that resembles none.
std::set<std::string> known_keys(Node& root, Node& mapping) {
  const std::string strange(40, '?');
  mapping.entries.push_back({strange, {}, Node()});
  const auto lines = problems_of(root);
  mapping.entries.pop_back();

  std::set<std::string> keys;
  const std::string answer = "unknown key \"" + strange + "\"; known here: ";
  for (const std::string& line : lines) {
    if (line.find(answer) == std::string::npos) continue;
    std::istringstream words(line.substr(line.find(answer) + answer.size()));
    for (std::string word; words >> word;) {
      keys.insert(word.ends_with(',') ? word.substr(0, word.size() - 1) : word);
    }
  }
  return keys;
}

TEST(ShippedConfiguration, Loads) { EXPECT_THAT(problems_of(parsed(shipped_text())), IsEmpty()); }

/// Redis is one server, or behind sentinels, or a cluster.
constexpr const char* kPlacesOfRedis[] = {"url", "sentinels", "cluster"};

void keep_one_place_of_redis(Node& root, std::string_view place) {
  // The url that is shown is the default, which has no TLS.
  if (place == "url")
    std::erase_if(child(root, "redis").entries,
                  [](const auto& entry) { return entry.key == "tls"; });
  std::erase_if(child(root, "redis").entries, [&](const auto& entry) {
    return entry.key != place && std::find(std::begin(kPlacesOfRedis), std::end(kPlacesOfRedis),
                                           entry.key) != std::end(kPlacesOfRedis);
  });
}

TEST(ShippedConfiguration, ExamplesOnlyNeedTheFilesThatTheyName) {
  for (const char* const place : kPlacesOfRedis) {
    Node root = parsed(with_examples(shipped_text()));
    keep_one_place_of_redis(root, place);
    std::erase_if(child(root, "access_log").entries,
                  [](const auto& entry) { return entry.key == "path"; });  // syslog is its place
    EXPECT_THAT(problems_of(root), Each(HasSubstr("cannot read"))) << place;
  }
}

TEST(ShippedConfiguration, ShowsEveryKeyThatTheLoaderKnows) {
  Node root = parsed(with_examples(shipped_text()));
  Mappings mappings;
  collect(root, "", mappings);
  std::map<std::string, std::set<std::string>> shown;
  std::map<std::string, std::set<std::string>> known;
  for (const auto& [place, mapping] : mappings) {
    for (const Node::Entry& entry : mapping->entries) shown[place].insert(entry.key);
    known[place].merge(known_keys(root, *mapping));
  }
  ASSERT_TRUE(known[""].contains("listeners"));
  ASSERT_TRUE(known[".limits"].contains("json_depth"));
  for (const auto& [place, keys] : known) {
    for (const std::string& key : keys) {
      EXPECT_TRUE(shown[place].contains(key)) << place << "." << key;
    }
  }
}

TEST(ShippedConfiguration, ShowsTheDefaults) {
  Node written = parsed(shipped_text());
  Node left_out = written;
  keep(left_out, {"listeners", "filters", "upstreams"});
  Node& upstream = child(child(left_out, "upstreams"), "default");
  keep(upstream, {"endpoints", "circuit_breaker", "health_check", "ejection"});
  for (const char* block : {"circuit_breaker", "health_check", "ejection"}) {
    keep(child(upstream, block), {});
  }
  EXPECT_EQ(dump(settings_of(written)), dump(settings_of(left_out)));
}

TEST(ShippedConfiguration, ShowsTheDefaultsOfItsExamples) {
  Node written = parsed(with_examples(shipped_text()));
  child(written, "upstreams") = *parsed(shipped_text()).find("upstreams");
  keep(written, {"redis", "listeners", "filters", "upstreams", "access_log"});
  child(written, "listeners").items.resize(1);
  keep(child(written, "access_log"), {"syslog"});
  Node& redis = child(written, "redis");
  keep(redis,
       {"url", "database", "command_timeout", "connect_timeout", "max_in_flight", "breaker"});
  Node left_out = written;
  keep(child(left_out, "redis"), {});
  keep(child(child(left_out, "access_log"), "syslog"), {});
  EXPECT_EQ(dump(settings_of(written)), dump(settings_of(left_out)));
}

}  // namespace
}  // namespace trackly::golden
