#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trackly::fuzz {

/// An HTTP/1.x message as a second reader sees it: written from RFC 9112, and sharing no code with
/// the gateway. It takes what the grammar says and nothing else.
struct StrictMessage {
  enum class State {
    complete,
    partial,    // so far so good
    malformed,  // it breaks a rule
  };
  using Fields = std::vector<std::pair<std::string, std::string>>;

  State state = State::partial;
  bool has_head = false;  // start line and fields were read
  std::string method;     // of a request
  std::string target;     // of a request
  std::string version;    // "HTTP/1.1"
  int status = 0;         // of a response
  Fields fields;          // as they stand, in order
  std::string body;       // chunks joined
  Fields trailers;
  std::size_t size = 0;  // bytes of the message, once it is complete

  /// The values of that field, whatever its case.
  std::vector<std::string> values(std::string_view name) const;
};

/// The request that `bytes` begins with; empty lines before a message are skipped.
StrictMessage strict_request(std::string_view bytes);
/// The response that `bytes` begins with, to a request of that method. One that ends with the
/// connection is complete.
StrictMessage strict_response(std::string_view bytes, std::string_view request_method);

/// An ASCII letter in lower case.
std::string lower(std::string_view text);

}  // namespace trackly::fuzz
