// Query parameters against the plain reading of a query. The input is a query.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "filters/json_schema/compiler.h"
#include "filters/parameter_rule.h"
#include "filters/percent.h"
#include "gateway/json/read_node.h"
#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/require.h"

namespace trackly::fuzz {
namespace {

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string decoded(const std::string& text) {
  static constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() &&
                           kDigits.find(text[i + 1]) != kDigits.npos &&
                           kDigits.find(text[i + 2]) != kDigits.npos;
    if (!is_escape) {
      out += text[i];
    } else {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
  }
  return out;
}

/// The values of a parameter, decoded.
std::vector<std::string> values_of(const std::string& query, const std::string& name,
                                   bool empty_is_missing) {
  std::vector<std::string> values;
  for (const std::string& pair : split(query, '&')) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    // Nothing between two "&" is no parameter, unless its name is to be empty.
    if (pair.empty() || decoded(pair.substr(0, equals)) != name) continue;
    const std::string value = equals < pair.size() ? pair.substr(equals + 1) : "";
    if (value.empty() && empty_is_missing) continue;
    values.push_back(decoded(value));
  }
  return values;
}

ErrorRef row(const std::string& id, const std::string&, const Mark&, Problems&) {
  auto reply = std::make_shared<ErrorReply>();
  reply->id = id;
  return reply;
}

/// A schema with what it means, in C++.
struct Rule {
  std::string schema;
  bool (*accepts)(const std::string& value);
};

bool is_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

const Rule kRules[] = {
    {R"({"type":"string","minLength":2})",
     [](const std::string& t) {
       std::size_t points = 0;
       for (const char c : t) points += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1U : 0U;
       return points >= 2;
     }},
    {R"({"enum":["on","off"]})", [](const std::string& t) { return t == "on" || t == "off"; }},
    {R"({"type":"boolean"})", [](const std::string& t) { return t == "true" || t == "false"; }},
    {R"({"type":"integer","minimum":10,"maximum":99})",
     [](const std::string& t) {
       // Other spellings of such numbers are not looked for here.
       return is_digits(t) && t.size() == 2 && t[0] != '0';
     }},
};

std::shared_ptr<const json_schema::Program> program_of(const Rule& rule) {
  static std::vector<std::shared_ptr<Node>> documents;
  Problems problems;
  documents.push_back(std::make_shared<Node>(json::read_node(rule.schema, "s.json", problems)));
  auto program = json_schema::compile(*documents.back(), *documents.back(), row, problems);
  require(program.has_value(), "the schemas of this target are good");
  return std::make_shared<json_schema::Program>(*std::move(program));
}

void check_rule(const Rule& rule, const std::shared_ptr<const json_schema::Program>& program,
                const std::string& query, bool empty_is_missing, bool required) {
  filters::ParameterRule parameter;
  parameter.name = "n";
  parameter.required = required;
  parameter.empty_is_missing = empty_is_missing;
  Problems problems;
  parameter.missing = row("missing", "", {}, problems);
  parameter.program = program;
  Exchange exchange;
  exchange.query = query;
  const ErrorRef refusal = parameter.refusal(exchange);

  const auto values = values_of(query, "n", empty_is_missing);
  bool one_is_good = false;
  bool sure = true;
  for (const std::string& value : values) {
    one_is_good = one_is_good || rule.accepts(value);
    // 1e1, 10.0
    sure = sure && (rule.schema.find("integer") == std::string::npos ||
                    value.find_first_of(".eE") == std::string::npos);
  }
  if (values.empty()) {
    require((refusal != nullptr) == required, "missing only where it is required: " + query);
  } else if (one_is_good) {
    require(refusal == nullptr, "one good value suffices: " + query);
  } else if (sure) {
    require(refusal != nullptr && refusal->id != "missing", "a bad value is refused: " + query);
  }
}

void run(Input input) {
  static const std::vector<std::shared_ptr<const json_schema::Program>> kPrograms = [] {
    std::vector<std::shared_ptr<const json_schema::Program>> programs;
    for (const Rule& rule : kRules) programs.push_back(program_of(rule));
    return programs;
  }();
  const std::string query(input.rest());
  require(filters::percent_decoded(query) == decoded(query),
          "decoded as the plain reading says: " + query);
  for (std::size_t i = 0; i < std::size(kRules); ++i) {
    for (const bool empty_is_missing : {false, true}) {
      for (const bool required : {false, true}) {
        check_rule(kRules[i], kPrograms[i], query, empty_is_missing, required);
      }
    }
  }
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
