#pragma once

#include <iosfwd>
#include <string>

namespace trackly::cli {

struct ExplainChoice {
  std::string config;
  std::string request;   // a file with an HTTP/1.1 request as it stands on the wire; "-": `in`
  bool connect = false;  // asks Redis, and takes its tokens
  bool json = false;
};

/// `explain`: what each filter says of a stored request, and what becomes of it: the answer, or the
/// head that the service would get. No socket is opened, but to Redis with `connect`. API keys are
/// not printed. Returns the exit code: fine where it would be forwarded, a problem where it is
/// refused, wrong usage where there is no configuration or no request to try.
int explain(const ExplainChoice& choice, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace trackly::cli
