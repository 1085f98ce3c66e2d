#pragma once

#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

#include "config/configuration.h"
#include "gateway/api/node.h"

namespace trackly::cli {

/// Loads gateway.yaml with this process's environment and every filter of the program. nullptr
/// after problems, which went to `err`.
std::shared_ptr<const config::Configuration> load(const std::string& path, std::ostream& err);

/// gateway.yaml alone, without the files that it names: for a command that must be quick, and work
/// where those files have problems. nullopt after problems, which went to `err`.
std::optional<Settings> load_settings(const std::string& path, std::ostream& err);

/// As load(), with the problems as they are. Any thread.
std::shared_ptr<const config::Configuration> read(const std::string& path, Problems& problems);

/// One line for each problem.
void print(const Problems& problems, std::ostream& err);

}  // namespace trackly::cli
