#include "tests/unit/json/reference_parser.h"

#include <cstdint>
#include <set>

namespace trackly::json {
namespace {

std::string in_quotes(std::string_view text) {
  return std::to_string(text.size()) + "\"" + std::string(text) + "\"";
}

// RFC 3629, table 3-7 of the Unicode standard.
bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  const auto byte = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const auto in = [](unsigned value, unsigned low, unsigned high) {
    return value >= low && value <= high;
  };
  while (i < text.size()) {
    const unsigned a = byte(i), b = byte(i + 1), c = byte(i + 2), d = byte(i + 3);
    if (a < 0x80) {
      i += 1;
    } else if (in(a, 0xC2, 0xDF) && in(b, 0x80, 0xBF)) {
      i += 2;
    } else if (in(a, 0xE0, 0xEF) && in(b, a == 0xE0 ? 0xA0 : 0x80, a == 0xED ? 0x9F : 0xBF) &&
               in(c, 0x80, 0xBF)) {
      i += 3;
    } else if (in(a, 0xF0, 0xF4) && in(b, a == 0xF0 ? 0x90 : 0x80, a == 0xF4 ? 0x8F : 0xBF) &&
               in(c, 0x80, 0xBF) && in(d, 0x80, 0xBF)) {
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

struct Refused {};

class ReferenceParser {
 public:
  ReferenceParser(std::string_view text, std::size_t max_depth)
      : text_(text), max_depth_(max_depth) {}

  std::string document() {
    if (!is_utf8(text_)) throw Refused();
    std::string form = value(0);
    skip_space();
    if (at_ != text_.size()) throw Refused();
    return form;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool at_end() const { return at_ == text_.size(); }
  bool take(char c) {
    if (at_end() || peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) throw Refused();
  }
  void skip_space() {
    while (take(' ') || take('\t') || take('\n') || take('\r')) {
    }
  }
  bool take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  std::string value(std::size_t depth) {
    skip_space();
    if (peek() == '{') return object(depth + 1);
    if (peek() == '[') return array(depth + 1);
    if (peek() == '"') return in_quotes(string());
    for (const std::string_view word : {"true", "false", "null"}) {
      if (take_word(word)) return std::string(word);
    }
    return number();
  }

  std::string object(std::size_t depth) {
    if (depth > max_depth_) throw Refused();
    expect('{');
    std::string form = "{";
    std::set<std::string> names;
    skip_space();
    if (take('}')) return "{}";
    do {
      skip_space();
      const std::string name = string();
      if (!names.insert(name).second) throw Refused();
      skip_space();
      expect(':');
      form += in_quotes(name) + ":" + value(depth) + ",";
      skip_space();
    } while (take(','));
    expect('}');
    return form + "}";
  }

  std::string array(std::size_t depth) {
    if (depth > max_depth_) throw Refused();
    expect('[');
    std::string form = "[";
    skip_space();
    if (take(']')) return "[]";
    do {
      form += value(depth) + ",";
      skip_space();
    } while (take(','));
    expect(']');
    return form + "]";
  }

  std::string string() {
    expect('"');
    std::string out;
    for (;;) {
      if (at_end() || static_cast<unsigned char>(peek()) < 0x20) throw Refused();
      if (take('"')) return out;
      if (take('\\')) {
        escape(out);
      } else {
        out += text_[at_++];
      }
    }
  }

  void escape(std::string& out) {
    static constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
    if (at_end()) throw Refused();
    const char c = text_[at_++];
    if (c != 'u') {
      const std::size_t which = kNames.find(c);
      if (which == std::string_view::npos) throw Refused();
      out += kValues[which];
      return;
    }
    std::uint32_t point = hex4();
    if (point >= 0xDC00 && point <= 0xDFFF) throw Refused();
    if (point >= 0xD800 && point <= 0xDBFF) {
      expect('\\');
      expect('u');
      const std::uint32_t low = hex4();
      if (low < 0xDC00 || low > 0xDFFF) throw Refused();
      point = 0x10000 + (point - 0xD800) * 0x400 + (low - 0xDC00);
    }
    const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (point < 0x80) return put(point);
    if (point < 0x800) return put(0xC0 + point / 64), put(0x80 + point % 64);
    if (point < 0x10000) {
      return put(0xE0 + point / 4096), put(0x80 + point / 64 % 64), put(0x80 + point % 64);
    }
    put(0xF0 + point / 262144);
    put(0x80 + point / 4096 % 64), put(0x80 + point / 64 % 64), put(0x80 + point % 64);
  }

  std::uint32_t hex4() {
    static constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      if (at_end()) throw Refused();
      std::size_t digit = kDigits.find(text_[at_++]);
      if (digit == std::string_view::npos) throw Refused();
      if (digit > 15) digit -= 6;
      value = value * 16 + static_cast<std::uint32_t>(digit);
    }
    return value;
  }

  std::string number() {
    const std::size_t begin = at_;
    const auto digits = [this] {
      const std::size_t first = at_;
      while (peek() >= '0' && peek() <= '9') ++at_;
      if (at_ == first) throw Refused();
    };
    take('-');
    if (!take('0')) digits();
    if (take('.')) digits();
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      digits();
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string_view text_;
  std::size_t max_depth_;
  std::size_t at_ = 0;
};

}  // namespace

std::string normal_form(Value value) {
  if (value.is_string()) return in_quotes(value.string());
  if (value.is_array()) {
    std::string form = "[";
    for (const Value item : value.items()) form += normal_form(item) + ",";
    return form + "]";
  }
  if (value.is_object()) {
    std::string form = "{";
    for (const auto& [name, member] : value.members()) {
      form += in_quotes(name.string()) + ":" + normal_form(member) + ",";
    }
    return form + "}";
  }
  return std::string(value.bytes());
}

std::optional<std::string> reference_normal_form(std::string_view text, std::size_t max_depth) {
  try {
    return ReferenceParser(text, max_depth).document();
  } catch (const Refused&) {
    return std::nullopt;
  }
}

}  // namespace trackly::json
