#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trackly::test {

/// A request or an answer as a test looks at it.
struct HttpMessage {
  std::string start_line;  // "POST /x HTTP/1.1", "HTTP/1.1 200 OK", or put together for HTTP/2
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;  // chunks joined
  std::vector<std::pair<std::string, std::string>> trailers;
  bool complete = false;  // the whole message came
  std::string raw;        // every byte of it, where it came as text

  /// The first value of that field, in whatever case; empty where there is none.
  std::string field(std::string_view name) const;
  std::string trailer(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  bool has(std::string_view name) const { return count(name) > 0; }

  std::string method() const;
  std::string target() const;
  /// 0 where the start line has none.
  int status() const;
};

/// The start line and fields of `head`, which ends with its empty line.
HttpMessage parse_head(std::string_view head);

/// "HTTP/1.1 200 OK" with these fields, a Content-Length and the body.
std::string http1_answer(int status, std::string_view body,
                         std::string_view fields = "Content-Type: application/json\r\n");

/// "POST /path HTTP/1.1" with Host, these fields, and a Content-Length where there is a body.
std::string http1_request(std::string_view method, std::string_view target, std::string_view fields,
                          std::string_view body = {});

/// One chunk of chunked coding; an empty one ends the body.
std::string http1_chunk(std::string_view data);

}  // namespace trackly::test
