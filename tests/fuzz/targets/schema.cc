// The schema program against a slow reading of JSON Schema. The last byte says whether the input is
// a list of choices, from which a schema and an instance are made, or their texts with a NUL
// between them.

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "filters/json_schema/compiler.h"
#include "filters/json_schema/pointer.h"
#include "filters/json_schema/validate.h"
#include "gateway/json/parser.h"
#include "gateway/json/read_node.h"
#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/require.h"
#include "tests/fuzz/support/schema_reference.h"

namespace trackly::fuzz {
namespace {

constexpr std::string_view kNames[] = {"\"a\"", "\"b\"",   "\"link1\"",
                                       "\"\"",  "\"x y\"", "\"\\u0061\\u00e9\""};
constexpr std::string_view kStrings[] = {"\"\"",
                                         "\"a\"",
                                         "\"ab\"",
                                         "\"abc\"",
                                         "\"x\"",
                                         "\"\\u00e9\\ud83d\\ude00\"",
                                         "\"+49123\"",
                                         "\"12:30\"",
                                         "\"2024\"",
                                         "\"link7\"",
                                         "\"a b\"",
                                         "\"\\n\"",
                                         "\"+491234567890123456\"",
                                         "\"Ab_-9\""};
constexpr std::string_view kNumbers[] = {"0",
                                         "1",
                                         "-1",
                                         "1.0",
                                         "2",
                                         "3",
                                         "0.5",
                                         "-0",
                                         "1e2",
                                         "100",
                                         "99.99",
                                         "0.01",
                                         "33.33",
                                         "1e-2",
                                         "1e400",
                                         "1E-400",
                                         "12345678901234567890",
                                         "12345678901234567891",
                                         "-2.50",
                                         "10"};
constexpr std::string_view kCounts[] = {"0", "1", "2", "3", "2.0", "10"};
constexpr std::string_view kDivisors[] = {"1", "2", "0.01", "0.5", "3", "1e2", "1e-400", "7"};
constexpr std::string_view kTypes[] = {"\"string\"", "\"number\"",  "\"integer\"", "\"object\"",
                                       "\"array\"",  "\"boolean\"", "\"null\""};
constexpr std::string_view kPatterns[] = {"\"\"",
                                          "\"^a\"",
                                          "\"b$\"",
                                          "\"a\"",
                                          "\"x|y\"",
                                          "\"^$\"",
                                          "\"\\\\d\"",
                                          "\"^[a-c]*$\"",
                                          "\"^[^ ]+$\"",
                                          "\"^.{2}$\"",
                                          "\"^\\\\d{4}$\"",
                                          "\"^[A-Za-z0-9_-]{1,6}$\"",
                                          "\"^link[0-9]+$\"",
                                          "\"^[0-9]{2}:[0-9]{2}$\"",
                                          "\"^\\\\+[1-9][0-9]{1,14}$\""};

class Generator {
 public:
  explicit Generator(Input& input) : input_(input) {}

  std::string document() {
    std::string defs = "\"$defs\":{\"a\":" + schema(2) + ",\"b\":" + schema(2) + "}";
    const std::string rest = mapping(3);
    return "{" + defs + (rest == "{}" ? "}" : "," + rest.substr(1));
  }

  std::string instance(int depth) {
    switch (input_.below(depth == 0 ? 5 : 9)) {
      case 0:
        return std::string(input_.pick(kStrings));
      case 1:
        return std::string(input_.pick(kNumbers));
      case 2:
        return "true";
      case 3:
        return "false";
      case 4:
        return "null";
      case 5:
      case 6:
        return list([this, depth] { return instance(depth - 1); });
      default:
        return members(kNames, [this, depth] { return instance(depth - 1); });
    }
  }

 private:
  template <class Make>
  std::string list(Make make, std::size_t least = 0) {
    std::string text;
    for (std::size_t count = least + input_.below(4); count > 0; --count) {
      text += (text.empty() ? "" : ",") + make();
    }
    return "[" + text + "]";
  }

  template <class Names, class Make>
  std::string members(const Names& names, Make make) {
    std::string text;
    std::set<std::string_view> taken;
    for (std::size_t count = input_.below(4); count > 0; --count) {
      const std::string_view name = input_.pick(names);
      if (!taken.insert(name).second) continue;
      text += (text.empty() ? "" : ",") + std::string(name) + ":" + make();
    }
    return "{" + text + "}";
  }

  std::string schema(int depth) {
    const std::size_t kind = input_.below(16);
    if (kind == 14) return "true";
    if (kind == 15) return "false";
    return mapping(depth);
  }

  std::string mapping(int depth) {
    std::string text;
    std::set<std::string_view> taken;
    for (std::size_t count = 1 + input_.below(4); count > 0; --count) {
      const auto [keyword, operand] = keyword_of(depth);
      if (!taken.insert(keyword).second) continue;
      text += (text.empty() ? "\"" : ",\"") + std::string(keyword) + "\":" + operand;
    }
    return "{" + text + "}";
  }

