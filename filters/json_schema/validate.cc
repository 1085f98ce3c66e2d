#include "filters/json_schema/validate.h"

#include "filters/json_schema/compiler.h"
#include "gateway/json/parser.h"

namespace trackly::json_schema {

Validation validate(const Node& schema, std::string_view instance, Problems& problems) {
  const FindRow any_row = [](const auto&...) { return ErrorRef(); };
  const auto program = compile(schema, schema, any_row, problems);
  if (!program) return {};

  Validation result{true, std::nullopt};
  json::Parser parser;
  const auto value = parser.parse(instance, json::kMaxDepth, json::Root::any);
  if (!value) {
    result.invalid = Invalid{"", "", std::string(json::to_string(value.error().fault))};
  } else if (auto violation = program->check(*value)) {
    result.invalid =
        Invalid{std::move(violation->pointer), std::string(violation->keyword), std::string()};
  }
  return result;
}

}  // namespace trackly::json_schema
