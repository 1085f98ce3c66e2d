#pragma once

#include <iosfwd>
#include <string>

namespace trackly::cli {

/// `check`: every problem of the configuration on `err`; without any, what is enforced on which
/// route on `out`. Returns the exit code.
int check(const std::string& config_path, std::ostream& out, std::ostream& err);

}  // namespace trackly::cli
