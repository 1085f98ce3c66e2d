#include "tests/support/metrics_page.h"

#include <re2/re2.h>

#include <cstdlib>
#include <set>
#include <sstream>
#include <stdexcept>

namespace trackly::test {
namespace {

constexpr std::string_view kPrefix = "trackly_gateway_";

std::string without_prefix(const std::string& name) {
  if (!name.starts_with(kPrefix)) throw std::runtime_error("a foreign name: " + name);
  return name.substr(kPrefix.size());
}

/// "x_bucket" belongs to the histogram "x".
std::string family_of(const std::string& name, const std::string& current) {
  for (const char* suffix : {"_bucket", "_sum", "_count"}) {
    if (name == current + suffix) return current;
  }
  return name;
}

}  // namespace

MetricsPage::MetricsPage(const std::string& text) {
  static const RE2 help("# HELP ([a-z_]+) .+");
  static const RE2 type("# TYPE ([a-z_]+) (?:counter|gauge|histogram)");
  static const RE2 sample(
      R"re(([a-z_]+)(\{[a-z_]+="(?:[^"\\]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\]|\\["\\n])*")*\})? ([0-9.]+))re");
  if (!text.ends_with('\n')) throw std::runtime_error("the last line has no end");
  std::set<std::string> families;
  std::string family;
  std::string described;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::string name;
    std::string labels;
    std::string value;
    if (RE2::FullMatch(line, help, &described)) continue;
    if (RE2::FullMatch(line, type, &family)) {
      if (family != described || !families.insert(family).second) {
        throw std::runtime_error("a family without help, or declared twice: " + line);
      }
    } else if (RE2::FullMatch(line, sample, &name, &labels, &value)) {
      if (family_of(name, family) != family) {
        throw std::runtime_error("outside of its family: " + line);
      }
      const std::string series = without_prefix(name) + labels;
      if (!series_.emplace(series, std::atof(value.c_str())).second) {
        throw std::runtime_error("stands twice: " + line);
      }
    } else {
      throw std::runtime_error("no line of the format: " + line);
    }
  }
}

double MetricsPage::operator[](std::string_view series) const {
  const auto found = series_.find(series);
  return found == series_.end() ? -1 : found->second;
}

MetricsPage::Series MetricsPage::of(std::string_view family) const {
  Series found;
  for (const auto& [series, value] : series_) {
    const std::size_t brace = series.find('{');
    if (series.substr(0, brace) != family || value == 0) continue;
    found.emplace(brace == std::string::npos ? "" : series.substr(brace), value);
  }
  return found;
}

double MetricsPage::sum_of(std::string_view family) const {
  double sum = 0;
  for (const auto& [labels, value] : of(family)) sum += value;
  return sum;
}

std::uint16_t admin_port(Process& gateway) {
  static constexpr std::string_view kMark = "administration on 127.0.0.1:";
  const auto line = gateway.wait_for_err(kMark);
  if (!line) throw std::runtime_error("no admin listener:\n" + gateway.err());
  return static_cast<std::uint16_t>(
      std::strtoul(line->c_str() + line->find(kMark) + kMark.size(), nullptr, 10));
}

MetricsPage scrape(std::uint16_t admin_port) {
  const CurlAnswer answer = curl(Downstream::h1, admin_port, {.path = "/metrics"});
  if (answer.status() != 200) throw std::runtime_error("no metrics: " + answer.error);
  return MetricsPage(answer.body);
}

}  // namespace trackly::test
