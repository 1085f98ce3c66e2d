#pragma once

#include <string_view>

#include "gateway/api/node.h"

namespace trackly::config {

/// The node that a `$ref` within the document names: "#" or "#/a/b", a URI fragment of a JSON
/// Pointer (RFC 6901 section 6). nullptr where it leads nowhere or to another document.
const Node* resolve_reference(const Node& document, std::string_view reference);

/// Whether the text is a JSON Pointer (RFC 6901 section 3): empty, or "/" and tokens in which "~"
/// stands only before 0 or 1.
bool is_json_pointer(std::string_view text);

}  // namespace trackly::config
