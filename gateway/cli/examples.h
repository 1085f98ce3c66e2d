#pragma once

#include <string>
#include <vector>

#include "gateway/api/api_description.h"
#include "gateway/api/node.h"

namespace trackly::cli {

/// The examples of a parameter, or of a body's media type: the named ones and the one without a
/// name. A named one may say under `x-error` which row of the catalogue answers it; without that it
/// is expected to pass.
struct Example {
  std::string name;  // empty: it has none
  const Node* value = nullptr;
  std::string expected_error;  // catalogue id; empty: it passes
};
std::vector<Example> examples_of(const Node& node);

/// Those of an operation's JSON body.
std::vector<Example> body_examples(const ApiDescription& api, const Operation& operation);

/// A request that the API description shows.
struct ExampleRequest {
  std::string name;  // "example", "example sms", "example of limit"
  std::string text;  // the bytes of an HTTP/1.1 request, without an API key
  std::string expected_error;
};

/// One for each example of the body, and one for each example of a parameter of the query. None
/// where a parameter without which no request can be has no example.
std::vector<ExampleRequest> example_requests(const ApiDescription& api, const Operation& operation);

/// A value of the API description as JSON.
std::string json_of(const Node& node);

}  // namespace trackly::cli
