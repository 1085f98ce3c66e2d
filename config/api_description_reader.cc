#include "config/api_description_reader.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "config/field_names.h"
#include "config/json_pointer.h"
#include "config/path_template.h"
#include "gateway/api/ascii.h"
#include "gateway/api/node_reader.h"
#include "gateway/api/path_prefix.h"

namespace trackly::config {
namespace {

constexpr std::array<std::string_view, 7> kMethods = {"get",     "put",  "post", "delete",
                                                      "options", "head", "patch"};
constexpr std::string_view kKeyField = "X-Api-Key";
constexpr std::string_view kJson = "application/json";
/// A reference that leads to a reference, and so on; more is a circle.
constexpr int kMaxReferences = 16;

using Fields = std::vector<std::pair<std::string, std::string>>;

bool is_field_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

using NameAndMark = std::pair<std::string, Mark>;

/// What the operations of a path have in common.
struct PathItem {
  std::string path;  // with the prefix of `servers`
  PathTemplate parsed;
  std::vector<Parameter> parameters;
  NameAndMark upstream;
};

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

class ApiReader {
 public:
  ApiReader(ApiDescription& api, Problems& problems) : api_(api), problems_(problems) {}

  void read() {
    const Node& root = api_.document;
    MappingReader reader(&root, problems_);
    check_version(reader);
    reader.ignore({"info", "jsonSchemaDialect", "tags", "externalDocs", "webhooks"});
    read_servers(reader);
    read_components(reader.take("components"));
    api_.unknown.is_unknown = true;
    api_.unknown.mark = root.mark;
    api_.unknown.needs_key = read_security(reader.take("security"), false);
    read_prefix_fields(reader.take("x-response-fields"));
    read_paths(reader.take("paths"), root.mark);
    reader.finish();
  }

 private:
  void problem(const Mark& mark, std::string_view text) { problems_.add(mark, text); }

  void check_version(MappingReader& reader) {
    const Node* node = reader.take("openapi");
    if (node == nullptr) {
      problem(reader.mark(), "missing key \"openapi\"");
    } else if (!node->text.starts_with("3.1")) {
      problem(node->mark, "openapi: expected version 3.1.x, found " + quoted(node->text));
    }
  }

  // --------------------------------------------------------------------------------------- servers

  void read_servers(MappingReader& reader) {
    bool first = true;
    for (const Node* item : reader.list("servers")) {
      MappingReader server(item, problems_);
      server.ignore({"description", "variables"});
      const std::string prefix = path_of_url(server.string("url", "/"), item->mark);
      server.finish();
      if (!first && prefix != prefix_) {
        problem(item->mark, "servers: all servers must have the same path");
      }
      if (first) prefix_ = prefix;
      first = false;
    }
  }

  /// The path part of a server's URL, without a final "/": "https://app.example/api" is "/api".
  std::string path_of_url(std::string_view url, const Mark& mark) {
    if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) {
      url.remove_prefix(scheme + 3);
      url.remove_prefix(std::min(url.find('/'), url.size()));
    }
    while (url.ends_with('/')) url.remove_suffix(1);
    const auto path = parse_path_template(url.empty() ? "/" : url);
    if (!path || !path->parameters.empty()) {
      problem(mark, "url: the path of a server is plain text, such as /api");
      return {};
    }
    return std::string(url);
  }

  // ------------------------------------------------------------------------------------ components

  void read_components(const Node* node) {
    MappingReader reader(node, problems_);
    reader.ignore({"schemas", "parameters", "requestBodies", "responses", "examples", "headers",
                   "links", "callbacks", "pathItems"});
    const Node* schemes = reader.take("securitySchemes");
    reader.finish();
    if (schemes == nullptr) return;
    for (const Node::Entry& entry : schemes->entries) read_security_scheme(entry);
  }

