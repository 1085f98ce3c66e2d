#pragma once

#include <string>
#include <vector>

#include "gateway/api/api_description.h"

namespace trackly::test {

/// An operation as the document writes it.
const Node& written(const ApiDescription& api, const Operation& operation);

/// The examples of an operation's JSON body, named ones and the one without a name.
std::vector<const Node*> body_examples(const ApiDescription& api, const Operation& operation);

/// The examples of a parameter.
std::vector<const Node*> examples(const Node& parameter);

/// "POST /api/v2/send"
inline std::string name_of(const Operation& operation) {
  return operation.method + " " + operation.path;
}

}  // namespace trackly::test
