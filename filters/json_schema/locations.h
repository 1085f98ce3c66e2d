#pragma once

#include <map>
#include <string>
#include <string_view>

#include "gateway/api/node.h"

namespace trackly::json_schema {

/// Where `$ref` leads within one document: by JSON Pointer, by `$anchor`, or by the URI that an
/// `$id` gives to a part of it. Other documents are never fetched.
class Locations {
 public:
  /// The document must outlive this; its root need not be a schema (an OpenAPI document is none).
  explicit Locations(const Node& document) : document_(document) {}

  /// Makes what `schema` and its subschemas define known, with the document's own URI as their
  /// base. Harmless when repeated.
  void add(const Node& schema, Problems& problems);

  /// The schema that a `$ref` in `schema` names; nullptr where there is none.
  const Node* resolve(const Node& schema, std::string_view reference, Problems& problems);

 private:
  void walk(const Node& schema, std::string base, Problems& problems);
  const Node* by_fragment(const Node& resource, const std::string& uri, std::string_view fragment);

  const Node& document_;
  std::map<const Node*, std::string> bases_;
  std::map<std::string, const Node*, std::less<>> resources_;  // by URI
  std::map<std::string, const Node*, std::less<>> anchors_;    // by URI#anchor
};

}  // namespace trackly::json_schema
