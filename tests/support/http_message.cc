#include "tests/support/http_message.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "gateway/api/ascii.h"

namespace trackly::test {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string find(const Fields& fields, std::string_view name) {
  for (const auto& [field, value] : fields) {
    if (ascii_iequals(field, name)) return value;
  }
  return {};
}

/// The n-th word of a start line.
std::string word(std::string_view line, int n) {
  for (; n > 0; --n) {
    const auto space = line.find(' ');
    if (space == line.npos) return {};
    line.remove_prefix(space + 1);
  }
  return std::string(line.substr(0, line.find(' ')));
}

}  // namespace

std::string HttpMessage::field(std::string_view name) const { return find(fields, name); }
std::string HttpMessage::trailer(std::string_view name) const { return find(trailers, name); }

std::size_t HttpMessage::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(), [&](const auto& f) { return ascii_iequals(f.first, name); }));
}

std::string HttpMessage::method() const { return word(start_line, 0); }
std::string HttpMessage::target() const { return word(start_line, 1); }
int HttpMessage::status() const { return std::atoi(word(start_line, 1).c_str()); }

HttpMessage parse_head(std::string_view head) {
  HttpMessage message;
  bool first = true;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == head.npos ? head.size() : end + 2);
    if (line.empty()) break;
    if (first) {
      message.start_line = line;
      first = false;
      continue;
    }
    const auto colon = line.find(':');
    const std::string_view value =
        colon == line.npos ? std::string_view() : trim_ows(line.substr(colon + 1));
    message.fields.emplace_back(line.substr(0, colon), value);
  }
  return message;
}

std::string http1_answer(int status, std::string_view body, std::string_view fields) {
  return "HTTP/1.1 " + std::to_string(status) + " Whatever\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string http1_request(std::string_view method, std::string_view target, std::string_view fields,
                          std::string_view body) {
  std::string text = std::string(method) + " " + std::string(target) +
                     " HTTP/1.1\r\nHost: gateway.test\r\n" + std::string(fields);
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

std::string http1_chunk(std::string_view data) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + std::string(data) + "\r\n";
}

}  // namespace trackly::test
