#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "filters/json_schema/compilation.h"
#include "gateway/api/node_reader.h"

namespace trackly::json_schema {

const Compiler::Keyword Compiler::kKeywords[] = {
    {"type", Judges::value, &Compiler::type},
    {"$ref", Judges::value, &Compiler::reference},
    {"properties", Judges::children, &Compiler::properties},

    {"enum", Judges::value, &Compiler::literals},
    {"const", Judges::value, &Compiler::literals},
    {"minLength", Judges::value, &Compiler::size_limit, Op::min_length},
    {"maxLength", Judges::value, &Compiler::size_limit, Op::max_length},
    {"pattern", Judges::value, &Compiler::pattern},
    {"format", Judges::value, &Compiler::format},
    {"minimum", Judges::value, &Compiler::number_limit, Op::minimum},
    {"maximum", Judges::value, &Compiler::number_limit, Op::maximum},
    {"exclusiveMinimum", Judges::value, &Compiler::number_limit, Op::exclusive_minimum},
    {"exclusiveMaximum", Judges::value, &Compiler::number_limit, Op::exclusive_maximum},
    {"multipleOf", Judges::value, &Compiler::multiple_of, Op::multiple_of},
    {"minItems", Judges::value, &Compiler::size_limit, Op::min_items},
    {"maxItems", Judges::value, &Compiler::size_limit, Op::max_items},
    {"uniqueItems", Judges::value, &Compiler::unique_items},
    {"contains", Judges::value, &Compiler::contains},
    {"minContains", Judges::value, &Compiler::count_of_contains},  // acts in contains
    {"maxContains", Judges::value, &Compiler::count_of_contains},
    {"minProperties", Judges::value, &Compiler::size_limit, Op::min_properties},
    {"maxProperties", Judges::value, &Compiler::size_limit, Op::max_properties},
    {"dependentRequired", Judges::value, &Compiler::dependent_required},
    {"required", Judges::value, nullptr},  // read by properties
    {"x-max-bytes", Judges::value, &Compiler::size_limit, Op::max_bytes},
    {"x-placeholders", Judges::value, &Compiler::placeholders},
    {"x-sum", Judges::value, &Compiler::sum},

    {"allOf", Judges::value, &Compiler::schema_list, Op::all_of},
    {"anyOf", Judges::value, &Compiler::schema_list, Op::any_of},
    {"oneOf", Judges::value, &Compiler::schema_list, Op::exactly_one_of},
    {"not", Judges::value, &Compiler::not_schema},
    {"if", Judges::value, &Compiler::condition},
    {"then", Judges::value, &Compiler::branch_of_condition},  // acts in if
    {"else", Judges::value, &Compiler::branch_of_condition},
    {"dependentSchemas", Judges::value, &Compiler::dependent_schemas},

    {"items", Judges::children, &Compiler::items},
    {"prefixItems", Judges::children, &Compiler::prefix_items},
    {"patternProperties", Judges::children, &Compiler::pattern_properties},
    {"additionalProperties", Judges::children, &Compiler::additional_properties},
    {"propertyNames", Judges::children, &Compiler::property_names},

    {"$schema", Judges::nothing, &Compiler::dialect},
    {"$id", Judges::nothing, &Compiler::string_of_anything},  // read by Locations
    {"$anchor", Judges::nothing, &Compiler::string_of_anything},
    {"$defs", Judges::nothing, &Compiler::mapping_of_anything},
    {"x-lenient", Judges::nothing, &Compiler::flag},  // read by compile_mapping
    {"x-empty-is-missing", Judges::nothing, &Compiler::flag},
    {"x-assert-formats", Judges::nothing, &Compiler::flag},
    {"x-error", Judges::nothing},  // read by ErrorRows

    {"$comment", Judges::nothing},
    {"title", Judges::nothing},
    {"description", Judges::nothing},
    {"default", Judges::nothing},
    {"examples", Judges::nothing},
    {"example", Judges::nothing},
    {"deprecated", Judges::nothing},
    {"readOnly", Judges::nothing},
    {"writeOnly", Judges::nothing},
    {"contentMediaType", Judges::nothing},
    {"contentEncoding", Judges::nothing},
    {"contentSchema", Judges::nothing},
    {"externalDocs", Judges::nothing},
};

const Compiler::Keyword* Compiler::find_keyword(std::string_view name) {
  const auto found = std::find_if(std::begin(kKeywords), std::end(kKeywords),
                                  [name](const Keyword& keyword) { return keyword.name == name; });
  return found == std::end(kKeywords) ? nullptr : found;
}

void Compiler::refuse_unknown_keywords(const Node& schema) {
  for (const Node::Entry& entry : schema.entries) {
    if (find_keyword(entry.key) != nullptr) continue;
    std::vector<std::string_view> known;
    for (const Keyword& keyword : kKeywords) known.push_back(keyword.name);
    std::string text = "keyword \"" + entry.key + "\" is not supported";
    const std::string_view nearest = nearest_word(entry.key, known);
    if (!nearest.empty()) text += "; did you mean \"" + std::string(nearest) + "\"?";
    problems_.add(entry.key_mark, text);
  }
}

}  // namespace trackly::json_schema
