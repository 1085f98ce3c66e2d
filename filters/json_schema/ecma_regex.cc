#include "filters/json_schema/ecma_regex.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "gateway/api/ascii.h"

namespace trackly::json_schema {
namespace {

// The inside of a class; ECMA-262 22.2.2.9 CharacterClassEscape, WhiteSpace and LineTerminator.
constexpr std::string_view kSpaces =
    R"(\t\n\v\f\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF})";
// The complement, as a class can hold it next to other members.
constexpr std::string_view kNotSpaces =
    R"(\x00-\x08\x0E-\x1F!-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF}\x{200B}-\x{2027})"
    R"(\x{202A}-\x{202E}\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{FEFE}\x{FF00}-\x{10FFFF})";
constexpr std::string_view kNotLineEnd = R"([^\n\r\x{2028}\x{2029}])";
constexpr std::string_view kAnything = R"([\x00-\x{10FFFF}])";
constexpr std::string_view kNothing = R"([^\x00-\x{10FFFF}])";

// RE2 knows general categories by their short names only.
constexpr std::pair<std::string_view, std::string_view> kCategories[] = {{"Letter", "L"},
                                                                         {"Uppercase_Letter", "Lu"},
                                                                         {"Lowercase_Letter", "Ll"},
                                                                         {"Titlecase_Letter", "Lt"},
                                                                         {"Modifier_Letter", "Lm"},
                                                                         {"Other_Letter", "Lo"},
                                                                         {"Mark", "M"},
                                                                         {"Number", "N"},
                                                                         {"Decimal_Number", "Nd"},
                                                                         {"digit", "Nd"},
                                                                         {"Letter_Number", "Nl"},
                                                                         {"Other_Number", "No"},
                                                                         {"Punctuation", "P"},
                                                                         {"punct", "P"},
                                                                         {"Symbol", "S"},
                                                                         {"Separator", "Z"},
                                                                         {"Space_Separator", "Zs"},
                                                                         {"Other", "C"},
                                                                         {"Control", "Cc"}};

class Translator {
 public:
  explicit Translator(std::string_view ecma) : rest_(ecma) {}

  Result<std::string> run() {
    while (!rest_.empty() && fault_.empty()) {
      if (rest_.front() == '\\') {
        escape(false);
      } else if (rest_.front() == '[') {
        character_class();
      } else if (rest_.front() == '(') {
        group();
      } else if (rest_.front() == '.') {
        replace(1, kNotLineEnd);
      } else {
        copy(1);
      }
    }
    if (!fault_.empty()) return Fault{std::move(fault_)};
    return std::move(out_);
  }

 private:
  void copy(std::size_t count) { replace(count, rest_.substr(0, count)); }
  void replace(std::size_t count, std::string_view by) {
    out_ += by;
    rest_.remove_prefix(count);
  }
  void fail(std::string_view what) { fault_ = what; }

  void group() {
    if (!rest_.starts_with("(?") || rest_.starts_with("(?:")) return copy(1);
    if (rest_.starts_with("(?=") || rest_.starts_with("(?!")) return fail("look-ahead");
    if (rest_.starts_with("(?<=") || rest_.starts_with("(?<!")) return fail("look-behind");
    if (rest_.starts_with("(?<")) return replace(3, "(?P<");
    fail("a group that ECMA-262 does not know");
  }

  void character_class() {
    if (rest_.starts_with("[^]")) return replace(3, kAnything);
    if (rest_.starts_with("[]")) return replace(2, kNothing);
    copy(rest_.starts_with("[^") ? 2 : 1);
    while (!rest_.empty() && rest_.front() != ']' && fault_.empty()) {
      if (rest_.front() == '\\') {
        escape(true);
      } else if (rest_.front() == '[') {
        replace(1, "\\[");  // RE2 would read [: as the start of a POSIX class
      } else {
        copy(1);
      }
    }
    if (!fault_.empty()) return;
    if (rest_.empty()) return fail("a class without its ]");
    copy(1);
  }

