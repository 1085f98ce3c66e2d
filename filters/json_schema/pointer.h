#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/node.h"
#include "gateway/json/document.h"

namespace trackly::json_schema {

/// A JSON Pointer (RFC 6901): the way from a value to a part of it.
class Pointer {
 public:
  /// nullopt where `text` is none.
  static std::optional<Pointer> parse(std::string_view text);

  const Node* find(const Node& root) const;
  std::optional<json::Value> find(json::Value root) const;

 private:
  std::vector<std::string> tokens_;
};

/// `name` as a token behind its slash: "/a~1b" for "a/b".
std::string pointer_token(std::string_view name);

}  // namespace trackly::json_schema
