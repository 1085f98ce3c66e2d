#include "tests/fuzz/support/schema_reference.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trackly::fuzz {
namespace {

using json::Kind;
using json::Value;

struct Unknown {};

// ---------------------------------------------------------------------------------------- numbers

/// digits * 10^exponent; the digits neither begin nor end with 0, and there are none for zero.
struct Number {
  bool negative = false;
  std::string digits;
  long exponent = 0;

  bool operator==(const Number&) const = default;
};

Number number(std::string_view text) {
  Number n;
  if (text.front() == '-') {
    n.negative = true;
    text.remove_prefix(1);
  }
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  for (bool behind_point = false; const char c : text.substr(0, e)) {
    if (c == '.') {
      behind_point = true;
    } else {
      n.digits += c;
      n.exponent -= behind_point ? 1 : 0;
    }
  }
  if (e < text.size()) {
    const std::string exponent(text.substr(e + 1));
    if (exponent.size() > 9) throw Unknown();
    n.exponent += std::stol(exponent);
  }
  n.digits.erase(0, n.digits.find_first_not_of('0'));
  while (!n.digits.empty() && n.digits.back() == '0') {
    n.digits.pop_back();
    ++n.exponent;
  }
  return n.digits.empty() ? Number() : n;
}

int compare_magnitude(const Number& a, const Number& b) {
  if (a.digits.empty() || b.digits.empty())
    return static_cast<int>(!a.digits.empty()) - static_cast<int>(!b.digits.empty());
  const long a_top = static_cast<long>(a.digits.size()) + a.exponent;
  const long b_top = static_cast<long>(b.digits.size()) + b.exponent;
  if (a_top != b_top) return a_top < b_top ? -1 : 1;
  // Of the same size: digit for digit, which is how strings compare.
  return a.digits.compare(b.digits) < 0 ? -1 : a.digits == b.digits ? 0 : 1;
}

int compare(const Number& a, const Number& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  return a.negative ? compare_magnitude(b, a) : compare_magnitude(a, b);
}

bool is_integer(const Number& n) { return n.exponent >= 0; }

__extension__ using Wide = unsigned __int128;

/// Requires: the divisor's digits fit 64 bits.
bool is_multiple(const Number& n, const Number& divisor) {
  if (n.digits.empty()) return true;
  if (n.exponent < divisor.exponent) return false;  // n has no 0 at its end
  if (divisor.digits.size() > 19 || n.exponent - divisor.exponent > 100000) throw Unknown();
  const Wide modulus = std::stoull(divisor.digits);
  Wide rest = 0;
  for (const char c : n.digits) rest = (rest * 10 + static_cast<unsigned>(c - '0')) % modulus;
  for (long i = divisor.exponent; i < n.exponent; ++i) rest = rest * 10 % modulus;
  return rest == 0;
}

/// In units of 10^-12.
__extension__ using Sum = __int128;
Sum scaled(const Number& n) {
  constexpr long kScale = 12;
  if (n.exponent < -kScale || n.exponent + static_cast<long>(n.digits.size()) > 15) throw Unknown();
  Sum value = 0;
  for (const char c : n.digits) value = value * 10 + (c - '0');
  for (long i = -kScale; i < n.exponent; ++i) value *= 10;
  return n.negative ? -value : value;
}

// --------------------------------------------------------------------------------------- equality

bool equal(Value a, const Node& b);

bool equal_member(Value object, const Node::Entry& entry) {
  for (const auto& [name, value] : object.members()) {
    if (name.string() == entry.key) return equal(value, entry.value);
  }
  return false;
}

bool equal(Value a, const Node& b) {
  switch (b.kind) {
    case Node::Kind::null:
      return a.is_null();
    case Node::Kind::boolean:
      return a.is_boolean() && a.boolean() == b.boolean;
    case Node::Kind::number:
      return a.is_number() && number(a.number()) == number(b.text);
    case Node::Kind::string:
      return a.is_string() && a.string() == b.text;
    case Node::Kind::sequence: {
      if (!a.is_array() || a.size() != b.items.size()) return false;
      std::size_t i = 0;
      for (const Value item : a.items()) {
        if (!equal(item, b.items[i++])) return false;
      }
      return true;
    }
    case Node::Kind::mapping:
      return a.is_object() && a.size() == b.entries.size() &&
             std::all_of(b.entries.begin(), b.entries.end(),
                         [a](const Node::Entry& entry) { return equal_member(a, entry); });
  }
  return false;
}

bool equal(Value a, Value b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::null:
      return true;
    case Kind::boolean:
      return a.boolean() == b.boolean();
    case Kind::number:
      return number(a.number()) == number(b.number());
    case Kind::string:
      return a.string() == b.string();
    case Kind::array: {
      if (a.size() != b.size()) return false;
      auto other = b.items().begin();
      for (const Value item : a.items()) {
        if (!equal(item, *other)) return false;
        ++other;
      }
      return true;
    }
    case Kind::object: {
      if (a.size() != b.size()) return false;
      for (const auto& [name, value] : a.members()) {
        const auto other = b.find(name.string());
        if (!other || !equal(value, *other)) return false;
      }
      return true;
    }
  }
  return false;
}

