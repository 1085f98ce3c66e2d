#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include "gateway/cli/check.h"
#include "gateway/cli/errors.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/explain.h"
#include "gateway/cli/key.h"
#include "gateway/cli/load.h"
#include "gateway/cli/shared_keys.h"
#include "gateway/cli/validate.h"
#include "gateway/descriptors.h"
#include "gateway/server.h"
#include "gateway/store/sha256.h"
#include "gateway/supervision/signals.h"
#include "gateway/supervision/succession.h"

namespace {

using namespace trackly;  // NOLINT(google-build-using-namespace): this file only names things

int run(const std::string& config_path, const CommandLine& command_line) {
  hold_signals();
  occupy_standard_streams();
  const auto configuration = cli::load(config_path, std::cerr);
  if (configuration == nullptr) return cli::kProblem;
  return run_server(
      configuration, [config_path](Problems& problems) { return cli::read(config_path, problems); },
      command_line);
}

constexpr const char* kShippedConfig = "config/gateway.yaml";

const std::map<std::string, cli::CatalogueFormat> kFormats = {
    {"table", cli::CatalogueFormat::table},
    {"json", cli::CatalogueFormat::json},
    {"markdown", cli::CatalogueFormat::markdown}};

struct SharedOptions {
  cli::KeyChoice key;
  cli::AccountChanges account;
  std::uint64_t grace_seconds = std::uint64_t{24} * 60 * 60;
};

struct Options {
  CommandLine command_line;
  std::string config;
  std::string catalogue;
  std::string format = "table";
  std::string schema;
  std::string instance;
  cli::CheckChoice check;
  cli::ExplainChoice explain;
  SharedOptions shared;
};

/// Of a command on keys and accounts in Redis.
void add_redis_options(CLI::App& command, cli::KeyChoice& choice) {
  command.add_option("--config", choice.config, "gateway.yaml")->required();
  command.add_flag("--json", choice.json, "One JSON object a line");
}

/// An account and a name, or a digest.
void add_key_choice(CLI::App& command, cli::KeyChoice& choice) {
  CLI::Option* account = command.add_option("--account", choice.account, "Account id");
  CLI::Option* name = command.add_option("--name", choice.name, "What logs call the key");
  CLI::Option* sha256 = command.add_option("--sha256", choice.sha256, "The key's digest instead");
  account->needs(name)->excludes(sha256);
  name->needs(account)->excludes(sha256);
}

void add_shared_key_commands(CLI::App& key, SharedOptions& options, std::function<int()>& action) {
  cli::KeyChoice& choice = options.key;
  CLI::App* command = key.add_subcommand("add", "Make a key in Redis; it is shown only once");
  add_redis_options(*command, choice);
  command->add_option("--account", choice.account, "Account id")->required();
  command->add_option("--name", choice.name, "What logs call the key")->required();
  command->add_option("--sha256", choice.sha256, "Of a key that exists; none is made");
  command->callback([&] {
    action = [&] {
      store::Sha256 hasher;
      return cli::add_key(choice, hasher, std::cout, std::cerr);
    };
  });

  command = key.add_subcommand("revoke", "End a key in Redis at once");
  add_redis_options(*command, choice);
  add_key_choice(*command, choice);
  command->callback(
      [&] { action = [&] { return cli::revoke_key(choice, std::cout, std::cerr); }; });

  command = key.add_subcommand("list", "The keys in Redis");
  add_redis_options(*command, choice);
  command->add_option("--account", choice.account, "Of this account only");
  command->callback([&] { action = [&] { return cli::list_keys(choice, std::cout, std::cerr); }; });

  command = key.add_subcommand("rotate", "Replace a key in Redis; the old one ends later");
  add_redis_options(*command, choice);
  add_key_choice(*command, choice);
  const std::map<std::string, std::uint64_t> units = {
      {"s", 1}, {"m", 60}, {"h", 60 * 60}, {"d", 24 * 60 * 60}};
  command->add_option("--grace", options.grace_seconds, "How long the old key works on; 24h")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED))
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{366} * 24 * 60 * 60));
  command->callback([&] {
    action = [&] {
      store::Sha256 hasher;
      return cli::rotate_key(choice, std::chrono::seconds(options.grace_seconds), hasher, std::cout,
                             std::cerr);
    };
  });
}

