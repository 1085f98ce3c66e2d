#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/node.h"

namespace trackly::json_schema {

/// Why an instance is not valid: the place and keyword of the first violation, or why it is no JSON
/// text at all (then `keyword` is empty).
struct Invalid {
  std::string pointer;  // RFC 6901
  std::string keyword;
  std::string fault;
};

struct Validation {
  bool compiled = false;  // else nothing was judged, and `problems` say why
  std::optional<Invalid> invalid;
};

/// Judges `instance`, a JSON text with any value as its root, by `schema`, the root of its
/// document. JSON Schema 2020-12 as it stands, with the extensions of keywords.md; catalogue ids
/// are taken as they come.
Validation validate(const Node& schema, std::string_view instance, Problems& problems);

}  // namespace trackly::json_schema
