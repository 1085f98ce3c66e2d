#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include "gateway/cli/check.h"
#include "gateway/cli/errors.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/key.h"
#include "gateway/cli/load.h"
#include "gateway/cli/validate.h"
#include "gateway/server.h"
#include "gateway/store/sha256.h"

namespace {

using namespace trackly;  // NOLINT(google-build-using-namespace): this file only names things

int run(const std::string& config_path) {
  const auto configuration = cli::load(config_path, std::cerr);
  return configuration == nullptr ? cli::kProblem : run_server(configuration);
}

constexpr const char* kShippedConfig = "config/gateway.yaml";

struct Options {
  std::string config;
  std::string catalogue;
  std::string format = "table";
  std::string schema;
  std::string instance;
};

const std::map<std::string, cli::CatalogueFormat> kFormats = {
    {"table", cli::CatalogueFormat::table},
    {"json", cli::CatalogueFormat::json},
    {"markdown", cli::CatalogueFormat::markdown}};

/// Each command stores what it is to do in `action`.
void add_commands(CLI::App& app, Options& options, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand("run", "Serve until SIGTERM");
  command->add_option("--config", options.config, "gateway.yaml")->required();
  command->callback([&] { action = [&] { return run(options.config); }; });

  command = app.add_subcommand("check", "Report every problem, or what is enforced on each route");
  command->add_option("--config", options.config, "gateway.yaml")->required();
  command->callback(
      [&] { action = [&] { return cli::check(options.config, std::cout, std::cerr); }; });

  command = app.add_subcommand("validate", "Judge a JSON value by a JSON Schema (2020-12)");
  command->add_option("--schema", options.schema, "JSON or YAML")->required();
  command->add_option("--instance", options.instance, "JSON")->required();
  command->callback([&] {
    action = [&] { return cli::validate(options.schema, options.instance, std::cout, std::cerr); };
  });

  command = app.add_subcommand("errors", "Print the error catalogue and where each row is decided");
  CLI::Option* config = command->add_option(
      "--config", options.config, "gateway.yaml; without it " + std::string(kShippedConfig));
  command->add_option("--catalogue", options.catalogue, "errors.yaml alone, as it stands")
      ->excludes(config);
  command->add_option("--format", options.format, "table, json or markdown")
      ->capture_default_str()
      ->check(CLI::IsMember(kFormats));
  command->callback([&] {
    action = [&] {
      const cli::CatalogueFormat format = kFormats.at(options.format);
      if (!options.catalogue.empty()) {
        return cli::print_catalogue(options.catalogue, format, std::cout, std::cerr);
      }
      const std::string path = options.config.empty() ? kShippedConfig : options.config;
      return cli::print_configured_catalogue(path, format, std::cout, std::cerr);
    };
  });

  CLI::App* key = app.add_subcommand("key", "API keys for keys.yaml");
  key->require_subcommand(1);
  key->add_subcommand("new", "Make a key; it is shown only once")->callback([&] {
    action = [] {
      store::Sha256 hasher;
      return cli::new_key(hasher, std::cout, std::cerr);
    };
  });
  key->add_subcommand("hash", "Read a key from standard input and print its entry")->callback([&] {
    action = [] {
      store::Sha256 hasher;
      return cli::hash_key(hasher, std::cin, std::cout, std::cerr);
    };
  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("trackly-gateway: a sidecar that enforces the Trackly API's contract");
  app.set_version_flag("--version", "trackly-gateway " TRACKLY_VERSION);
  app.require_subcommand(1);
  Options options;
  std::function<int()> action;
  add_commands(app, options, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& fault) {
    // CLI11 also leaves this way, with code 0, after --help and --version.
    return app.exit(fault) == 0 ? cli::kFine : cli::kWrongUsage;
  }
  return action();
}
