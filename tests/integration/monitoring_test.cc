// What is said about metrics, in README.md and to Prometheus and Grafana, against what /metrics
// says.

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "tests/support/gateway.h"
#include "tests/support/metrics_page.h"
#include "tests/support/patience.h"
#include "tests/support/sample_requests.h"

namespace trackly::test {
namespace {

using Names = std::set<std::string>;

std::string source(const std::string& path) {
  std::ifstream file(std::string(TRACKLY_SOURCE_DIR) + "/" + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The names of labels in `{a="1",b=~"2"}`.
Names labels_of(const std::string& braces) {
  static const RE2 kLabel(R"(([a-z_]+)(?:=|!))");
  Names labels;
  re2::StringPiece rest(braces);
  for (std::string label; RE2::FindAndConsume(&rest, kLabel, &label);) labels.insert(label);
  return labels;
}

/// A page that has every family: with Redis, with TLS, and after requests.
std::string full_page() {
  Gateway gateway({.upstream_options = "circuit_breaker: {}",
                   .api_key_store = "store: redis",
                   .more = "redis: {url: 'redis://127.0.0.1:1'}\n" + std::string(kAdmin)});
  gateway.request(Downstream::h1, {.path = "/nowhere"});
  const std::uint16_t port = admin_port(gateway);
  EXPECT_TRUE(eventually([&] { return scrape(port).sum_of("requests_total") == 1; }));
  return curl(Downstream::h1, port, {.path = "/metrics"}).body;
}

class Monitoring : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const RE2 kFamily("# TYPE trackly_gateway_([a-z_]+) ([a-z]+)");
    static const RE2 kSeries(R"(trackly_gateway_([a-z_]+)(\{[^ ]*\}) .*)");
    std::istringstream lines(full_page());
    std::string family;
    std::string kind;
    std::string braces;
    for (std::string line; std::getline(lines, line);) {
      if (RE2::FullMatch(line, kFamily, &family, &kind)) {
        families_.insert(family);
        names_[family];
        if (kind != "histogram") continue;
        for (const char* part : {"_bucket", "_sum", "_count"}) names_[family + part];
      } else if (std::string name; RE2::FullMatch(line, kSeries, &name, &braces)) {
        names_[name].merge(labels_of(braces));
      }
    }
  }

  /// Names of ours that stand in a file, and labels that are asked for with them.
  static void expect_known(const std::string& path) {
    static const RE2 kUse(R"(trackly_gateway_([a-z_]+)(\{[^}]*\})?)");
    const std::string text = source(path);
    re2::StringPiece rest(text);
    int uses = 0;
    std::string name;
    for (std::string braces; RE2::FindAndConsume(&rest, kUse, &name, &braces); ++uses) {
      const auto known = names_.find(name);
      EXPECT_NE(known, names_.end()) << path << ": " << name;
      if (known == names_.end()) continue;
      for (const std::string& label : labels_of(braces)) {
        EXPECT_TRUE(label == "instance" || label == "job" || known->second.contains(label))
            << path << ": " << name << " has no label " << label;
      }
    }
    EXPECT_GT(uses, 10) << path;
  }

  inline static Names families_;
  inline static std::map<std::string, Names> names_;  // of series, with their labels
};

TEST_F(Monitoring, AlertsGoByMetricsThatThereAre) {
  expect_known("deploy/prometheus/alerts.yml");
  expect_known("deploy/prometheus/alerts_test.yml");
}

TEST_F(Monitoring, TheDashboardShowsMetricsThatThereAre) {
  expect_known("deploy/grafana/trackly-gateway.json");
}

TEST_F(Monitoring, TheDashboardShowsEveryMetric) {
  const std::string dashboard = source("deploy/grafana/trackly-gateway.json");
  for (const std::string& family : families_) {
    EXPECT_NE(dashboard.find("trackly_gateway_" + family), std::string::npos) << family;
  }
}

TEST_F(Monitoring, TheReadmeListsEveryMetricAndNoOther) {
  const std::string readme = source("README.md");
  const std::size_t begin = readme.find("\n## Metrics\n");
  ASSERT_NE(begin, std::string::npos);
  std::istringstream section(readme.substr(begin + 1, readme.find("\n## ", begin + 1) - begin));
  static const RE2 kName("`([a-z_]+)`");
  Names listed;
  for (std::string line; std::getline(section, line);) {
    if (!line.starts_with("| `")) continue;
    const std::string first_column = line.substr(0, line.find('|', 1));
    re2::StringPiece rest(first_column);
    for (std::string name; RE2::FindAndConsume(&rest, kName, &name);) listed.insert(name);
  }
  EXPECT_EQ(listed, families_);
}

}  // namespace
}  // namespace trackly::test
