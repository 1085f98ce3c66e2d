#include "gateway/json/error_object.h"

#include "gateway/json/parser.h"

namespace trackly::json {

bool is_error_object(std::string_view text) {
  Parser parser;
  const auto root = parser.parse(text, kMaxDepth, Root::object);
  if (!root) return false;
  const auto error = root->find("error");
  return error && error->is_string();
}

}  // namespace trackly::json
