#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/json_schema/decimal.h"
#include "filters/json_schema/decimal_sum.h"
#include "filters/json_schema/format.h"
#include "filters/json_schema/pattern.h"
#include "filters/json_schema/placeholders.h"
#include "filters/json_schema/properties.h"
#include "filters/json_schema/schema_graph.h"
#include "gateway/api/error.h"
#include "gateway/api/node.h"
#include "gateway/json/document.h"

namespace trackly::json_schema {

/// What a rule checks. Its operands are the fields of Rule, as noted.
enum class Op : std::uint8_t {
  never,                  // the schema `false`
  type,                   // limit: set of TypeBits
  one_of_literals,        // literals [first, count)
  schema,                 // first: schema that must hold, too ($ref)
  all_of,                 // schemas [first, count)
  any_of,                 // schemas [first, count)
  exactly_one_of,         // schemas [first, count)
  not_schema,             // first: schema
  condition,              // schemas first, first + 1, first + 2: if, then, else
  properties,             // first: property table
  pattern_property,       // first: pattern; count: schema
  additional_properties,  // see AdditionalProperties; first: its index
  property_names,         // first: schema
  dependent_names,        // names [first, count): the trigger, then what it requires
  dependent_schema,       // names [first]: the trigger; count: schema
  min_properties,         // limit
  max_properties,         // limit
  items,                  // limit: of how many first items not; first: schema
  prefix_items,           // schemas [first, count)
  min_items,              // limit
  max_items,              // limit
  unique_items,           //
  contains,               // first: schema; count: Contains index
  min_length,             // limit, in code points
  max_length,             // limit, in code points
  pattern,                // first: pattern
  format,                 // first: format
  minimum,                // first: number
  maximum,                // first: number
  exclusive_minimum,      // first: number
  exclusive_maximum,      // first: number
  multiple_of,            // first: number
  max_bytes,              // limit, of the value written compactly
  placeholders,           // first: Placeholders index
  sum,                    // first: Sum index
};

/// Types of JSON Schema as bits; integers are numbers, too.
enum TypeBits : std::uint8_t {
  kNull = 1,
  kBoolean = 2,
  kNumber = 4,
  kInteger = 8,
  kString = 16,
  kArray = 32,
  kObject = 64,
};

/// Kinds of values as bits.
using KindBits = std::uint8_t;
constexpr KindBits kind_bit(json::Kind kind) {
  return static_cast<KindBits>(1U << static_cast<unsigned>(kind));
}
constexpr KindBits kAnyKind = 0xFF;

struct Rule {
  Op op = Op::never;
  KindBits kinds = kAnyKind;      // of the values that can violate it
  bool null_passes = false;       // properties that are null are not judged
  bool empty_is_missing = false;  // null and "" count as missing
  std::uint32_t error = 0;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::uint64_t limit = 0;
  std::string_view keyword;  // static text
};

/// additionalProperties: what neither the table nor a pattern describes.
struct AdditionalProperties {
  std::optional<std::uint32_t> properties;  // property table
  std::vector<std::uint32_t> patterns;
  SchemaId schema = 0;
};

/// contains with its bounds; each violated bound is a keyword of its own.
struct Contains {
  SchemaId schema = 0;
  std::uint64_t minimum = 1;
  std::uint64_t maximum = UINT64_MAX;
  std::string_view minimum_keyword = "contains";
  std::uint32_t minimum_error = 0;
  std::uint32_t maximum_error = 0;
};

/// x-sum: what the items of an array must add up to.
struct Sum {
  std::vector<std::string> of;  // an item's number is in the first of these that it has
  std::optional<DecimalSum> minimum;
  std::optional<DecimalSum> maximum;
};

/// What a value broke first.
struct Violation {
  ErrorRef error;            // nullptr where rules are compiled without a catalogue
  std::string pointer;       // RFC 6901: the place; of a missing property, where it would be
  std::string_view keyword;  // static text
  std::string values;        // for {values} of the answer, where only the value itself tells them
};

/// An asserting keyword whose violation names no row of the catalogue.
struct KeywordWithoutRow {
  Mark mark;
  std::string_view keyword;
};

/// A schema, compiled: rules in the order in which they are judged, over a parsed text. Immutable
/// and shared by all workers. Refers to the document that it was compiled from, which must outlive
/// it.
class Program {
 public:
  /// The first violation, in the fixed order (keywords.md); nullopt for a valid value. Allocates
  /// nothing for a valid value of the usual size. Recursion is bounded by the value's nesting, and
  /// time by the value's size, however a recursive schema and a value are made for each other.
  std::optional<Violation> check(json::Value value) const;

  const std::vector<KeywordWithoutRow>& keywords_without_row() const { return without_row_; }
  /// Of the rules as they are written.
  std::size_t rule_count() const { return rule_count_; }
  /// The TypeBits that the schema names, itself or behind a `$ref`; 0: none. Also where they do not
  /// assert.
  std::uint8_t declared_types() const { return declared_types_; }

 private:
  friend class Compiler;
  friend class Simplifier;
  friend class Evaluation;

  struct Schema {
    static constexpr std::uint32_t kNoJunction = UINT32_MAX;

    std::uint32_t first = 0;  // rule
    std::uint32_t count = 0;
    std::uint32_t junction = kNoJunction;  // see SchemaGraph::junctions
    KindBits kinds = kAnyKind;             // of the values that can violate it
  };

  SchemaId root_ = 0;
  std::uint8_t declared_types_ = 0;
  std::vector<Schema> schemas_;  // by SchemaId
  std::vector<Rule> rules_;
  std::size_t rule_count_ = 0;
  std::uint32_t junction_count_ = 0;

  // Operands of rules.
  std::vector<ErrorRef> errors_;
  std::vector<SchemaId> schema_lists_;
  std::vector<const Node*> literals_;
  std::vector<std::string_view> names_;
  std::vector<Decimal> numbers_;
  std::vector<Pattern> patterns_;
  std::vector<FormatCheck> formats_;
  std::vector<Properties> properties_;
  std::vector<AdditionalProperties> additional_;
  std::vector<Contains> contains_;
  std::vector<Placeholders> placeholders_;
  std::vector<Sum> sums_;

  std::vector<KeywordWithoutRow> without_row_;
};

}  // namespace trackly::json_schema