  std::pair<std::string_view, std::string> keyword_of(int depth) {
    const auto any = [this] { return instance(1); };
    const auto name = [this] { return std::string(input_.pick(kNames)); };
    const auto below = [this, depth] { return schema(depth - 1); };
    const auto names = [this, &name] { return unique_list(name); };
    switch (input_.below(depth == 0 ? 20 : 40)) {
      case 0:
      case 1:
        return {"type", std::string(input_.pick(kTypes))};
      case 2:
        return {"type", unique_list([this] { return std::string(input_.pick(kTypes)); }, 1)};
      case 3:
        return {"const", any()};
      case 4:
        return {"enum", list(any, 1)};
      case 5:
        return {"minLength", std::string(input_.pick(kCounts))};
      case 6:
        return {"maxLength", std::string(input_.pick(kCounts))};
      case 7:
        return {"pattern", std::string(input_.pick(kPatterns))};
      case 8:
        return {"minimum", std::string(input_.pick(kNumbers))};
      case 9:
        return {"maximum", std::string(input_.pick(kNumbers))};
      case 10:
        return {"exclusiveMinimum", std::string(input_.pick(kNumbers))};
      case 11:
        return {"exclusiveMaximum", std::string(input_.pick(kNumbers))};
      case 12:
        return {"multipleOf", std::string(input_.pick(kDivisors))};
      case 13:
        return {"required", names()};
      case 14:
        return {"minItems", std::string(input_.pick(kCounts))};
      case 15:
        return {"maxItems", std::string(input_.pick(kCounts))};
      case 16:
        return {"uniqueItems", input_.flag() ? "false" : "true"};
      case 17:
        return {input_.flag() ? "minProperties" : "maxProperties",
                std::string(input_.pick(kCounts))};
      case 18:
        return {"dependentRequired", members(kNames, names)};
      case 19:
        return {"x-max-bytes", std::string(input_.pick(kCounts))};
      case 20:
      case 21:
      case 22:
        return {"properties", members(kNames, below)};
      case 23:
        return {"additionalProperties", below()};
      case 24:
        return {"patternProperties", members(kPatterns, below)};
      case 25:
        return {"propertyNames", below()};
      case 26:
        return {"dependentSchemas", members(kNames, below)};
      case 27:
      case 28:
        return {"items", below()};
      case 29:
        return {"prefixItems", list(below, 1)};
      case 30:
        return {"contains", below()};
      case 31:
        return {input_.flag() ? "minContains" : "maxContains", std::string(input_.pick(kCounts))};
      case 32:
        return {"allOf", list(below, 1)};
      case 33:
        return {"anyOf", list(below, 1)};
      case 34:
        return {"oneOf", list(below, 1)};
      case 35:
        return {"not", below()};
      case 36:
        return {"if", below()};
      case 37:
        return {input_.flag() ? "then" : "else", below()};
      case 38: {
        static constexpr std::string_view kTargets[] = {"\"#/$defs/a\"", "\"#/$defs/b\"", "\"#\""};
        return {"$ref", std::string(input_.pick(kTargets))};
      }
      default:
        return {"x-sum", "{\"of\":[\"a\",\"b\"],\"minimum\":" + std::string(input_.pick(kSums)) +
                             ",\"maximum\":" + std::string(input_.pick(kSums)) + "}"};
    }
  }

  template <class Make>
  std::string unique_list(Make make, std::size_t least = 0) {
    std::string text;
    std::set<std::string> taken;
    for (std::size_t count = least + input_.below(4); count > 0; --count) {
      const std::string one = make();
      if (taken.insert(one).second) text += (text.empty() ? "" : ",") + one;
    }
    return "[" + text + "]";
  }

  static constexpr std::string_view kSums[] = {"0", "1", "99.99", "100.01", "-1", "66.66", "3"};

  Input& input_;
};

ErrorRef any_row(const std::string& id, const std::string& values, const Mark&, Problems&) {
  auto reply = std::make_shared<ErrorReply>();
  reply->id = id;
  reply->text = values;
  return reply;
}

void check_violation(const json_schema::Violation& violation, json::Value value) {
  require(violation.error != nullptr && !violation.keyword.empty(), "a violation has an answer");
  const auto pointer = json_schema::Pointer::parse(violation.pointer);
  require(pointer.has_value(), "a violation has a place: " + violation.pointer);
  // The place of a missing property is in what lacks it.
  const std::string parent = violation.pointer.substr(0, violation.pointer.rfind('/'));
  require(pointer->find(value) || json_schema::Pointer::parse(parent)->find(value),
          "a violation's place is in the value: " + violation.pointer);
}

void judge(const std::string& schema, const std::string& instance) {
  Problems problems;
  const Node document = json::read_node(schema, "s.json", problems);
  if (!problems.empty()) return;
  const auto program = json_schema::compile(document, document, any_row, problems);
  require(program.has_value() == problems.empty(), "a program or problems");
  for (const std::string& line : problems.lines()) {
    require(line.starts_with("s.json:"), "a problem has a place: " + line);
  }
  json::Parser parser;
  const auto value = parser.parse(instance, 64, json::Root::any);
  if (!program || !value) return;

  const auto violation = program->check(*value);
  if (violation) check_violation(*violation, *value);
  const auto expected = reference_verdict(document, document, *value);
  require(!expected || *expected == !violation,
          (violation ? "refused at " + violation->pointer + " " + std::string(violation->keyword)
                     : std::string("accepted")) +
              ", other than by the reference: " + schema + " and " + instance);

  Problems none;
  const auto validation = json_schema::validate(document, instance, none);
  require(validation.compiled && validation.invalid.has_value() == violation.has_value(),
          "the same verdict for whoever asks");
}

void run(Input input) {
  Input decisions = input.tail(1);
  if (decisions.below(4) == 3) {
    const std::string text(input.rest());
    const std::size_t end = std::min(text.find('\0'), text.size());
    return judge(text.substr(0, end), text.substr(std::min(end + 1, text.size())));
  }
  Generator generator(input);
  const std::string schema = generator.document();
  // One schema, some instances.
  for (int i = 0; i < 4; ++i) judge(schema, generator.instance(3));
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
