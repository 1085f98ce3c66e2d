#pragma once

#include <string>

#include "gateway/api/api_description.h"

namespace trackly::test {

/// An operation as the document writes it.
const Node& written(const ApiDescription& api, const Operation& operation);

/// "POST /api/v2/send"
inline std::string name_of(const Operation& operation) {
  return operation.method + " " + operation.path;
}

}  // namespace trackly::test
