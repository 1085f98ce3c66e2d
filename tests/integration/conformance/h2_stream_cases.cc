// Streams and their states: h2spec's http2/5.

#include "tests/integration/conformance/h2_cases.h"

namespace trackly::test {
namespace {

using Result = testing::AssertionResult;

constexpr std::string_view kBody = "test";

/// The first stream of the connection, answered and closed on both sides.
Result closes_stream(H2CaseClient& client) {
  client.send(client.get_frame(1));
  return client.answers(1);
}

std::string reset_post(H2CaseClient& client) {
  return client.open_post(1) + H2Wire::rst_stream(1, kCancel);
}

std::string some_continuation(H2CaseClient& client) {
  return H2Client::continuation(1, client.block({{"x-dummy0", "x"}}), true);
}

}  // namespace

std::vector<H2Case> http2_stream_cases() {
  return {
      // ------------------------------------------------------------------ 5.1: states
      {"5.1/1", "idle: Sends a DATA frame",
       [](H2CaseClient& client) {
         client.send(H2Wire::data(1, kBody, true));
         return client.breaks_connection({kProtocolError});
       }},
      {"5.1/2", "idle: Sends a RST_STREAM frame",
       [](H2CaseClient& client) {
         client.send(H2Wire::rst_stream(1, kCancel));
         return client.breaks_connection({kProtocolError});
       }},
      {"5.1/3", "idle: Sends a WINDOW_UPDATE frame",
       [](H2CaseClient& client) {
         client.send(H2Wire::window_update(1, 100));
         return client.breaks_connection({kProtocolError});
       }},
      {"5.1/4", "idle: Sends a CONTINUATION frame",
       [](H2CaseClient& client) {
         client.send(H2Client::continuation(1, client.block(client.get()), true));
         return client.breaks_connection({kProtocolError});
       }},
      {"5.1/5", "half closed (remote): Sends a DATA frame",
       [](H2CaseClient& client) {
         client.send({client.get_frame(1), H2Wire::data(1, kBody, true)});
         return client.breaks_stream(1, {kStreamClosed});
       }},
      {"5.1/6", "half closed (remote): Sends a HEADERS frame",
       [](H2CaseClient& client) {
         client.send({client.get_frame(1), client.get_frame(1)});
         return client.breaks_stream(1, {kStreamClosed});
       }},
      {"5.1/7", "half closed (remote): Sends a CONTINUATION frame",
       [](H2CaseClient& client) {
         client.send({client.get_frame(1), some_continuation(client)});
         return client.breaks_stream(1, {kStreamClosed, kProtocolError});
       }},
      {"5.1/8", "closed: Sends a DATA frame after sending RST_STREAM frame",
       [](H2CaseClient& client) {
         client.send({reset_post(client), H2Wire::data(1, kBody, true)});
         return client.breaks_stream(1, {kStreamClosed});
       }},
      {"5.1/9", "closed: Sends a HEADERS frame after sending RST_STREAM frame",
       [](H2CaseClient& client) {
         client.send({reset_post(client), client.get_frame(1)});
         return client.breaks_stream(1, {kStreamClosed});
       }},
      {"5.1/10", "closed: Sends a CONTINUATION frame after sending RST_STREAM frame",
       [](H2CaseClient& client) {
         client.send({reset_post(client), some_continuation(client)});
         return client.breaks_stream(1, {kStreamClosed, kProtocolError});
       }},
      {"5.1/11", "closed: Sends a DATA frame",
       [](H2CaseClient& client) {
         if (const auto closed = closes_stream(client); !closed) return closed;
         client.send(H2Wire::data(1, kBody, true));
         return client.breaks_connection({kStreamClosed});
       }},
      {"5.1/12", "closed: Sends a HEADERS frame",
       [](H2CaseClient& client) {
         if (const auto closed = closes_stream(client); !closed) return closed;
         client.send(client.get_frame(1));
         return client.breaks_connection({kStreamClosed});
       }},
      {"5.1/13", "closed: Sends a CONTINUATION frame",
       [](H2CaseClient& client) {
         if (const auto closed = closes_stream(client); !closed) return closed;
         client.send(some_continuation(client));
         return client.breaks_connection({kStreamClosed, kProtocolError});
       }},
      {"5.1", "closed: Sends WINDOW_UPDATE, RST_STREAM and PRIORITY frames",
       [](H2CaseClient& client) {
         if (const auto closed = closes_stream(client); !closed) return closed;
         client.send({H2Wire::window_update(1, 100), H2Wire::rst_stream(1, kCancel),
                      H2Client::priority(1, 0)});
         return client.acknowledges_ping();
       }},
      {"5.1", "closed by the server: Sends DATA and trailers that crossed its RST_STREAM",
       [](H2CaseClient& client) {
         // Malformed, so that the server resets it.
         client.send(client.open_post(1, {{"connection", "close"}}));
         if (const auto reset = client.breaks_stream(1, {kProtocolError}); !reset) return reset;
         client.send(
             {H2Wire::data(1, kBody, false), client.frames.headers(1, {{"x-trailer", "1"}}, true)});
         return client.acknowledges_ping();
       }},
      {"5.1", "closed by the server: Sends DATA together with the HEADERS that are refused",
       [](H2CaseClient& client) {
         client.send({client.open_post(1, {{"connection", "close"}}), H2Wire::data(1, kBody, false),
                      client.frames.headers(1, {{"x-trailer", "1"}}, true)});
         return client.breaks_stream(1, {kProtocolError});
       }},

      // ------------------------------------------------------------------ 5.1.1: identifiers
      {"5.1.1/1", "Sends even-numbered stream identifier",
       [](H2CaseClient& client) {
         client.send(client.get_frame(2));
         return client.breaks_connection({kProtocolError});
       }},
      {"5.1.1/2", "Sends stream identifier that is numerically smaller than previous",
       [](H2CaseClient& client) {
         client.send({client.get_frame(5), client.get_frame(3)});
         return client.breaks_connection({kProtocolError});
       }},
      {"5.1.1/2", "Sends a smaller stream identifier when the previous stream is closed",
       [](H2CaseClient& client) {
         client.send(client.get_frame(5));
         if (const auto answered = client.answers(5); !answered) return answered;
         client.send(client.get_frame(3));
         return client.breaks_connection({kProtocolError});
       }},
      {"5.1.1/3", "Sends HEADERS frame with the stream which is in half-closed (remote) state",
       [](H2CaseClient& client) {
         client.send({client.get_frame(5), client.get_frame(5)});
         return client.breaks_stream(5, {kStreamClosed});
       }},

      // ------------------------------------------------------------------ 5.1.2: concurrency
      {"5.1.2/1",
       "Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded",
       [](H2CaseClient& client) {
         client.send(H2Wire::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}));
         for (std::int32_t i = 0; i <= kMaxStreams; ++i) client.send(client.get_frame(2 * i + 1));
         return client.breaks_stream(2 * kMaxStreams + 1, {kRefusedStream, kProtocolError});
       }},
      {"5.1.2", "Sends bodies on streams beyond the limit before it knows of the limit",
       [](H2CaseClient& client) {
         std::string frames = H2Wire::client_preface();
         for (std::int32_t i = 0; i < 2 * kMaxStreams; ++i) {
           frames += client.open_post(2 * i + 1);
           frames += H2Wire::data(2 * i + 1, kBody, false);
         }
         frames += H2Wire::data(4 * kMaxStreams - 1, kBody, true);
         client.send(frames);
         return client.breaks_stream(4 * kMaxStreams - 1, {kRefusedStream});
       },
       true},

