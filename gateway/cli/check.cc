#include "gateway/cli/check.h"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <string>
#include <string_view>

#include "gateway/cli/exit_code.h"
#include "gateway/cli/load.h"

namespace trackly::cli {
namespace {

using config::Configuration;

constexpr std::string_view kUpstream = "upstream";

bool has_choice(const Configuration& configuration) {
  return configuration.settings.upstreams.size() > 1;
}

/// Of what stands before the explanations of a route.
int widest_name(const Configuration& configuration) {
  std::size_t width = has_choice(configuration) ? kUpstream.size() : 0;
  for (const auto& filter : configuration.filters) width = std::max(width, filter.name.size());
  return static_cast<int>(width);
}

void print_line(const Configuration& configuration, std::string_view name, std::string_view what,
                std::ostream& out) {
  out << "  " << std::left << std::setw(widest_name(configuration)) << name << "  " << what << '\n';
}

void print_filters(const Configuration& configuration, const Operation& operation,
                   std::ostream& out) {
  for (std::size_t i = 0; i < configuration.filters.size(); ++i) {
    const std::string what = configuration.factory_for(i, operation).describe(operation);
    if (what.empty()) continue;
    print_line(configuration, configuration.filters[i].name,
               configuration.in_shadow(i, operation) ? "in shadow: " + what : what, out);
  }
}

/// Which upstream serves what the API description lacks.
std::string by_path(const Settings& settings) {
  std::string text;
  for (const UpstreamSettings& upstream : settings.upstreams) {
    for (const std::string& prefix : upstream.paths) {
      text.append(upstream.name).append(" below ").append(prefix).append(", ");
    }
  }
  const std::string& other = settings.upstreams.front().name;
  return text.empty() ? other : text + "else " + other;
}

void print_routes(const Configuration& configuration, std::ostream& out) {
  for (const Operation& operation : configuration.api.operations) {
    out << operation.method << ' ' << operation.path << '\n';
    print_filters(configuration, operation, out);
    if (has_choice(configuration)) print_line(configuration, kUpstream, operation.upstream, out);
  }
  if (configuration.settings.forward_unknown_paths) {
    out << "every other path or method: forwarded\n";
    print_filters(configuration, configuration.api.unknown, out);
    if (has_choice(configuration)) {
      print_line(configuration, kUpstream, by_path(configuration.settings), out);
    }
  } else {
    out << "every other path or method: refused with not_found\n";
  }
}

}  // namespace

int check(const std::string& config_path, std::ostream& out, std::ostream& err) {
  const auto configuration = load(config_path, err);
  if (configuration == nullptr) return kProblem;
  print_routes(*configuration, out);
  return kFine;
}

}  // namespace trackly::cli
