#pragma once

#include <functional>
#include <optional>
#include <string>

#include "filters/json_schema/program.h"
#include "gateway/api/error.h"
#include "gateway/api/node.h"

namespace trackly::json_schema {

/// The answer for a row of the error catalogue, its {values} filled. An unknown id is a problem at
/// `mark`, and the result nullptr.
using FindRow = std::function<ErrorRef(const std::string& id, const std::string& values,
                                       const Mark& mark, Problems& problems)>;

/// Compiles a schema of JSON Schema 2020-12 with the extensions of keywords.md. `$ref` leads to
/// anywhere in `document`, which must outlive the program. A keyword that is not supported, or
/// cannot be compiled, goes to `problems` with its place, and then there is no program.
std::optional<Program> compile(const Node& document, const Node& schema, const FindRow& find_row,
                               Problems& problems);

}  // namespace trackly::json_schema
