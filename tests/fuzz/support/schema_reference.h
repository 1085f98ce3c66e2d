#pragma once

#include <optional>

#include "gateway/api/node.h"
#include "gateway/json/document.h"

namespace trackly::fuzz {

/// Whether `value` is valid by `schema`, a part of `document`: JSON Schema 2020-12 as it reads, one
/// keyword after the other, without any thought of speed. nullopt where the schema has something
/// that is not known here.
std::optional<bool> reference_verdict(const Node& document, const Node& schema, json::Value value);

}  // namespace trackly::fuzz
