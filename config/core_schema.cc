#include "config/core_schema.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <string>

namespace trackly::config {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

Node number(std::string text) {
  Node node;
  node.kind = Node::Kind::number;
  node.text = std::move(text);
  return node;
}

/// Moves past [0-9]* and returns it.
std::string_view take_digits(std::string_view& text) {
  const auto end =
      std::find_if_not(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  const auto count = static_cast<std::size_t>(end - text.begin());
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
std::optional<std::string> decimal(std::string_view text) {
  std::string json;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    if (text.front() == '-') json = '-';
    text.remove_prefix(1);
  }
  std::string_view whole = take_digits(text);
  std::string_view fraction;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = take_digits(text);
  }
  if (whole.empty() && fraction.empty()) return std::nullopt;
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  json.append(whole.empty() ? "0" : whole);
  if (!fraction.empty()) json.append(".").append(fraction);

  if (text.empty()) return json;
  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  json += 'e';
  text.remove_prefix(1);
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    json += text.front();
    text.remove_prefix(1);
  }
  const std::string_view exponent = take_digits(text);
  if (exponent.empty() || !text.empty()) return std::nullopt;
  return json.append(exponent);
}

/// 0o[0-7]+ and 0x[0-9a-fA-F]+.
std::optional<Result<Node>> octal_or_hex(std::string_view text) {
  if (text.size() < 3 || text[0] != '0' || (text[1] != 'o' && text[1] != 'x')) return std::nullopt;
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + 2, end, value, text[1] == 'o' ? 8 : 16);
  if (parsed.ptr != end || parsed.ec == std::errc::invalid_argument) return std::nullopt;
  if (parsed.ec != std::errc()) {
    return Fault{std::string(text) + " is too large; write it in decimal, or quote a string"};
  }
  return number(std::to_string(value));
}

bool is_infinity_or_nan(std::string_view text) {
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) return true;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return is_one_of(text, {".inf", ".Inf", ".INF"});
}

}  // namespace

Result<Node> typed(std::string_view plain) {
  Node node;
  if (is_one_of(plain, {"", "~", "null", "Null", "NULL"})) return node;
  if (is_one_of(plain, {"true", "True", "TRUE", "false", "False", "FALSE"})) {
    node.kind = Node::Kind::boolean;
    node.boolean = plain.front() == 't' || plain.front() == 'T';
    return node;
  }
  if (is_infinity_or_nan(plain)) {
    return Fault{std::string(plain) + " is no number that JSON can express; quote a string"};
  }
  if (auto value = octal_or_hex(plain)) return *std::move(value);
  if (auto text = decimal(plain)) return number(*std::move(text));
  node.kind = Node::Kind::string;
  node.text = plain;
  return node;
}

}  // namespace trackly::config
