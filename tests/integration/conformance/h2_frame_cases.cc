// Frames as such: h2spec's http2/3, http2/4, http2/6 and http2/7.

#include "tests/integration/conformance/h2_cases.h"

namespace trackly::test {
namespace {

using Result = testing::AssertionResult;

constexpr std::string_view kBody = "test";
constexpr std::uint8_t kUnknownType = 0x16;
constexpr std::uint32_t kMaxWindow = 0x7fffffff;

std::string block_of_many_fields(H2CaseClient& client, int fields, std::size_t bytes) {
  H2Client::Fields all = client.get();
  for (int i = 0; i < fields; ++i) {
    all.emplace_back("x-dummy" + std::to_string(i), std::string(bytes, 'x'));
  }
  return client.block(all);
}

Result sets(H2CaseClient& client, std::uint16_t id, std::uint32_t value, std::uint32_t error) {
  client.send(H2Wire::settings({{id, value}}));
  return client.breaks_connection({error});
}

Result breaks_connection_by(H2CaseClient& client, H2Client::Frames frames, std::uint32_t error) {
  client.send(frames);
  return client.breaks_connection({error});
}

std::string window_settings(std::uint32_t bytes) {
  return H2Wire::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, bytes}});
}

Result sends_one_byte(H2CaseClient& client) {
  const std::string data = client.wait_for("DATA 1 ");
  if (data.size() == std::string_view("DATA 1 x").size()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "not one byte: " << data;
}

}  // namespace

std::vector<H2Case> http2_frame_cases() {
  return {
      {"3.5/1", "Sends client connection preface",
       [](H2CaseClient& client) {
         client.send(H2Wire::client_preface());
         // Nothing may come before the server's settings.
         const std::string first = client.wait_for("");
         if (first != "SETTINGS") return testing::AssertionFailure() << first;
         return client.acknowledges_ping();
       },
       true},
      {"3.5/2", "Sends invalid connection preface",
       [](H2CaseClient& client) {
         client.send("INVALID CONNECTION PREFACE\r\n\r\n");
         client.wire().finish_sending();
         client.wire().read_to_end();
         return client.wire().ended() == Wire::End::closed
                    ? testing::AssertionSuccess()
                    : testing::AssertionFailure() << "the connection goes on";
       },
       true},
      {"3.5", "Sends a preface and then a frame other than SETTINGS",
       [](H2CaseClient& client) {
         client.send({std::string(NGHTTP2_CLIENT_MAGIC), H2Wire::ping()});
         return client.breaks_connection({kProtocolError});
       },
       true},

      // ------------------------------------------------------------------ 4.1: format
      {"4.1/1", "Sends a frame with unknown type",
       [](H2CaseClient& client) {
         client.send(H2Wire::frame(kUnknownType, 0, 0, "12345678"));
         return client.acknowledges_ping();
       }},
      {"4.1/2", "Sends a frame with undefined flag",
       [](H2CaseClient& client) {
         client.send(H2Wire::frame(NGHTTP2_PING, 0x16, 0, "12345678"));
         return client.receives("PING ack");
       }},
      {"4.1/3", "Sends a frame with reserved field bit",
       [](H2CaseClient& client) {
         client.send(H2Wire::frame(NGHTTP2_PING, 0, INT32_MIN, "12345678"));
         return client.receives("PING ack");
       }},

      // ------------------------------------------------------------------ 4.2: size
      {"4.2/1", "Sends a DATA frame with 2^14 octets in length",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::data(1, std::string(kMaxFrame, 'x'), true)});
         return client.answers(1);
       }},
      {"4.2/2", "Sends a large size DATA frame that exceeds the SETTINGS_MAX_FRAME_SIZE",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::data(1, std::string(kMaxFrame + 1, 'x'), true)});
         return client.breaks_stream(1, {kFrameSizeError});
       }},
      {"4.2/3", "Sends a large size HEADERS frame that exceeds the SETTINGS_MAX_FRAME_SIZE",
       [](H2CaseClient& client) {
         client.send(H2Client::headers_frame(1, block_of_many_fields(client, 5, 4000),
                                             kEndStream | kEndHeaders));
         return client.breaks_connection({kFrameSizeError});
       }},

      // ------------------------------------------------------------------ 4.3: field sections
      {"4.3/1", "Sends invalid header block fragment",
       [](H2CaseClient& client) {
         // A literal of a name that does not come.
         client.send(H2Client::headers_frame(1, "\x40", kEndStream | kEndHeaders));
         return client.breaks_connection({kCompressionError});
       }},
      {"4.3/2", "Sends a PRIORITY frame while sending the header blocks",
       [](H2CaseClient& client) {
         client.send({H2Client::headers_frame(1, client.block(client.get()), kEndStream),
                      H2Client::priority(1, 0)});
         return client.breaks_connection({kProtocolError});
       }},
      {"4.3/3", "Sends a HEADERS frame to another stream while sending the header blocks",
       [](H2CaseClient& client) {
         client.send({H2Client::headers_frame(1, client.block(client.get()), kEndStream),
                      client.get_frame(3)});
         return client.breaks_connection({kProtocolError});
       }},
  };
}