// ---------------------------------------------------------------------------------------- strings

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}
template <class Is>
bool all(std::string_view text, Is is) {
  return std::all_of(text.begin(), text.end(), is);
}
bool has_line_end(std::string_view text) {
  return text.find_first_of("\n\r") != std::string_view::npos ||
         text.find("\xe2\x80\xa8") != std::string_view::npos ||
         text.find("\xe2\x80\xa9") != std::string_view::npos;
}

/// What each expression means, in words of C++.
const std::map<std::string_view, bool (*)(std::string_view)>& expressions() {
  using Text = std::string_view;
  static const std::map<std::string_view, bool (*)(std::string_view)> kAll = {
      {"", [](Text) { return true; }},
      {"^a", [](Text t) { return t.starts_with('a'); }},
      {"b$", [](Text t) { return t.ends_with('b'); }},
      {"a", [](Text t) { return t.find('a') != Text::npos; }},
      {"x|y", [](Text t) { return t.find_first_of("xy") != Text::npos; }},
      {"^$", [](Text t) { return t.empty(); }},
      {"\\d", [](Text t) { return std::any_of(t.begin(), t.end(), is_digit); }},
      {"^[a-c]*$", [](Text t) { return all(t, [](char c) { return c >= 'a' && c <= 'c'; }); }},
      {"^[^ ]+$", [](Text t) { return !t.empty() && t.find(' ') == Text::npos; }},
      {"^.{2}$", [](Text t) { return code_points(t) == 2 && !has_line_end(t); }},
      {"^\\d{4}$", [](Text t) { return t.size() == 4 && all(t, is_digit); }},
      {"^[A-Za-z0-9_-]{1,6}$",
       [](Text t) { return !t.empty() && t.size() <= 6 && all(t, is_word); }},
      {"^link[0-9]+$",
       [](Text t) { return t.size() > 4 && t.starts_with("link") && all(t.substr(4), is_digit); }},
      {"^[0-9]{2}:[0-9]{2}$",
       [](Text t) {
         return t.size() == 5 && t[2] == ':' && all(t.substr(0, 2), is_digit) &&
                all(t.substr(3), is_digit);
       }},
      {"^\\+[1-9][0-9]{1,14}$",
       [](Text t) {
         return t.size() >= 3 && t.size() <= 16 && t[0] == '+' && t[1] != '0' &&
                all(t.substr(1), is_digit);
       }},
  };
  return kAll;
}

bool matches(const std::string& expression, std::string_view text) {
  const auto found = expressions().find(expression);
  if (found == expressions().end()) throw Unknown();
  return found->second(text);
}

std::size_t compact_string(std::string_view text) {
  std::size_t size = 2;
  for (const char c : text) {
    const bool is_short = std::string_view("\"\\\b\f\n\r\t").find(c) != std::string_view::npos;
    size += is_short ? 2 : static_cast<unsigned char>(c) < 0x20 ? 6 : 1;
  }
  return size;
}

std::size_t compact_bytes(Value value) {
  std::size_t size = 0;
  if (value.is_string()) return compact_string(value.string());
  if (value.is_array()) {
    for (const Value item : value.items()) size += compact_bytes(item) + 1;
    return size == 0 ? 2 : size + 1;
  }
  if (value.is_object()) {
    for (const auto& [name, member] : value.members()) {
      size += compact_string(name.string()) + 1 + compact_bytes(member) + 1;
    }
    return size == 0 ? 2 : size + 1;
  }
  return value.bytes().size();
}

// --------------------------------------------------------------------------------------- keywords

class Reference {
 public:
  explicit Reference(const Node& document) : document_(document) {}

  bool valid(const Node& schema, Value value) const {
    if (schema.is_boolean()) return schema.boolean;
    for (const Node::Entry& entry : schema.entries) {
      if (!holds(schema, entry.key, entry.value, value)) return false;
    }
    return true;
  }