  void read_security_scheme(const Node::Entry& entry) {
    MappingReader reader(&entry.value, problems_);
    reader.ignore({"description"});
    const bool api_key = reader.string("type", "") == "apiKey";
    const bool in_header = reader.string("in", "") == "header";
    const bool named = ascii_iequals(reader.string("name", ""), kKeyField);
    reader.finish();
    if (!api_key || !in_header || !named) {
      problem(entry.key_mark, quoted(entry.key) +
                                  " cannot be enforced; expected type apiKey, in header, name " +
                                  std::string(kKeyField));
    }
    security_schemes_.push_back(entry.key);
  }

  /// Whether a key is needed: `security` as it stands, else what holds around it.
  bool read_security(const Node* node, bool inherited) {
    if (node == nullptr) return inherited;
    if (!node->is_sequence()) {
      problem(node->mark, "security: expected a list");
      return true;
    }
    if (node->items.empty()) return false;
    const Node& requirement = node->items.front();
    if (node->items.size() > 1 || !requirement.is_mapping() || requirement.entries.size() != 1) {
      problem(node->mark, "security: expected one requirement with one scheme, or [] for none");
      return true;
    }
    const Node::Entry& scheme = requirement.entries.front();
    if (std::find(security_schemes_.begin(), security_schemes_.end(), scheme.key) ==
        security_schemes_.end()) {
      problem(scheme.key_mark, "security: unknown scheme " + quoted(scheme.key));
    }
    if (!scheme.value.is_sequence() || !scheme.value.items.empty()) {
      problem(scheme.value.mark, "security: an API key has no scopes; expected []");
    }
    return true;
  }

  // ----------------------------------------------------------------------------- x-response-fields

  void read_prefix_fields(const Node* node) {
    if (node == nullptr) return;
    if (!node->is_mapping()) {
      problem(node->mark, "x-response-fields: expected a mapping of path prefixes");
      return;
    }
    for (const Node::Entry& entry : node->entries) {
      if (!entry.key.starts_with('/')) {
        problem(entry.key_mark, "x-response-fields: a path prefix begins with \"/\"");
      }
      api_.prefix_fields.push_back({entry.key, read_fields(entry.value)});
    }
  }

  Fields read_fields(const Node& node) {
    Fields fields;
    if (!node.is_mapping()) problem(node.mark, "x-response-fields: expected names and values");
    for (const Node::Entry& field : node.entries) {
      if (!is_field_name(field.key) || is_framing_field(field.key)) {
        problem(field.key_mark, "x-response-fields: " + quoted(field.key) + " cannot be set");
      } else if (!field.value.is_string() || !is_field_value(field.value.text)) {
        problem(field.value.mark, "x-response-fields: the value of " + field.key +
                                      " must be a string of visible ASCII");
      } else {
        fields.emplace_back(field.key, field.value.text);
      }
    }
    return fields;
  }

  Fields response_fields(const std::string& path, bool deprecated) const {
    for (const PrefixFields& prefix : api_.prefix_fields) {
      if (is_below(path, prefix.prefix)) return prefix.fields;
    }
    if (deprecated) return {{"Deprecation", "true"}};
    return {};
  }

  // ----------------------------------------------------------------------------------------- paths

  void read_paths(const Node* node, const Mark& root) {
    if (node == nullptr) {
      problem(root, "missing key \"paths\"");
      return;
    }
    if (!node->is_mapping()) {
      problem(node->mark, "paths: expected a mapping");
      return;
    }
    for (const Node::Entry& entry : node->entries) read_path(entry);
  }

  void read_path(const Node::Entry& entry) {
    const auto path = parse_path_template(entry.key);
    if (!path) {
      problem(entry.key_mark, path.error().text);
      return;
    }
    MappingReader reader(&entry.value, problems_);
    reader.ignore({"summary", "description"});
    PathItem item;
    item.path = prefix_ + entry.key;
    item.parsed = *path;
    item.parameters = read_parameters(reader.list("parameters"));
    item.upstream = read_upstream(reader).value_or(NameAndMark());
    for (const std::string_view method : kMethods) reader.ignore({method});
    for (const Node::Entry& child : entry.value.entries) {
      if (std::find(kMethods.begin(), kMethods.end(), child.key) == kMethods.end()) continue;
      read_operation(child.value, child.key, item);
    }
    reader.finish();
  }

