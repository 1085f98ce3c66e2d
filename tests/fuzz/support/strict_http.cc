#include "tests/fuzz/support/strict_http.h"

#include <cctype>
#include <cstdint>

namespace trackly::fuzz {
namespace {

struct Malformed {};
struct Partial {};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_tchar(char c) {
  return is_digit(c) || is_letter(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool is_visible(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }
bool is_text(char c) { return is_visible(c) || c == ' ' || c == '\t'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  void request(StrictMessage& message) {
    while (bytes_.substr(at_).starts_with("\r\n")) at_ += 2;
    message.method = token();
    expect(" ");
    while (is_visible(peek())) message.target += next();
    if (message.target.empty()) throw Malformed();
    expect(" ");
    message.version = version();
    expect("\r\n");
    message.fields = fields();
    message.has_head = true;
    body(message, /*to_close=*/false);
  }

  void response(StrictMessage& message, std::string_view request_method) {
    // RFC 9112 section 2.2 says so of requests; many read answers alike.
    while (bytes_.substr(at_).starts_with("\r\n")) at_ += 2;
    message.version = version();
    expect(" ");
    for (int i = 0; i < 3; ++i) {
      if (!is_digit(peek())) throw Malformed();
      message.status = message.status * 10 + (next() - '0');
    }
    // Servers that leave out the space before an empty reason are common.
    if (peek() != '\r') expect(" ");
    while (is_text(peek())) next();
    expect("\r\n");
    message.fields = fields();
    message.has_head = true;
    const bool bodiless = request_method == "HEAD" || message.status / 100 == 1 ||
                          message.status == 204 || message.status == 304;
    if (bodiless) {
      message.size = at_;
    } else {
      body(message, /*to_close=*/true);
    }
  }

 private:
  char peek() const {
    if (at_ == bytes_.size()) throw Partial();
    return bytes_[at_];
  }
  char next() {
    const char c = peek();
    ++at_;
    return c;
  }
  void expect(std::string_view text) {
    for (const char c : text) {
      if (next() != c) throw Malformed();
    }
  }
  std::string token() {
    std::string text;
    while (is_tchar(peek())) text += next();
    if (text.empty()) throw Malformed();
    return text;
  }
  std::string version() {
    expect("HTTP/1.");
    const char minor = next();
    // A later minor version is read as the one that is known (RFC 9110 section 2.5).
    if (!is_digit(minor)) throw Malformed();
    return std::string("HTTP/1.") + minor;
  }

  // Up to the empty line, which is read, too.
  StrictMessage::Fields fields() {
    StrictMessage::Fields all;
    while (peek() != '\r') {
      std::string name = token();
      expect(":");
      std::string value;
      while (is_text(peek())) value += next();
      expect("\r\n");
      const std::size_t begin = value.find_first_not_of(" \t");
      const std::size_t end = value.find_last_not_of(" \t");
      value = begin == std::string::npos ? "" : value.substr(begin, end + 1 - begin);
      all.emplace_back(std::move(name), std::move(value));
    }
    expect("\r\n");
    return all;
  }

  void body(StrictMessage& message, bool to_close) {
    const auto lengths = message.values("content-length");
    const auto codings = message.values("transfer-encoding");
    if (lengths.size() + codings.size() > 1) throw Malformed();
    if (!codings.empty()) {
      if (lower(codings.front()) != "chunked" || message.version == "HTTP/1.0") throw Malformed();
      chunks(message);
    } else if (!lengths.empty()) {
      message.body = take(number(lengths.front()));
    } else if (to_close) {
      message.body = take(bytes_.size() - at_);
    }
    message.size = at_;
  }

  static std::uint64_t number(const std::string& digits) {
    // More than 18 digits are more bytes than any input has.
    if (digits.empty()) throw Malformed();
    std::uint64_t value = 0;
    for (const char c : digits) {
      if (!is_digit(c)) throw Malformed();
      value = std::min<std::uint64_t>(value * 10 + static_cast<std::uint64_t>(c - '0'),
                                      UINT64_MAX / 20);
    }
    return value;
  }

  std::string take(std::uint64_t size) {
    if (size > bytes_.size() - at_) throw Partial();
    const std::string text(bytes_.substr(at_, size));
    at_ += size;
    return text;
  }

  void chunks(StrictMessage& message) {
    while (const std::uint64_t size = chunk_head()) {
      message.body += take(size);
      expect("\r\n");
    }
    message.trailers = fields();
  }

  std::uint64_t chunk_head() {
    if (hex_digit(peek()) < 0) throw Malformed();
    std::uint64_t size = 0;
    while (hex_digit(peek()) >= 0) {
      size = std::min<std::uint64_t>(size * 16 + static_cast<std::uint64_t>(hex_digit(next())),
                                     UINT64_MAX / 32);
    }
    // Extensions (RFC 9112 section 7.1.1) mean nothing to anybody; what counts is that they cannot
    // be taken for a part of the size, or for a line of their own.
    if (peek() != '\r') {
      while (peek() == ' ' || peek() == '\t') next();
      if (next() != ';') throw Malformed();
      while (is_text(peek())) next();
    }
    expect("\r\n");
    return size;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

template <class Read>
StrictMessage read(Read how) {
  StrictMessage message;
  try {
    how(message);
    message.state = StrictMessage::State::complete;
  } catch (const Malformed&) {
    message.state = StrictMessage::State::malformed;
  } catch (const Partial&) {
    message.state = StrictMessage::State::partial;
  }
  return message;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

std::vector<std::string> StrictMessage::values(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [field, value] : fields) {
    if (lower(field) == lower(name)) found.push_back(value);
  }
  return found;
}

StrictMessage strict_request(std::string_view bytes) {
  return read([bytes](StrictMessage& message) { Reader(bytes).request(message); });
}

StrictMessage strict_response(std::string_view bytes, std::string_view request_method) {
  return read([&](StrictMessage& message) { Reader(bytes).response(message, request_method); });
}

}  // namespace trackly::fuzz
