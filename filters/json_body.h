#pragma once

#include <optional>
#include <string_view>

#include "gateway/api/filter.h"
#include "gateway/json/document.h"

namespace trackly::filters {

/// Reads the body of one operation's requests as a JSON object, whatever its Content-Type says.
/// What two readers could understand differently is refused: a content coding, a charset other than
/// UTF-8, an ambiguous text, nothing where something is required.
class JsonBody {
 public:
  /// `invalid_input` is the answer to all of these.
  JsonBody(bool required, ErrorRef invalid_input)
      : required_(required), invalid_input_(std::move(invalid_input)) {}

  struct Outcome {
    std::optional<json::Value> document;  // valid until the filter returns
    Verdict verdict;                      // where there is no document: what to return
  };
  /// Refuses on the head where it suffices, then holds the body, then parses it. An empty body that
  /// is not required passes.
  Outcome read(Exchange& exchange) const;

  const ErrorRef& invalid_input() const { return invalid_input_; }

 private:
  bool required_;
  ErrorRef invalid_input_;
};

}  // namespace trackly::filters
