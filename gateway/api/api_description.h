#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/api/node.h"

namespace trackly {

/// A path or query parameter of an operation. `schema` points into ApiDescription::document.
struct Parameter {
  enum class In : std::uint8_t { path, query };
  In in = In::query;
  std::string name;
  bool required = false;
  bool sensitive = false;  // x-sensitive: a path's is logged as "*", queries never are
  const Node* schema = nullptr;
  /// The parameter object, for its own x-error and for marks; nullptr where the path has a
  /// parameter that the operation does not describe, which is a problem of the load.
  const Node* node = nullptr;
};

/// `x-batch` of an operation: how many items one request may carry.
struct Batch {
  std::string pointer;  // RFC 6901, of the array
  std::size_t maximum = 0;
  std::string too_many_error;  // catalogue ids
  std::string empty_error;     // answered for an empty array; empty id: an empty array passes
  Mark mark;
};

/// One item of `x-entitlements`: what an account must have for what a body asks. It has either
/// `calling_code_of` or `feature`.
struct Entitlement {
  std::string calling_code_of;  // RFC 6901, of an E.164 number; empty: none
  std::string feature;          // empty: none
  std::string where_pointer;    // the feature is needed where this place ...
  std::string where_equals;     // ... holds this string; both empty: always
  std::string error;            // catalogue id
  Mark mark;
};

/// One method of one path: what the router finds and what filters are made for.
struct Operation {
  std::string method;  // upper case
  std::string path;    // template with the prefix of `servers`: "/api/v2/contacts/{phone_number}"
  std::string id;      // operationId; empty where the document has none
  std::vector<std::string> tags;
  bool needs_key = true;  // from `security`
  bool has_body = false;  // requestBody is described
  bool body_required = false;
  bool json_body = false;             // a JSON media type is described
  const Node* body_schema = nullptr;  // of that media type; nullptr: any JSON value
  /// Those of the path first, one for each {name} in the order of the template, then those of the
  /// query as declared.
  std::vector<Parameter> parameters;
  std::optional<Batch> batch;
  std::string product;                    // x-product; empty: no gate
  std::vector<Entitlement> entitlements;  // x-entitlements, in the order of judging
  const Node* overrides = nullptr;        // x-gateway: filter name -> settings
  /// The name of the upstream that serves it: x-upstream, else as the upstreams' `paths` say. Empty
  /// for unknown paths, for which upstream_for() decides request by request.
  std::string upstream;
  Mark upstream_mark;  // of x-upstream
  /// Extra fields of every answer to this operation (the v1 deprecation).
  std::vector<std::pair<std::string, std::string>> response_fields;
  Mark mark;

  /// The operation that stands for every path that the document does not describe.
  bool is_unknown = false;
};

/// Extra fields of every answer below a path prefix, unknown paths included (x-response-fields of
/// the document's root).
struct PrefixFields {
  std::string prefix;
  std::vector<std::pair<std::string, std::string>> fields;
};

/// An OpenAPI 3.1 document, as far as the gateway acts on it. Immutable after load; the operations
/// point into `document`, so it is neither copied nor moved after that.
struct ApiDescription {
  ApiDescription() = default;
  ApiDescription(const ApiDescription&) = delete;
  ApiDescription& operator=(const ApiDescription&) = delete;

  Node document;
  std::vector<Operation> operations;
  Operation unknown;  // needs_key from the document's own `security`
  std::vector<PrefixFields> prefix_fields;
};

}  // namespace trackly
