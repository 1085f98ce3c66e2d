#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "filters/json_schema/compilation.h"
#include "gateway/api/ascii.h"
#include "gateway/api/node_reader.h"

namespace trackly::json_schema {
namespace {

// Extensions of API descriptions that say nothing where a schema has them.
constexpr std::string_view kOutsideSchemas[] = {"x-batch",   "x-entitlements",    "x-gateway",
                                                "x-product", "x-response-fields", "x-sensitive"};

bool is_letter(char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }

// Has something that no keyword of any vocabulary has: they are letters, perhaps behind a `$`.
bool has_foreign_character(std::string_view key) {
  if (key.starts_with('$')) key.remove_prefix(1);
  return !std::all_of(key.begin(), key.end(), is_letter);
}

// For comparing: only the letters, in lower case.
std::string bare(std::string_view key) {
  std::string letters;
  std::copy_if(key.begin(), key.end(), std::back_inserter(letters), is_letter);
  return to_ascii_lower(letters);
}

}  // namespace

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
    {"definitions", Judges::nothing, &Compiler::mapping_of_anything},  // $defs of older dialects
    {"x-lenient", Judges::nothing, &Compiler::flag},                   // read by compile_mapping
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
    {"discriminator", Judges::nothing},
    {"xml", Judges::nothing},
};

const Compiler::Keyword* Compiler::find_keyword(std::string_view name) {
  const auto found = std::find_if(std::begin(kKeywords), std::end(kKeywords),
                                  [name](const Keyword& keyword) { return keyword.name == name; });
  return found == std::end(kKeywords) ? nullptr : found;
}

// A key that is no keyword may be somebody's annotation, which judges nothing. It can be told from
// a slip of the pen and from a keyword of another dialect by its spelling: keywords have only
// letters.
void Compiler::refuse_unknown_keywords(const Node& schema) {
  for (const Node::Entry& entry : schema.entries) {
    const std::string& key = entry.key;
    if (find_keyword(key) != nullptr) continue;
    if (std::find(std::begin(kOutsideSchemas), std::end(kOutsideSchemas), key) !=
        std::end(kOutsideSchemas)) {
      problems_.add(entry.key_mark, "\"" + key + "\" does not belong in a schema");
      continue;
    }
    const std::string_view nearest = nearest_keyword(key);
    if (nearest.empty() && has_foreign_character(key)) continue;
    std::string text = "keyword \"" + key + "\" is not supported";
    if (!nearest.empty()) text += "; did you mean \"" + std::string(nearest) + "\"?";
    problems_.add(entry.key_mark, text);
  }
}

// Without regard to case and separators. An extension (x-...) is likened to extensions only.
std::string_view Compiler::nearest_keyword(const std::string& key) {
  const std::string word = bare(key);
  // So short a word is near to every short keyword.
  if (word.size() < 3) return {};
  const bool is_extension = to_ascii_lower(key).starts_with("x-");
  std::map<std::string, std::string_view, std::less<>> known;
  std::vector<std::string_view> spellings;
  for (const Keyword& keyword : kKeywords) {
    if (is_extension != keyword.name.starts_with("x-")) continue;
    const auto spelling = known.emplace(bare(keyword.name), keyword.name).first;
    spellings.push_back(spelling->first);
  }
  const std::string_view nearest = nearest_word(word, spellings);
  return nearest.empty() ? nearest : known.find(nearest)->second;
}

}  // namespace trackly::json_schema