 private:
  bool holds(const Node& schema, const std::string& keyword, const Node& operand,
             Value value) const {
    static const std::set<std::string, std::less<>> kNotHere = {"$id",
                                                                "$anchor",
                                                                "$dynamicRef",
                                                                "$dynamicAnchor",
                                                                "$vocabulary",
                                                                "unevaluatedItems",
                                                                "unevaluatedProperties",
                                                                "x-lenient",
                                                                "x-empty-is-missing",
                                                                "x-assert-formats",
                                                                "x-placeholders"};
    if (kNotHere.count(keyword) != 0) throw Unknown();
    if (keyword == "format" && schema.find("x-error") != nullptr) throw Unknown();
    if (!of_any(schema, keyword, operand, value)) return false;
    if (value.is_object() && !of_object(schema, keyword, operand, value)) return false;
    if (value.is_array() && !of_array(schema, keyword, operand, value)) return false;
    if (value.is_string() && !of_string(keyword, operand, value.string())) return false;
    if (value.is_number() && !of_number(keyword, operand, number(value.number()))) return false;
    if (keyword == "x-max-bytes") return compact_bytes(value) <= count(operand);
    return true;
  }

  bool of_any(const Node& schema, const std::string& keyword, const Node& operand,
              Value value) const {
    const auto is_valid = [&](const Node& one) { return valid(one, value); };
    const auto& list = operand.items;
    if (keyword == "type") {
      if (operand.is_string()) return has_type(operand.text, value);
      return std::any_of(list.begin(), list.end(),
                         [&](const Node& type) { return has_type(type.text, value); });
    }
    if (keyword == "const") return equal(value, operand);
    if (keyword == "enum") {
      return std::any_of(list.begin(), list.end(),
                         [&](const Node& one) { return equal(value, one); });
    }
    if (keyword == "$ref") return is_valid(target(operand.text));
    if (keyword == "allOf") return std::all_of(list.begin(), list.end(), is_valid);
    if (keyword == "anyOf") return std::any_of(list.begin(), list.end(), is_valid);
    if (keyword == "oneOf") return std::count_if(list.begin(), list.end(), is_valid) == 1;
    if (keyword == "not") return !is_valid(operand);
    if (keyword == "if") {
      const Node* then = schema.find(is_valid(operand) ? "then" : "else");
      return then == nullptr || is_valid(*then);
    }
    return true;
  }

  bool of_object(const Node& schema, const std::string& keyword, const Node& operand,
                 Value object) const {
    if (keyword == "minProperties") return object.size() >= count(operand);
    if (keyword == "maxProperties") return object.size() <= count(operand);
    if (keyword == "required") return has_all(object, operand);
    if (keyword == "properties" || keyword == "dependentSchemas" ||
        keyword == "dependentRequired") {
      return std::all_of(operand.entries.begin(), operand.entries.end(),
                         [&](const Node::Entry& entry) {
                           const auto member = object.find(entry.key);
                           if (!member) return true;
                           if (keyword == "properties") return valid(entry.value, *member);
                           return keyword == "dependentSchemas" ? valid(entry.value, object)
                                                                : has_all(object, entry.value);
                         });
    }
    for (const auto& [name, member] : object.members()) {
      const std::string text(name.string());
      if (keyword == "propertyNames" && !valid(operand, name)) return false;
      if (keyword == "additionalProperties" && !is_described(schema, text) &&
          !valid(operand, member))
        return false;
      if (keyword != "patternProperties") continue;
      for (const Node::Entry& entry : operand.entries) {
        if (matches(entry.key, text) && !valid(entry.value, member)) return false;
      }
    }
    return true;
  }

  static bool is_described(const Node& schema, const std::string& name) {
    const Node* properties = schema.find("properties");
    if (properties != nullptr && properties->find(name) != nullptr) return true;
    const Node* patterns = schema.find("patternProperties");
    return patterns != nullptr &&
           std::any_of(patterns->entries.begin(), patterns->entries.end(),
                       [&name](const Node::Entry& entry) { return matches(entry.key, name); });
  }

  static bool has_all(Value object, const Node& names) {
    return std::all_of(names.items.begin(), names.items.end(),
                       [object](const Node& name) { return object.find(name.text).has_value(); });
  }