  void escape(bool in_class) {
    if (rest_.size() < 2) return fail("a backslash at the end");
    const char c = rest_[1];
    switch (c) {
      case 's':
        return in_class ? replace(2, kSpaces) : replace(2, "[" + std::string(kSpaces) + "]");
      case 'S':
        return in_class ? replace(2, kNotSpaces) : replace(2, "[^" + std::string(kSpaces) + "]");
      case 'd':
      case 'D':
      case 'w':
      case 'W':
      case 't':
      case 'n':
      case 'v':
      case 'f':
      case 'r':
        return copy(2);
      case 'b':
        return in_class ? replace(2, "\\x08") : copy(2);
      case 'B':
        return in_class ? fail("\\B in a class") : copy(2);
      case 'c':
        return control();
      case 'p':
      case 'P':
        return property();
      case 'u':
        return unicode();
      case 'x':
        return hexadecimal();
      case 'k':
        return fail("a back-reference");
      case '0':
        return rest_.size() > 2 && is_digit(rest_[2]) ? fail("an octal escape")
                                                      : replace(2, "\\x00");
      default:
        if (is_digit(c)) return fail("a back-reference");
        if (is_letter(c)) return fail("an escape that ECMA-262 does not know");
        // A byte of a longer character stays as it is; punctuation stays escaped.
        return static_cast<unsigned char>(c) < 0x80 ? copy(2) : replace(1, "");
    }
  }

  void control() {
    if (rest_.size() < 3 || !is_letter(rest_[2])) return fail("\\c without a letter");
    const auto code = static_cast<std::uint32_t>(rest_[2]) & 0x1F;
    rest_.remove_prefix(3);
    put_code_point(code);
  }

  void hexadecimal() {
    const auto code = hex(2, 2);
    if (!code) return fail("\\x without two digits");
    rest_.remove_prefix(4);
    put_code_point(*code);
  }

  void unicode() {
    if (rest_.starts_with("\\u{")) {
      const std::size_t end = rest_.find('}');
      const auto code = end == std::string_view::npos ? std::nullopt : hex(3, end - 3);
      if (!code || *code > 0x10FFFF) return fail("\\u{...} that is no code point");
      rest_.remove_prefix(end + 1);
      return put_code_point(*code);
    }
    const auto unit = hex(2, 4);
    if (!unit) return fail("\\u without four digits");
    rest_.remove_prefix(6);
    if (*unit < 0xD800 || *unit > 0xDFFF) return put_code_point(*unit);
    const auto low = rest_.starts_with("\\u") ? hex(2, 4) : std::nullopt;
    if (*unit > 0xDBFF || !low || *low < 0xDC00 || *low > 0xDFFF) return fail("a lone surrogate");
    rest_.remove_prefix(6);
    put_code_point(0x10000 + ((*unit & 0x3FF) << 10 | (*low & 0x3FF)));
  }

  void property() {
    const std::size_t end = rest_.find('}');
    if (!rest_.substr(2).starts_with("{") || end == std::string_view::npos) {
      return fail("\\p without {...}");
    }
    std::string_view name = rest_.substr(3, end - 3);
    for (const std::string_view prefix : {"General_Category=", "gc=", "Script=", "sc="}) {
      if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    }
    for (const auto& [long_name, short_name] : kCategories) {
      if (name == long_name) name = short_name;
    }
    out_.append(rest_.substr(0, 2)).append("{").append(name).append("}");
    rest_.remove_prefix(end + 1);
  }

  void put_code_point(std::uint32_t code) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    out_ += "\\x{";
    for (int shift = 20; shift >= 0; shift -= 4) out_ += kDigits[code >> shift & 0xF];
    out_ += '}';
  }

  std::optional<std::uint32_t> hex(std::size_t from, std::size_t count) const {
    if (count == 0 || count > 6 || rest_.size() < from + count) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : rest_.substr(from, count)) {
      const int digit = hex_value(c);
      if (digit < 0) return std::nullopt;
      value = value << 4 | static_cast<std::uint32_t>(digit);
    }
    return value;
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_letter(char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }

  std::string_view rest_;
  std::string out_;
  std::string fault_;
};

}  // namespace

Result<std::string> to_re2(std::string_view ecma) { return Translator(ecma).run(); }

}  // namespace trackly::json_schema