      // ------------------------------------------------------------------ 5.3.1: dependencies
      {"5.3.1/1", "Sends HEADERS frame that depends on itself",
       [](H2CaseClient& client) {
         const std::string block = H2Client::priority_fields(1) + client.block(client.get());
         client.send(H2Client::headers_frame(1, block, kEndStream | kEndHeaders | kWithPriority));
         return client.breaks_stream(1, {kProtocolError});
       }},
      {"5.3.1/2", "Sends PRIORITY frame that depend on itself",
       [](H2CaseClient& client) {
         client.send(H2Client::priority(2, 2));
         return client.breaks_stream(2, {kProtocolError});
       }},

      // ------------------------------------------------------------------ 5.4.1, 5.5
      {"5.4.1/1", "Sends an invalid PING frame for connection close",
       [](H2CaseClient& client) {
         client.send(H2Wire::frame(NGHTTP2_PING, 0, 0, ""));
         return client.closes_connection();
       }},
      {"5.4.1/2", "Sends an invalid PING frame to receive GOAWAY frame",
       [](H2CaseClient& client) {
         client.send(H2Wire::frame(NGHTTP2_PING, 0, 0, ""));
         return client.breaks_connection({kFrameSizeError});
       }},
      {"5.5/1", "Sends an unknown extension frame",
       [](H2CaseClient& client) {
         client.send(H2Wire::frame(0x16, 0, 0, "12345678"));
         return client.acknowledges_ping();
       }},
      {"5.5/2", "Sends an unknown extension frame in the middle of a header block",
       [](H2CaseClient& client) {
         client.send({client.frames.unfinished_headers(1, client.get()),
                      H2Wire::frame(0x16, 0, 0, "12345678")});
         return client.breaks_connection({kProtocolError});
       }},
      {"5.5", "Sends extension frames on an idle, an open and a closed stream",
       [](H2CaseClient& client) {
         client.send({H2Wire::frame(0x16, 0xff, 1, ""), client.open_post(1),
                      H2Wire::frame(0x16, 0xff, 1, "12345678"), H2Wire::data(1, kBody, true)});
         if (const auto answered = client.answers(1); !answered) return answered;
         client.send(H2Wire::frame(0x16, 0xff, 1, "12345678"));
         return client.acknowledges_ping();
       }},
  };
}

}  // namespace trackly::test
