#include "filters/json_schema/locations.h"

#include <algorithm>
#include <utility>

#include "filters/json_schema/pointer.h"
#include "filters/json_schema/uri.h"
#include "filters/percent.h"

namespace trackly::json_schema {
namespace {

constexpr std::string_view kWithSchema[] = {
    "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"};
constexpr std::string_view kWithList[] = {"allOf", "anyOf", "oneOf", "prefixItems"};
constexpr std::string_view kWithMapping[] = {"$defs", "dependentSchemas", "patternProperties",
                                             "properties"};

bool contains(const auto& words, std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

template <class Visit>
void for_each_subschema(const Node& schema, Visit visit) {
  for (const Node::Entry& entry : schema.entries) {
    if (contains(kWithSchema, entry.key)) {
      visit(entry.value);
    } else if (contains(kWithList, entry.key)) {
      for (const Node& item : entry.value.items) visit(item);
    } else if (contains(kWithMapping, entry.key)) {
      for (const Node::Entry& member : entry.value.entries) visit(member.value);
    }
  }
}

std::string without_fragment(std::string_view uri) {
  return std::string(uri.substr(0, uri.find('#')));
}

}  // namespace

void Locations::add(const Node& schema, Problems& problems) { walk(schema, "", problems); }

void Locations::walk(const Node& schema, std::string base, Problems& problems) {
  if (bases_.contains(&schema)) return;
  if (const Node* id = schema.find("$id"); id != nullptr && id->is_string()) {
    const std::string uri = resolve_uri(base, id->text);
    base = without_fragment(uri);
    if (uri.size() > base.size() + 1) problems.add(id->mark, "$id: a fragment is not allowed");
    if (!resources_.emplace(base, &schema).second) {
      problems.add(id->mark, "$id: \"" + base + "\" is defined twice");
    }
  }
  if (const Node* anchor = schema.find("$anchor"); anchor != nullptr && anchor->is_string()) {
    if (!anchors_.emplace(base + '#' + anchor->text, &schema).second) {
      problems.add(anchor->mark, "$anchor: \"" + anchor->text + "\" is defined twice");
    }
  }
  bases_.emplace(&schema, base);
  for_each_subschema(schema, [&](const Node& subschema) { walk(subschema, base, problems); });
}

const Node* Locations::resolve(const Node& schema, std::string_view reference, Problems& problems) {
  const std::string uri = resolve_uri(bases_.find(&schema)->second, reference);
  const std::string resource_uri = without_fragment(uri);
  const auto resource = resources_.find(resource_uri);
  if (resource == resources_.end() && !resource_uri.empty()) return nullptr;
  const Node& root = resource == resources_.end() ? document_ : *resource->second;
  const std::size_t hash = uri.find('#');
  const std::string fragment =
      hash == std::string::npos ? std::string() : filters::percent_decoded(uri.substr(hash + 1));
  const Node* target = by_fragment(root, resource_uri, fragment);
  if (target != nullptr) walk(*target, resource_uri, problems);
  return target;
}

const Node* Locations::by_fragment(const Node& resource, const std::string& uri,
                                   std::string_view fragment) {
  if (fragment.empty() || fragment.starts_with('/')) {
    const auto pointer = Pointer::parse(fragment);
    return pointer ? pointer->find(resource) : nullptr;
  }
  const auto anchor = anchors_.find(uri + '#' + std::string(fragment));
  return anchor == anchors_.end() ? nullptr : anchor->second;
}

}  // namespace trackly::json_schema