void add_account_commands(CLI::App& account, SharedOptions& options, std::function<int()>& action) {
  cli::KeyChoice& choice = options.key;
  cli::AccountChanges& changes = options.account;
  CLI::App* command = account.add_subcommand("set", "Make an account in Redis, or change it");
  add_redis_options(*command, choice);
  command->add_option("account", choice.account, "Its id")->required();
  command->add_option("--status", changes.status,
                      "active, suspended, billing_blocked or fraud_blocked");
  command->add_option("--limit", changes.limits,
                      "RULE=500/s, RULE=500/s,1000 with a burst, RULE=none; again for more");
  command->add_option("--products", changes.products, "all, none, or some: sms,email");
  command->add_option("--features", changes.features, "The same");
  command->add_option("--calling-codes", changes.calling_codes, "all, none, or some: 1,44");
  command
      ->add_option("--batch-maximum", changes.batch_maximum, "Items; 0: as operations say")
      // Also what is below zero is out of it: numbers are read as unsigned ones.
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{kMostTokens}));
  command->callback([&] {
    action = [&] {
      return cli::set_account(choice.config, choice.account, changes, choice.json, std::cout,
                              std::cerr);
    };
  });

  command = account.add_subcommand("show", "What an account in Redis may");
  add_redis_options(*command, choice);
  command->add_option("account", choice.account, "Its id")->required();
  command->callback([&] {
    action = [&] {
      return cli::show_account(choice.config, choice.account, choice.json, std::cout, std::cerr);
    };
  });
}

/// Each command stores what it is to do in `action`.
void add_commands(CLI::App& app, Options& options, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand("run", "Serve until SIGTERM");
  command->add_option("--config", options.config, "gateway.yaml")->required();
  command->callback([&] { action = [&] { return run(options.config, options.command_line); }; });

  command = app.add_subcommand("check", "Report every problem, or what is enforced on each route");
  command->add_option("--config", options.check.config, "gateway.yaml")->required();
  command->add_flag("--connect", options.check.connect,
                    "Try Redis, upstreams, certificates and logs, too");
  command->add_flag("--json", options.check.json, "One JSON object");
  command->callback(
      [&] { action = [&] { return cli::check(options.check, std::cout, std::cerr); }; });

  command = app.add_subcommand("explain", "What each filter says of a stored request");
  command->add_option("--config", options.explain.config, "gateway.yaml")->required();
  command->add_option("request", options.explain.request, "A raw HTTP/1.1 request; - for stdin")
      ->required();
  command->add_flag("--connect", options.explain.connect, "Ask Redis, and take its tokens");
  command->add_flag("--json", options.explain.json, "One JSON object");
  command->callback([&] {
    action = [&] { return cli::explain(options.explain, std::cin, std::cout, std::cerr); };
  });

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

  CLI::App* key = app.add_subcommand("key", "API keys");
  key->require_subcommand(1);
  key->add_subcommand("new", "Make a key for keys.yaml; it is shown only once")->callback([&] {
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
  add_shared_key_commands(*key, options.shared, action);

  CLI::App* account = app.add_subcommand("account", "Accounts in Redis");
  account->require_subcommand(1);
  add_account_commands(*account, options.shared, action);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("trackly-gateway: a sidecar that enforces the Trackly API's contract");
  app.set_version_flag("--version", "trackly-gateway " TRACKLY_VERSION);
  app.require_subcommand(1);
  Options options;
  options.command_line = CommandLine::of(argc, argv);
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