  void read_operation(const Node& node, std::string_view method, const PathItem& path) {
    MappingReader reader(&node, problems_);
    Operation operation;
    operation.mark = node.mark;
    std::transform(method.begin(), method.end(), std::back_inserter(operation.method),
                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    operation.path = path.path;
    reader.ignore({"summary", "description", "externalDocs", "responses", "callbacks"});
    operation.id = reader.string("operationId", "");
    operation.tags = reader.strings("tags");
    operation.needs_key = read_security(reader.take("security"), api_.unknown.needs_key);
    operation.parameters =
        ordered(merged(path.parameters, read_parameters(reader.list("parameters"))), path.parsed,
                node.mark);
    if (const Node* body = reader.take("requestBody")) read_body(*body, operation);
    operation.response_fields =
        response_fields(operation.path, reader.boolean("deprecated", false));
    operation.batch = read_batch(reader.take("x-batch"));
    operation.product = reader.string("x-product", "");
    for (const Node* item : reader.list("x-entitlements")) {
      operation.entitlements.push_back(read_entitlement(*item));
    }
    if (!operation.entitlements.empty() && !operation.json_body) {
      problem(node.mark, "x-entitlements: the operation has no JSON body to ask for anything");
    }
    operation.overrides = reader.take("x-gateway");
    const auto own = read_upstream(reader);
    std::tie(operation.upstream, operation.upstream_mark) = own.value_or(path.upstream);
    reader.finish();
    check_unique(operation, path.parsed);
    api_.operations.push_back(std::move(operation));
  }

  /// Whether there is such an upstream is seen when gateway.yaml is known too.
  std::optional<NameAndMark> read_upstream(MappingReader& reader) {
    const Node* node = reader.take("x-upstream");
    if (node == nullptr) return std::nullopt;
    if (node->is_string() && node->text.empty()) {
      problem(node->mark, "x-upstream: expected the name of an upstream");
    }
    return NameAndMark(reader.string("x-upstream", ""), node->mark);
  }

  void check_unique(const Operation& operation, const PathTemplate& path) {
    const auto [same, is_new_shape] =
        shapes_.emplace(operation.method + " " + path.shape, operation.mark);
    if (!is_new_shape) {
      problem(operation.mark, operation.method + " " + operation.path +
                                  " matches the same requests as the path at " +
                                  same->second.to_string());
    }
    if (operation.id.empty()) return;
    const auto [first, is_new_id] = operation_ids_.emplace(operation.id, operation.mark);
    if (!is_new_id) {
      problem(operation.mark,
              "operationId: " + quoted(operation.id) + " is taken by " + first->second.to_string());
    }
  }

  // ------------------------------------------------------------------------------------ parameters

  std::vector<Parameter> read_parameters(const std::vector<const Node*>& items) {
    std::vector<Parameter> parameters;
    for (const Node* item : items) {
      const Node* node = dereferenced(*item);
      if (node == nullptr) continue;
      auto parameter = read_parameter(*node);
      if (!parameter) continue;
      if (find_parameter(parameters, *parameter) != parameters.end()) {
        problem(item->mark, "parameters: " + quoted(parameter->name) + " is described twice");
        continue;
      }
      parameters.push_back(*std::move(parameter));
    }
    return parameters;
  }

  std::optional<Parameter> read_parameter(const Node& node) {
    MappingReader reader(&node, problems_);
    reader.ignore({"description", "deprecated", "example", "examples", "x-error"});
    Parameter parameter;
    parameter.node = &node;
    parameter.name = reader.string("name", "");
    const Node* in = reader.take("in");
    const bool in_path = in != nullptr && in->text == "path";
    parameter.in = in_path ? Parameter::In::path : Parameter::In::query;
    parameter.required = reader.boolean("required", false);
    parameter.schema = reader.take("schema");
    parameter.sensitive = reader.boolean("x-sensitive", false);
    check_serialisation(reader, in_path);
    reader.finish();

    if (parameter.name.empty()) problem(node.mark, "missing key \"name\"");
    if (parameter.schema == nullptr) problem(node.mark, "missing key \"schema\"");
    if (in == nullptr || (!in_path && in->text != "query")) {
      problem(in == nullptr ? node.mark : in->mark,
              "in: expected path or query; parameters elsewhere cannot be enforced");
      return std::nullopt;
    }
    if (in_path && !parameter.required) {
      problem(node.mark, "required: a path parameter is always required; expected true");
    }
    return parameter;
  }

  /// Only OpenAPI's default serialisation is understood: ?name=value, repeated for lists.
  void check_serialisation(MappingReader& reader, bool in_path) {
    if (const Node* style = reader.take("style")) {
      const std::string_view expected = in_path ? "simple" : "form";
      if (style->text != expected) {
        problem(style->mark,
                "style: expected " + std::string(expected) + ", found " + quoted(style->text));
      }
    }
    if (const Node* explode = reader.take("explode");
        reader.boolean("explode", !in_path) == in_path) {
      problem(explode->mark, "explode: only the default can be enforced");
    }
  }

  static std::vector<Parameter>::const_iterator find_parameter(
      const std::vector<Parameter>& parameters, const Parameter& wanted) {
    return std::find_if(parameters.begin(), parameters.end(), [&wanted](const Parameter& one) {
      return one.in == wanted.in && one.name == wanted.name;
    });
  }

  /// An operation's own parameter takes the place of the path's of the same name.
  static std::vector<Parameter> merged(const std::vector<Parameter>& shared,
                                       const std::vector<Parameter>& own) {
    std::vector<Parameter> all;
    for (const Parameter& parameter : shared) {
      if (find_parameter(own, parameter) == own.end()) all.push_back(parameter);
    }
    all.insert(all.end(), own.begin(), own.end());
    return all;
  }

  /// Path parameters first, in the order of the template, which must use each and have each.
  std::vector<Parameter> ordered(const std::vector<Parameter>& parameters, const PathTemplate& path,
                                 const Mark& mark) {
    std::vector<Parameter> result;
    for (const std::string& name : path.parameters) {
      Parameter wanted;
      wanted.in = Parameter::In::path;
      wanted.name = name;
      const auto found = find_parameter(parameters, wanted);
      if (found == parameters.end()) {
        problem(mark, "parameters: {" + name + "} of the path is not described");
        result.push_back(wanted);
      } else {
        result.push_back(*found);
      }
    }
    for (const Parameter& parameter : parameters) {
      const bool in_template = std::find(path.parameters.begin(), path.parameters.end(),
                                         parameter.name) != path.parameters.end();
      if (parameter.in == Parameter::In::query) {
        result.push_back(parameter);
      } else if (!in_template) {
        problem(parameter.node->mark, "name: the path has no {" + parameter.name + "}");
      }
    }
    return result;
  }

  // ---------------------------------------------------------------------------------- request body

  void read_body(const Node& written, Operation& operation) {
    const Node* node = dereferenced(written);
    if (node == nullptr) return;
    MappingReader reader(node, problems_);
    reader.ignore({"description"});
    operation.has_body = true;
    operation.body_required = reader.boolean("required", false);
    const Node* content = reader.take("content");
    reader.finish();
    if (content == nullptr || !content->is_mapping() || content->entries.empty()) {
      problem(node->mark, "content: expected at least one media type");
      return;
    }
    for (const Node::Entry& media : content->entries) read_media_type(media, operation);
    if (operation.json_body && content->entries.size() > 1) {
      problem(content->mark,
              "content: a body is read as JSON whatever its type says, so application/json stands "
              "alone");
    }
  }

  void read_media_type(const Node::Entry& media, Operation& operation) {
    MappingReader reader(&media.value, problems_);
    reader.ignore({"example", "examples", "encoding"});
    const Node* schema = reader.take("schema");
    reader.finish();
    if (!ascii_iequals(media.key, kJson)) return;
    operation.json_body = true;
    operation.body_schema = schema;
  }

  // ------------------------------------------------------------------------------------ extensions

  std::optional<Batch> read_batch(const Node* node) {
    if (node == nullptr) return std::nullopt;
    MappingReader reader(node, problems_);
    Batch batch;
    batch.mark = node->mark;
    batch.pointer = reader.string("pointer", "");
    batch.maximum = reader.count("maximum", 0, 1);
    batch.too_many_error = reader.string("error", "");
    batch.empty_error = reader.string("empty", "");
    reader.finish();
    if (!node->is_mapping()) return std::nullopt;
    if (batch.pointer.empty() || !is_json_pointer(batch.pointer)) {
      problem(node->mark, "pointer: expected the JSON Pointer of an array, such as /messages");
    }
    if (node->find("maximum") == nullptr) problem(node->mark, "missing key \"maximum\"");
    if (batch.too_many_error.empty()) problem(node->mark, "missing key \"error\"");
    return batch;
  }

  Entitlement read_entitlement(const Node& node) {
    MappingReader reader(&node, problems_);
    Entitlement entitlement;
    entitlement.mark = node.mark;
    entitlement.calling_code_of = read_pointer(reader, "calling_code_of");
    entitlement.feature = reader.string("feature", "");
    entitlement.error = reader.string("error", "");
    MappingReader where(reader.take("where"), problems_);
    entitlement.where_pointer = read_pointer(where, "pointer");
    entitlement.where_equals = where.string("equals", "");
    where.finish();
    reader.finish();
    if (entitlement.calling_code_of.empty() == entitlement.feature.empty()) {
      problem(node.mark, "x-entitlements: an item has either calling_code_of or feature");
    }
    if (entitlement.feature.empty() && node.find("where") != nullptr) {
      problem(node.mark, "where: only a feature is asked for under a condition");
    }
    if (entitlement.where_pointer.empty() && !entitlement.where_equals.empty()) {
      problem(node.mark, "where: missing key \"pointer\"");
    }
    if (entitlement.error.empty()) problem(node.mark, "missing key \"error\"");
    return entitlement;
  }

  /// Empty where the key is absent.
  std::string read_pointer(MappingReader& reader, std::string_view key) {
    const std::string pointer = reader.string(key, "");
    const bool has_place = !pointer.empty() && is_json_pointer(pointer);
    if (reader.has(key) && !has_place) {
      problem(reader.mark(), std::string(key) + ": expected a JSON Pointer such as /to");
    }
    return pointer;
  }

  // ------------------------------------------------------------------------------------ references

  /// What a Reference Object (OpenAPI 3.1 section 4.8.23) stands for; the node itself where it is
  /// none.
  const Node* dereferenced(const Node& written) {
    const Node* node = &written;
    for (int steps = 0; steps < kMaxReferences; ++steps) {
      const Node* reference = node->find("$ref");
      if (reference == nullptr) return node;
      MappingReader reader(node, problems_);
      reader.ignore({"$ref", "summary", "description"});
      reader.finish();
      node = reference->is_string() ? resolve_reference(api_.document, reference->text) : nullptr;
      if (node == nullptr) {
        problem(reference->mark,
                "$ref: " + quoted(reference->text) + " leads to nothing in this document");
        return nullptr;
      }
    }
    problem(written.mark, "$ref: references in a circle");
    return nullptr;
  }

  ApiDescription& api_;
  Problems& problems_;
  std::string prefix_;
  std::vector<std::string> security_schemes_;
  std::map<std::string, Mark> shapes_;  // "METHOD shape"
  std::map<std::string, Mark> operation_ids_;
};

}  // namespace

void read_api_description(Node document, ApiDescription& api, Problems& problems) {
  api.document = std::move(document);
  ApiReader(api, problems).read();
}

}  // namespace trackly::config
