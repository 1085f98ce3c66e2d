#pragma once

#include "gateway/api/node.h"
#include "gateway/json/document.h"

namespace trackly::json_schema {

// Equality as JSON Schema 2020-12 defines it (core, section 4.2.2): numbers by their mathematical
// value, objects whatever the order of their members.

bool equal(json::Value value, const Node& node);
bool equal(json::Value a, json::Value b);

/// Whether no two items of an array are equal. Takes time in proportion to the array's size, even
/// where a client chose the items to be costly.
bool all_unique(json::Value array);

}  // namespace trackly::json_schema
