#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/api/error.h"
#include "gateway/api/exchange.h"
#include "gateway/proxy/chain.h"

namespace trackly::cli {

/// What one filter said of a request.
struct Opinion {
  enum class Kind : std::uint8_t { passes, refuses, would_refuse, cannot_judge, not_asked };

  std::string filter;
  bool shadow = false;
  Kind kind = Kind::passes;
  ErrorRef error;        // of a refusal
  std::string place;     // of what is wrong; empty: nobody says
  std::string rule;      // of a limiter
  std::string unjudged;  // why it cannot judge
};
/// As in JSON: "would_refuse".
std::string_view to_string(Opinion::Kind kind);

/// Everything that there is to tell of a request that has ended, but for its answer.
struct Explanation {
  std::string method;
  std::string route;  // the operation's template; empty: there is none
  std::vector<Opinion> filters;
  std::vector<std::pair<std::string, std::string>> facts;  // what the filters found out
  ErrorRef error;                                          // of a refusal
  std::string refused_by;  // a filter; empty: the gateway itself, or nobody
  std::string upstream;    // empty: it did not get so far
  /// Fields that an answer of the service gets.
  std::vector<std::pair<std::string, std::string>> answer_fields;
};

/// `chain` is nullptr where the request has no route.
Explanation explanation_of(const Exchange& exchange, const proxy::Chain* chain);

}  // namespace trackly::cli
