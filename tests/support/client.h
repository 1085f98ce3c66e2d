#pragma once

#include <nghttp2/nghttp2.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/curl.h"
#include "tests/support/wire.h"

namespace trackly::test {

/// A request of a Client.
struct ClientRequest {
  std::string method = "GET";
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string body = {};
  /// So many bytes at the end of the body are announced, but never sent.
  std::size_t held_back = 0;
};

/// What a client got of an answer.
struct ClientAnswer : HttpMessage {
  std::vector<int> interim;  // statuses of those that came before
};

/// A client's connection to the gateway on either protocol, step by step: a test can look at the
/// head of an answer before it lets the service go on with the body. One request at a time.
class Client {
 public:
  /// Throws std::runtime_error where nobody listens.
  Client(Downstream downstream, std::uint16_t port);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends the request, of its body what the gateway takes. False where the connection is over.
  bool send(const ClientRequest& request);
  /// The head of the final answer; status() is 0 where none comes in time.
  const ClientAnswer& read_head(Milliseconds timeout = kPatience);
  /// The rest of it; `complete` tells whether it came to its proper end.
  const ClientAnswer& read_answer(Milliseconds timeout = kPatience);
  /// Whether another request can be sent: the answer was complete and the connection is open.
  bool reusable() const;

 private:
  void send_h1(const ClientRequest& request);
  void read_head_h1(Milliseconds timeout);
  void send_h2(const ClientRequest& request);
  bool exchange(const Deadline& deadline);  // one read, and what nghttp2 has to say to it
  bool flush();

  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source*, void* user);
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user);
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void* user);
  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user);

  std::unique_ptr<Wire> wire_;
  nghttp2_session* session_ = nullptr;  // nullptr: HTTP/1.1
  std::string method_;
  std::string_view unsent_;  // of the body; the request's owner keeps it until the answer is read
  std::size_t held_back_ = 0;
  std::int32_t stream_ = 0;
  bool head_read_ = false;
  bool ended_ = false;   // of the stream
  bool broken_ = false;  // the connection
  ClientAnswer answer_;
};

}  // namespace trackly::test
