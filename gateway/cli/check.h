#pragma once

#include <iosfwd>
#include <string>

namespace trackly::cli {

struct CheckChoice {
  std::string config;
  bool connect = false;  // also tries what the gateway depends on, in some seconds
  bool json = false;
};

/// `check`: every problem of the configuration on `err`; without any, what is enforced on which
/// route on `out`, and each example of the API description that is not answered as it says; with
/// `connect`, how Redis, the upstreams, certificates and logs are found. Returns the exit code.
int check(const CheckChoice& choice, std::ostream& out, std::ostream& err);

}  // namespace trackly::cli
