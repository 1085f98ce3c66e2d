#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "gateway/api/loop.h"
#include "gateway/api/settings.h"

namespace trackly::cli {

/// Something that the gateway depends on, and how it was found.
struct Trial {
  std::string what;  // "upstream default http://api.internal:9000 (10.0.0.7)"
  bool ok = false;
  std::string found;  // "answers, primary", "connection refused"; never a secret
  Duration took{};
};

/// Tries everything at once, and waits no longer than some seconds: every Redis server (its login,
/// its role), every address of every endpoint (connecting, TLS, the health check where there is
/// one), certificates and keys, and whether the access log can be written.
std::vector<Trial> try_dependencies(const Settings& settings);

void print(const std::vector<Trial>& trials, std::ostream& out);

}  // namespace trackly::cli
