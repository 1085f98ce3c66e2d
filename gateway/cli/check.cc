#include "gateway/cli/check.h"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/cli/examples.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/load.h"
#include "gateway/cli/rehearsal.h"
#include "gateway/cli/trials.h"
#include "gateway/observe/diagnostics.h"
#include "gateway/observe/json_line.h"

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

// ---------------------------------------------------------------------------------------- examples

/// An example of the API description that is not answered as it says.
struct WrongExample {
  std::string route;
  std::string name;
  std::string expected;  // the id of a row, or kPasses
  std::string found;
};

struct Examples {
  std::size_t tried = 0;
  std::vector<WrongExample> wrong;
};

constexpr const char* kPasses = "passes";

/// What filters in shadow say counts, too: it is what they will say when they are not.
std::string verdict_on(const Exchange& exchange) {
  for (const ShadowFinding& finding : exchange.shadow) {
    if (finding.error != nullptr) return finding.error->id;
  }
  return exchange.local_reply == nullptr ? kPasses : exchange.local_reply->id;
}

Examples try_examples(const ApiDescription& api, Rehearsal& rehearsal) {
  Examples examples;
  for (const Operation& operation : api.operations) {
    for (const ExampleRequest& example : example_requests(api, operation)) {
      std::string found = "no answer";
      rehearsal.run(example.text, [&](const Exchange& exchange) { found = verdict_on(exchange); });
      ++examples.tried;
      const std::string& error = example.expected_error;
      const std::string expected = error.empty() ? kPasses : error;
      if (found == expected) continue;
      examples.wrong.push_back(
          {operation.method + " " + operation.path, example.name, expected, found});
    }
  }
  return examples;
}

void print(const Examples& examples, std::ostream& out) {
  out << "examples of the API description: " << examples.tried - examples.wrong.size() << " of "
      << examples.tried << " are answered as declared\n";
  for (const WrongExample& wrong : examples.wrong) {
    out << "  " << wrong.route << ", " << wrong.name << ": " << wrong.found << ", declared "
        << wrong.expected << '\n';
  }
}

// -------------------------------------------------------------------------------------------- JSON

void append_filters(const Configuration& configuration, const Operation& operation,
                    observe::JsonLine& line) {
  line.begin_array("filters");
  for (std::size_t i = 0; i < configuration.filters.size(); ++i) {
    const std::string what = configuration.factory_for(i, operation).describe(operation);
    if (what.empty()) continue;
    line.begin_item_object();
    line.text("name", configuration.filters[i].name);
    line.boolean("shadow", configuration.in_shadow(i, operation));
    line.text("enforces", what);
    line.end_object();
  }
  line.end_array();
}

void append_routes(const Configuration& configuration, observe::JsonLine& line) {
  line.begin_array("routes");
  for (const Operation& operation : configuration.api.operations) {
    line.begin_item_object();
    line.text("method", operation.method);
    line.text("path", operation.path);
    line.text("upstream", operation.upstream);
    append_filters(configuration, operation, line);
    line.end_object();
  }
  line.end_array();
  line.begin_object("unknown_paths");
  line.boolean("forwarded", configuration.settings.forward_unknown_paths);
  if (configuration.settings.forward_unknown_paths) {
    append_filters(configuration, configuration.api.unknown, line);
  }
  line.end_object();
}

void append(const Examples& examples, observe::JsonLine& line) {
  line.begin_object("examples");
  line.number("tried", examples.tried);
  line.begin_array("wrong");
  for (const WrongExample& wrong : examples.wrong) {
    line.begin_item_object();
    line.text("route", wrong.route);
    line.text("example", wrong.name);
    line.text("declared", wrong.expected);
    line.text("found", wrong.found);
    line.end_object();
  }
  line.end_array();
  line.end_object();
}

void append(const std::vector<Trial>& trials, observe::JsonLine& line) {
  line.begin_array("connections");
  for (const Trial& trial : trials) {
    line.begin_item_object();
    line.text("what", trial.what);
    line.boolean("ok", trial.ok);
    line.text("found", trial.found);
    line.milliseconds("ms", trial.took);
    line.end_object();
  }
  line.end_array();
}

void print_problems_as_json(const Problems& problems, std::ostream& out) {
  std::string text;
  observe::JsonLine line(text);
  line.begin_array("problems");
  for (const std::string& problem : problems.lines()) line.item_text(problem);
  line.end_array();
  line.end();
  out << text;
}

}  // namespace

int check(const CheckChoice& choice, std::ostream& out, std::ostream& err) {
  Problems problems;
  const auto configuration = read(choice.config, problems);
  if (configuration == nullptr) {
    if (choice.json) {
      print_problems_as_json(problems, out);
    } else {
      cli::print(problems, err);
    }
    return kProblem;
  }
  const auto diagnostics = observe::Diagnostics::start();  // standard output is for the findings
  const auto rehearsal = Rehearsal::create(configuration, {.requests_only = true});
  if (!rehearsal) {
    err << rehearsal.error().text << '\n';
    return kProblem;
  }
  const Examples examples = try_examples(configuration->api, **rehearsal);
  std::vector<Trial> trials;
  if (choice.connect) trials = try_dependencies(configuration->settings);
  if (choice.json) {
    std::string text;
    observe::JsonLine line(text);
    append_routes(*configuration, line);
    append(examples, line);
    if (choice.connect) append(trials, line);
    line.end();
    out << text;
  } else {
    print_routes(*configuration, out);
    print(examples, out);
    print(trials, out);
  }
  const bool all_found =
      std::all_of(trials.begin(), trials.end(), [](const Trial& trial) { return trial.ok; });
  return examples.wrong.empty() && all_found ? kFine : kProblem;
}

}  // namespace trackly::cli
