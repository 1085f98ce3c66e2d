#include "gateway/cli/check.h"

#include <algorithm>
#include <iomanip>
#include <ostream>

#include "gateway/cli/exit_code.h"
#include "gateway/cli/load.h"

namespace trackly::cli {
namespace {

using config::Configuration;

int widest_name(const Configuration& configuration) {
  std::size_t width = 0;
  for (const auto& filter : configuration.filters) width = std::max(width, filter.name.size());
  return static_cast<int>(width);
}

void print_filters(const Configuration& configuration, const Operation& operation,
                   std::ostream& out) {
  const int width = widest_name(configuration);
  for (std::size_t i = 0; i < configuration.filters.size(); ++i) {
    const std::string what = configuration.factory_for(i, operation).describe(operation);
    if (what.empty()) continue;
    out << "  " << std::left << std::setw(width) << configuration.filters[i].name << "  " << what
        << '\n';
  }
}

void print_routes(const Configuration& configuration, std::ostream& out) {
  for (const Operation& operation : configuration.api.operations) {
    out << operation.method << ' ' << operation.path << '\n';
    print_filters(configuration, operation, out);
  }
  if (configuration.settings.forward_unknown_paths) {
    out << "every other path or method: forwarded\n";
    print_filters(configuration, configuration.api.unknown, out);
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