std::vector<H2Case> http2_frame_type_cases() {
  return {
      // ------------------------------------------------------------------ 6.1: DATA
      {"6.1/1", "Sends a DATA frame with 0x0 stream identifier",
       [](H2CaseClient& client) {
         return breaks_connection_by(client, {H2Wire::data(0, kBody, true)}, kProtocolError);
       }},
      {"6.1/2", "Sends a DATA frame on the stream that is not in open or half-closed (local) state",
       [](H2CaseClient& client) {
         client.send({client.get_frame(1), H2Wire::data(1, kBody, true)});
         return client.breaks_stream(1, {kStreamClosed});
       }},
      {"6.1/3", "Sends a DATA frame with invalid pad length",
       [](H2CaseClient& client) {
         client.send(client.open_post(1));
         return breaks_connection_by(
             client, {H2Wire::frame(NGHTTP2_DATA, kEndStream | kPadded, 1, "\x06Test")},
             kProtocolError);
       }},
      {"6.1", "Sends a DATA frame with nothing but padding",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::padded_data(1, "", 255, false),
                      H2Wire::padded_data(1, "", 0, true)});
         return client.answers(1);
       }},
      {"6.1", "Sends a DATA frame with padding flag and no pad length",
       [](H2CaseClient& client) {
         client.send(client.open_post(1));
         return breaks_connection_by(client, {H2Wire::frame(NGHTTP2_DATA, kPadded, 1, "")},
                                     kProtocolError);
       }},

      // ------------------------------------------------------------------ 6.2: HEADERS
      {"6.2/1", "Sends a HEADERS frame without the END_HEADERS flag and a PRIORITY frame",
       [](H2CaseClient& client) {
         return breaks_connection_by(
             client, {client.frames.unfinished_headers(1, client.get()), H2Client::priority(1, 0)},
             kProtocolError);
       }},
      {"6.2/2", "Sends a HEADERS frame to another stream while sending a HEADERS frame",
       [](H2CaseClient& client) {
         return breaks_connection_by(client,
                                     {client.frames.unfinished_headers(1, client.get()),
                                      client.frames.unfinished_headers(3, client.get())},
                                     kProtocolError);
       }},
      {"6.2/3", "Sends a HEADERS frame with 0x0 stream identifier",
       [](H2CaseClient& client) {
         return breaks_connection_by(client, {client.get_frame(0)}, kProtocolError);
       }},
      {"6.2/4", "Sends a HEADERS frame with invalid pad length",
       [](H2CaseClient& client) {
         const std::string block = client.block(client.get());
         return breaks_connection_by(
             client,
             {H2Client::headers_frame(1, static_cast<char>(block.size() + 1) + block,
                                      kEndStream | kEndHeaders | kPadded)},
             kProtocolError);
       }},
      {"6.2", "Sends a HEADERS frame that is too short for its priority",
       [](H2CaseClient& client) {
         return breaks_connection_by(
             client, {H2Client::headers_frame(1, "123", kEndStream | kEndHeaders | kWithPriority)},
             kFrameSizeError);
       }},

      // ------------------------------------------------------------------ 6.3: PRIORITY
      {"6.3/1", "Sends a PRIORITY frame with 0x0 stream identifier",
       [](H2CaseClient& client) {
         return breaks_connection_by(client, {H2Client::priority(0, 0)}, kProtocolError);
       }},
      {"6.3/2", "Sends a PRIORITY frame with a length other than 5 octets",
       [](H2CaseClient& client) {
         client.send({client.get_frame(1), H2Wire::frame(NGHTTP2_PRIORITY, 0, 1, "1234")});
         return client.breaks_stream(1, {kFrameSizeError});
       }},

      // ------------------------------------------------------------------ 6.4: RST_STREAM
      {"6.4/1", "Sends a RST_STREAM frame with 0x0 stream identifier",
       [](H2CaseClient& client) {
         return breaks_connection_by(client, {H2Wire::rst_stream(0, kCancel)}, kProtocolError);
       }},
      {"6.4/2", "Sends a RST_STREAM frame on a idle stream",
       [](H2CaseClient& client) {
         return breaks_connection_by(client, {H2Wire::rst_stream(1, kCancel)}, kProtocolError);
       }},
      {"6.4/3", "Sends a RST_STREAM frame with a length other than 4 octets",
       [](H2CaseClient& client) {
         client.send(client.get_frame(1));
         return breaks_connection_by(client, {H2Wire::frame(NGHTTP2_RST_STREAM, 0, 1, "123")},
                                     kFrameSizeError);
       }},

      // ------------------------------------------------------------------ 6.5: SETTINGS
      {"6.5/1", "Sends a SETTINGS frame with ACK flag and payload",
       [](H2CaseClient& client) {
         return breaks_connection_by(
             client, {H2Wire::frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, std::string(1, '\0'))},
             kFrameSizeError);
       }},
      {"6.5/2", "Sends a SETTINGS frame with a stream identifier other than 0x0",
       [](H2CaseClient& client) {
         return breaks_connection_by(
             client, {H2Wire::frame(NGHTTP2_SETTINGS, 0, 1, std::string("\0\x3\0\0\0\x64", 6))},
             kProtocolError);
       }},
      {"6.5/3", "Sends a SETTINGS frame with a length other than a multiple of 6 octets",
       [](H2CaseClient& client) {
         return breaks_connection_by(
             client, {H2Wire::frame(NGHTTP2_SETTINGS, 0, 0, std::string("\0\x3\0", 3))},
             kFrameSizeError);
       }},
      {"6.5.2/1", "SETTINGS_ENABLE_PUSH (0x2) - Sends the value other than 0 or 1",
       [](H2CaseClient& client) {
         return sets(client, NGHTTP2_SETTINGS_ENABLE_PUSH, 2, kProtocolError);
       }},
      {"6.5.2/2",
       "SETTINGS_INITIAL_WINDOW_SIZE (0x4) - Sends the value above the maximum flow control window",
       [](H2CaseClient& client) {
         return sets(client, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kMaxWindow + 1,
                     kFlowControlError);
       }},
      {"6.5.2/3", "SETTINGS_MAX_FRAME_SIZE (0x5) - Sends the value below the initial value",
       [](H2CaseClient& client) {
         return sets(client, NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 16383, kProtocolError);
       }},
      {"6.5.2/4",
       "SETTINGS_MAX_FRAME_SIZE (0x5) - Sends the value above the maximum allowed frame size",
       [](H2CaseClient& client) {
         return sets(client, NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 16777216, kProtocolError);
       }},
      {"6.5.2/5", "Sends a SETTINGS frame with unknown identifier",
       [](H2CaseClient& client) {
         client.send(H2Wire::settings({{0xff, 1}}));
         return client.acknowledges_ping();
       }},
      {"6.5.3/1", "Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE",
       [](H2CaseClient& client) {
         client.send(H2Wire::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 100},
                                       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1}}));
         if (const auto acknowledged = client.receives("SETTINGS ack"); !acknowledged) {
           return acknowledged;
         }
         client.send(client.get_frame(1));
         return sends_one_byte(client);
       }},
      {"6.5.3/2", "Sends a SETTINGS frame without ACK flag",
       [](H2CaseClient& client) {
         client.send(H2Wire::settings({{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}}));
         return client.receives("SETTINGS ack");
       }},

      // ------------------------------------------------------------------ 6.7: PING
      {"6.7/1", "Sends a PING frame",
       [](H2CaseClient& client) { return client.acknowledges_ping(); }},
      {"6.7/2", "Sends a PING frame with ACK",
       [](H2CaseClient& client) {
         client.send(H2Wire::frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "invalid\n"));
         return client.acknowledges_ping();
       }},
      {"6.7/3", "Sends a PING frame with a stream identifier field value other than 0x0",
       [](H2CaseClient& client) {
         return breaks_connection_by(client, {H2Wire::frame(NGHTTP2_PING, 0, 1, "12345678")},
                                     kProtocolError);
       }},
      {"6.7/4", "Sends a PING frame with a length field value other than 8",
       [](H2CaseClient& client) {
         return breaks_connection_by(client, {H2Wire::frame(NGHTTP2_PING, 0, 0, "123456")},
                                     kFrameSizeError);
       }},

      // ------------------------------------------------------------------ 6.8: GOAWAY
      {"6.8/1", "Sends a GOAWAY frame with a stream identifier other than 0x0",
       [](H2CaseClient& client) {
         return breaks_connection_by(
             client, {H2Wire::frame(NGHTTP2_GOAWAY, 0, 1, std::string(8, '\0'))}, kProtocolError);
       }},
      {"6.8", "Sends a GOAWAY frame while a request is open",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::goaway(0, NGHTTP2_NO_ERROR),
                      H2Wire::data(1, kBody, true)});
         if (const auto answered = client.answers(1); !answered) return answered;
         return client.closes_connection();
       }},

      // ------------------------------------------------------------------ 6.9: WINDOW_UPDATE
      {"6.9/1", "Sends a WINDOW_UPDATE frame with a flow control window increment of 0",
       [](H2CaseClient& client) {
         return breaks_connection_by(client, {H2Wire::window_update(0, 0)}, kProtocolError);
       }},
      {"6.9/2", "Sends a WINDOW_UPDATE frame with a flow control window increment of 0 on a stream",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::window_update(1, 0)});
         return client.breaks_stream(1, {kProtocolError});
       }},
      {"6.9/3", "Sends a WINDOW_UPDATE frame with a length other than 4 octets",
       [](H2CaseClient& client) {
         return breaks_connection_by(client, {H2Wire::frame(NGHTTP2_WINDOW_UPDATE, 0, 0, "123")},
                                     kFrameSizeError);
       }},
      {"6.9.1/1", "Sends SETTINGS frame to set the initial window size to 1 and sends HEADERS",
       [](H2CaseClient& client) {
         client.send(window_settings(1));
         if (const auto acknowledged = client.receives("SETTINGS ack"); !acknowledged) {
           return acknowledged;
         }
         client.send(client.get_frame(1));
         return sends_one_byte(client);
       }},
      {"6.9.1/2",
       "Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1",
       [](H2CaseClient& client) {
         return breaks_connection_by(
             client, {H2Wire::window_update(0, kMaxWindow), H2Wire::window_update(0, kMaxWindow)},
             kFlowControlError);
       }},
      {"6.9.1/3",
       "Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on "
       "a stream",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::window_update(1, kMaxWindow),
                      H2Wire::window_update(1, kMaxWindow)});
         return client.breaks_stream(1, {kFlowControlError});
       }},
      {"6.9.2/1", "Changes SETTINGS_INITIAL_WINDOW_SIZE after sending HEADERS frame",
       [](H2CaseClient& client) {
         client.send(window_settings(0));
         if (const auto acknowledged = client.receives("SETTINGS ack"); !acknowledged) {
           return acknowledged;
         }
         client.send(client.get_frame(1));
         client.send(window_settings(1));
         return sends_one_byte(client);
       }},
      {"6.9.2/2", "Sends a SETTINGS frame for window size to be negative",
       [](H2CaseClient& client) {
         client.send(window_settings(3));
         if (const auto acknowledged = client.receives("SETTINGS ack"); !acknowledged) {
           return acknowledged;
         }
         client.send(client.get_frame(1));
         if (const auto data = client.receives("DATA 1 "); !data) return data;
         client.send(window_settings(2));
         if (const auto acknowledged = client.receives("SETTINGS ack"); !acknowledged) {
           return acknowledged;
         }
         client.send(H2Wire::window_update(1, 2));
         return sends_one_byte(client);
       }},
      {"6.9.2/3",
       "Sends a SETTINGS_INITIAL_WINDOW_SIZE settings with an exceeded maximum window size value",
       [](H2CaseClient& client) {
         return sets(client, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x80000000, kFlowControlError);
       }},
      {"6.9.2", "Changes SETTINGS_INITIAL_WINDOW_SIZE so that a stream's window overflows",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::window_update(1, kMaxWindow - 65535)});
         client.send(window_settings(kMaxWindow));
         return client.breaks_stream(1, {kFlowControlError});
       }},

      // ------------------------------------------------------------------ 6.10: CONTINUATION
      {"6.10/1", "Sends multiple CONTINUATION frames preceded by a HEADERS frame",
       [](H2CaseClient& client) {
         client.send({client.frames.unfinished_headers(1, client.get()),
                      H2Client::continuation(1, client.block({{"x-dummy0", "x"}}), false),
                      H2Client::continuation(1, client.block({{"x-dummy1", "x"}}), true),
                      H2Wire::data(1, kBody, true)});
         return client.answers(1);
       }},
      {"6.10/2", "Sends a CONTINUATION frame followed by any frame other than CONTINUATION",
       [](H2CaseClient& client) {
         return breaks_connection_by(
             client,
             {client.frames.unfinished_headers(1, client.get()),
              H2Client::continuation(1, client.block({{"x-dummy0", "x"}}), false),
              H2Wire::data(1, kBody, true)},
             kProtocolError);
       }},
      {"6.10/3", "Sends a CONTINUATION frame with 0x0 stream identifier",
       [](H2CaseClient& client) {
         return breaks_connection_by(
             client,
             {client.frames.unfinished_headers(1, client.get()),
              H2Client::continuation(0, client.block({{"x-dummy0", "x"}}), true)},
             kProtocolError);
       }},
      {"6.10/4", "Sends a CONTINUATION frame preceded by a HEADERS frame with END_HEADERS flag",
       [](H2CaseClient& client) {
         return breaks_connection_by(
             client,
             {client.get_frame(1),
              H2Client::continuation(1, client.block({{"x-dummy0", "x"}}), true)},
             kProtocolError);
       }},
      {"6.10/5",
       "Sends a CONTINUATION frame preceded by a CONTINUATION frame with END_HEADERS flag",
       [](H2CaseClient& client) {
         return breaks_connection_by(
             client,
             {client.frames.unfinished_headers(1, client.get()),
              H2Client::continuation(1, client.block({{"x-dummy0", "x"}}), true),
              H2Client::continuation(1, client.block({{"x-dummy1", "x"}}), true)},
             kProtocolError);
       }},
      {"6.10/6", "Sends a CONTINUATION frame preceded by a DATA frame",
       [](H2CaseClient& client) {
         return breaks_connection_by(
             client,
             {client.open_post(1), H2Wire::data(1, kBody, true),
              H2Client::continuation(1, client.block({{"x-dummy0", "x"}}), true)},
             kProtocolError);
       }},

      // ------------------------------------------------------------------ 7: error codes
      {"7/1", "Sends a GOAWAY frame with unknown error code",
       [](H2CaseClient& client) {
         client.send(H2Wire::goaway(0, 0xff));
         return client.closes_connection();
       }},
      {"7/2", "Sends a RST_STREAM frame with unknown error code",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::rst_stream(1, 0xff)});
         return client.acknowledges_ping();
       }},
  };
}

}  // namespace trackly::test