  bool of_array(const Node& schema, const std::string& keyword, const Node& operand,
                Value array) const {
    if (keyword == "minItems") return array.size() >= count(operand);
    if (keyword == "maxItems") return array.size() <= count(operand);
    if (keyword == "uniqueItems") return !operand.boolean || all_differ(array);
    if (keyword == "contains") return contains(schema, operand, array);
    if (keyword == "x-sum") return has_sum(operand, array);
    const Node* prefix = schema.find("prefixItems");
    const std::size_t before = prefix == nullptr ? 0 : prefix->items.size();
    std::size_t i = 0;
    for (const Value item : array.items()) {
      if (keyword == "prefixItems" && i < before && !valid(operand.items[i], item)) return false;
      if (keyword == "items" && i >= before && !valid(operand, item)) return false;
      ++i;
    }
    return true;
  }

  static bool all_differ(Value array) {
    for (auto a = array.items().begin(); a != array.items().end(); ++a) {
      auto b = a;
      for (++b; b != array.items().end(); ++b) {
        if (equal(*a, *b)) return false;
      }
    }
    return true;
  }

  bool contains(const Node& schema, const Node& operand, Value array) const {
    std::uint64_t found = 0;
    for (const Value item : array.items()) found += valid(operand, item) ? 1U : 0U;
    const Node* minimum = schema.find("minContains");
    const Node* maximum = schema.find("maxContains");
    return found >= (minimum == nullptr ? 1 : count(*minimum)) &&
           (maximum == nullptr || found <= count(*maximum));
  }

  static bool has_sum(const Node& operand, Value array) {
    Sum sum = 0;
    for (const Value item : array.items()) {
      if (!item.is_object()) return true;
      for (const Node& name : operand.find("of")->items) {
        const auto member = item.find(name.text);
        if (!member || member->is_null()) continue;
        if (!member->is_number()) return true;
        sum += scaled(number(member->number()));
        break;
      }
    }
    const Node* minimum = operand.find("minimum");
    const Node* maximum = operand.find("maximum");
    return (minimum == nullptr || sum >= scaled(number(minimum->text))) &&
           (maximum == nullptr || sum <= scaled(number(maximum->text)));
  }

  static bool of_string(const std::string& keyword, const Node& operand, std::string_view text) {
    if (keyword == "minLength") return code_points(text) >= count(operand);
    if (keyword == "maxLength") return code_points(text) <= count(operand);
    if (keyword == "pattern") return matches(operand.text, text);
    return true;
  }

  static bool of_number(const std::string& keyword, const Node& operand, const Number& value) {
    if (!operand.is_number()) return true;
    const Number limit = number(operand.text);
    if (keyword == "minimum") return compare(value, limit) >= 0;
    if (keyword == "maximum") return compare(value, limit) <= 0;
    if (keyword == "exclusiveMinimum") return compare(value, limit) > 0;
    if (keyword == "exclusiveMaximum") return compare(value, limit) < 0;
    if (keyword == "multipleOf") return is_multiple(value, limit);
    return true;
  }

  static bool has_type(const std::string& type, Value value) {
    switch (value.kind()) {
      case Kind::null:
        return type == "null";
      case Kind::boolean:
        return type == "boolean";
      case Kind::number:
        return type == "number" || (type == "integer" && is_integer(number(value.number())));
      case Kind::string:
        return type == "string";
      case Kind::array:
        return type == "array";
      case Kind::object:
        return type == "object";
    }
    return false;
  }

  static std::uint64_t count(const Node& operand) {
    const Number n = number(operand.text);
    if (n.exponent > 18) throw Unknown();
    std::uint64_t value = n.digits.empty() ? 0 : std::stoull(n.digits);
    for (long i = 0; i < n.exponent; ++i) value *= 10;
    return value;
  }

  const Node& target(std::string_view reference) const {
    if (!reference.starts_with('#') || reference.find_first_of("~%") != std::string_view::npos)
      throw Unknown();
    const Node* node = &document_;
    reference.remove_prefix(1);
    while (reference.starts_with('/')) {
      reference.remove_prefix(1);
      const std::string_view token = reference.substr(0, reference.find('/'));
      reference.remove_prefix(token.size());
      // A number could be an index.
      node = node->is_mapping() ? node->find(token) : nullptr;
      if (node == nullptr) throw Unknown();
    }
    if (!reference.empty()) throw Unknown();
    return *node;
  }

  const Node& document_;
};

}  // namespace

std::optional<bool> reference_verdict(const Node& document, const Node& schema, Value value) {
  try {
    return Reference(document).valid(schema, value);
  } catch (const Unknown&) {
    return std::nullopt;
  }
}

}  // namespace trackly::fuzz
