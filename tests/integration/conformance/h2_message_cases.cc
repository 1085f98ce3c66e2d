// Messages in HTTP/2: h2spec's http2/8, and what RFC 9113 section 8 says beyond it.

#include "tests/integration/conformance/h2_cases.h"

namespace trackly::test {
namespace {

using Fields = H2Client::Fields;
using Result = testing::AssertionResult;

constexpr std::string_view kBody = "test";

Result resets_request(H2CaseClient& client, const Fields& fields) {
  client.send(client.frames.headers(1, fields, true));
  return client.breaks_stream(1, {kProtocolError});
}

Result resets_get_with(H2CaseClient& client, const Fields& more) {
  return resets_request(client, client.get(more));
}

Fields without(Fields fields, std::string_view name) {
  std::erase_if(fields, [name](const auto& field) { return field.first == name; });
  return fields;
}

Fields with_value(Fields fields, std::string_view name, std::string_view value) {
  for (auto& field : fields) {
    if (field.first == name) field.second = value;
  }
  return fields;
}

Fields with_first(Fields fields, std::string name, std::string value) {
  fields.insert(fields.begin(), {std::move(name), std::move(value)});
  return fields;
}

/// A POST that said how long its body is.
Result resets_body(H2CaseClient& client, std::string length, std::initializer_list<int> pieces) {
  client.send(client.open_post(1, {{"content-length", std::move(length)}}));
  std::size_t left = pieces.size();
  for (const int size : pieces) {
    client.send(H2Wire::data(1, std::string(static_cast<std::size_t>(size), 'x'), --left == 0));
  }
  return client.breaks_stream(1, {kProtocolError});
}

}  // namespace

std::vector<H2Case> http2_message_cases() {
  return {
      {"8.1/1", "Sends a second HEADERS frame without the END_STREAM flag",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::data(1, kBody, false),
                      client.frames.headers(1, {{"x-test", "ok"}}, false)});
         return client.breaks_stream(1, {kProtocolError});
       }},
      {"8.1", "Sends DATA after trailers",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), client.frames.headers(1, {{"x-test", "ok"}}, true),
                      H2Wire::data(1, kBody, true)});
         return client.breaks_stream(1, {kStreamClosed});
       }},
      {"8.1.2/1", "Sends a HEADERS frame that contains the header field name in uppercase letters",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{"X-TEST", "ok"}});
       }},

      // ------------------------------------------------------------------ pseudo-header fields
      {"8.1.2.1/1", "Sends a HEADERS frame that contains a unknown pseudo-header field",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{":test", "ok"}});
       }},
      {"8.1.2.1/2",
       "Sends a HEADERS frame that contains the pseudo-header field defined for response",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{":status", "200"}});
       }},
      {"8.1.2.1/3", "Sends a HEADERS frame that contains a pseudo-header field as trailers",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::data(1, kBody, false),
                      client.frames.headers(1, {{":method", "POST"}}, true)});
         return client.breaks_stream(1, {kProtocolError});
       }},
      {"8.1.2.1/3", "Sends a pseudo-header field as trailers without END_STREAM",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::data(1, kBody, false),
                      client.frames.headers(1, {{":method", "POST"}}, false)});
         return client.breaks_stream(1, {kProtocolError});
       }},
      {"8.1.2.1/4",
       "Sends a HEADERS frame that contains a pseudo-header field that appears after a regular "
       "header field",
       [](H2CaseClient& client) {
         return resets_request(client, with_first(client.get(), "x-test", "ok"));
       }},
      {"8.1.2.1", "Sends an empty unknown pseudo-header field",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{":", "ok"}});
       }},

      // ------------------------------------------------------------------ connection fields
      {"8.1.2.2/1", "Sends a HEADERS frame that contains the connection-specific header field",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{"connection", "close"}});
       }},
      {"8.1.2.2", "Sends keep-alive",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{"keep-alive", "300"}});
       }},
      {"8.1.2.2", "Sends proxy-connection",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{"proxy-connection", "close"}});
       }},
      {"8.1.2.2", "Sends transfer-encoding",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{"transfer-encoding", "chunked"}});
       }},
      {"8.1.2.2", "Sends upgrade",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{"upgrade", "websocket"}});
       }},
      {"8.1.2.2/2", "Sends a HEADERS frame that contains the TE header field with other values",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{"te", "trailers, deflate;q=0.5"}});
       }},
      {"8.1.2.2", "Sends a TE header field with trailers",
       [](H2CaseClient& client) {
         client.send(client.get_frame(1, {{"te", "trailers"}}));
         return client.answers(1);
       }},

      // ------------------------------------------------------------------ request fields
      {"8.1.2.3/1", "Sends a HEADERS frame with empty path pseudo-header field",
       [](H2CaseClient& client) {
         return resets_request(client, with_value(client.get(), ":path", ""));
       }},
      {"8.1.2.3/2", "Sends a HEADERS frame that omits method pseudo-header field",
       [](H2CaseClient& client) {
         return resets_request(client, without(client.get(), ":method"));
       }},
      {"8.1.2.3/3", "Sends a HEADERS frame that omits scheme pseudo-header field",
       [](H2CaseClient& client) {
         return resets_request(client, without(client.get(), ":scheme"));
       }},
      {"8.1.2.3/4", "Sends a HEADERS frame that omits path pseudo-header field",
       [](H2CaseClient& client) { return resets_request(client, without(client.get(), ":path")); }},
      {"8.1.2.3/5", "Sends a HEADERS frame with duplicated method pseudo-header field",
       [](H2CaseClient& client) {
         return resets_request(client, with_first(client.get(), ":method", "GET"));
       }},
      {"8.1.2.3/6", "Sends a HEADERS frame with duplicated scheme pseudo-header field",
       [](H2CaseClient& client) {
         return resets_request(client, with_first(client.get(), ":scheme", "http"));
       }},
      {"8.1.2.3/7", "Sends a HEADERS frame with duplicated path pseudo-header field",
       [](H2CaseClient& client) {
         return resets_request(client, with_first(client.get(), ":path", "/"));
       }},
      {"8.1.2.3", "Sends a HEADERS frame with duplicated authority pseudo-header field",
       [](H2CaseClient& client) {
         return resets_request(client, with_first(client.get(), ":authority", "x"));
       }},
      {"8.1.2.3", "Sends a path that does not begin with a slash",
       [](H2CaseClient& client) {
         return resets_request(client, with_value(client.get(), ":path", "nowhere"));
       }},
      {"8.1.2.3", "Sends GET of an asterisk",
       [](H2CaseClient& client) {
         return resets_request(client, with_value(client.get(), ":path", "*"));
       }},
      {"8.1.2.3", "Sends OPTIONS of an asterisk",
       [](H2CaseClient& client) {
         client.send(
             client.frames.headers(1, with_value(client.request("OPTIONS"), ":path", "*"), true));
         return client.answers(1);
       }},
      {"8.3", "Sends CONNECT with a path",
       [](H2CaseClient& client) { return resets_request(client, client.request("CONNECT")); }},
      {"8.3", "Sends CONNECT without authority",
       [](H2CaseClient& client) {
         return resets_request(client, {{":method", "CONNECT"}});
       }},
      {"8.3", "Sends CONNECT",
       [](H2CaseClient& client) {
         client.send(client.frames.headers(
             1, {{":method", "CONNECT"}, {":authority", "example.com:443"}}, true));
         return client.answers(1);
       }},
      {"RFC 8441", "Sends an extended CONNECT that nobody offered",
       [](H2CaseClient& client) {
         return resets_request(client,
                               with_first(client.request("CONNECT"), ":protocol", "websocket"));
       }},

      // ------------------------------------------------------------------ content-length
      {"8.1.2.6/1",
       "Sends a HEADERS frame with the content-length header field which does not equal the DATA "
       "frame payload length",
       [](H2CaseClient& client) { return resets_body(client, "1", {4}); }},
      {"8.1.2.6/2",
       "Sends a HEADERS frame with the content-length header field which does not equal the sum of "
       "the multiple DATA frames payload length",
       [](H2CaseClient& client) {
         return resets_body(client, "1", {4, 4});
       }},
      {"8.1.2.6", "Sends fewer bytes than content-length",
       [](H2CaseClient& client) {
         return resets_body(client, "9", {4, 4});
       }},
      {"8.1.2.6", "Sends a length and no body",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{"content-length", "4"}});
       }},
      {"8.1.2.6", "Sends fewer bytes than content-length and then trailers",
       [](H2CaseClient& client) {
         client.send({client.open_post(1, {{"content-length", "9"}}), H2Wire::data(1, kBody, false),
                      client.frames.headers(1, {{"x-test", "ok"}}, true)});
         return client.breaks_stream(1, {kProtocolError});
       }},
      {"8.1.2.6", "Sends two lengths",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{"content-length", "0"}, {"content-length", "0"}});
       }},
      {"8.1.2.6", "Sends a length with a sign",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{"content-length", "+0"}});
       }},
      {"8.1.2.6", "Sends a list of lengths",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{"content-length", "0, 0"}});
       }},
      {"8.1.2.6", "Sends an empty length",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{"content-length", ""}});
       }},
      {"8.1.2.6", "Sends a length beyond 64 bits",
       [](H2CaseClient& client) {
         return resets_get_with(client, {{"content-length", "18446744073709551616"}});
       }},

      // ------------------------------------------------------------------ 8.2: server push
      {"8.2/1", "Sends a PUSH_PROMISE frame",
       [](H2CaseClient& client) {
         client.send({client.get_frame(1),
                      H2Wire::frame(NGHTTP2_PUSH_PROMISE, kEndHeaders, 1,
                                    std::string("\0\0\0\x2", 4) + client.block(client.get()))});
         return client.breaks_connection({kProtocolError});
       }},
  };
}

}  // namespace trackly::test
