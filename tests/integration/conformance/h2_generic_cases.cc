// What a conforming endpoint has to accept: h2spec's generic/*.

#include "tests/integration/conformance/h2_cases.h"

namespace trackly::test {
namespace {

constexpr std::string_view kBody = "test";

/// A GET whose field block ends with these bytes.
testing::AssertionResult answers_block_ending_with(H2CaseClient& client, std::string_view bytes) {
  client.send(H2Client::headers_frame(1, client.block(client.get()) + std::string(bytes),
                                      kEndStream | kEndHeaders));
  return client.answers(1);
}

testing::AssertionResult answers_block_beginning_with(H2CaseClient& client,
                                                      std::string_view bytes) {
  client.send(H2Client::headers_frame(1, std::string(bytes) + client.block(client.get()),
                                      kEndStream | kEndHeaders));
  return client.answers(1);
}

testing::AssertionResult answers_after(H2CaseClient& client, std::string_view frames) {
  client.send(frames);
  client.send(client.get_frame(1));
  return client.answers(1);
}

// A field as HPACK writes it, after the byte that says how it is indexed.
constexpr std::string_view kPlainName = "\x06x-test\x06h2spec";
constexpr std::string_view kHuffmanName = "\x85\xf2\xb2\x4a\x84\xff\x84\x9c\x48\xac\xa4";

std::string literal(char kind, std::string_view field) { return kind + std::string(field); }

}  // namespace

std::vector<H2Case> generic_h2_cases() {
  return {
      {"generic/1", "Sends a client connection preface",
       [](H2CaseClient& client) { return client.acknowledges_ping(); }},

      // ------------------------------------------------------------------ 2: stream states
      {"generic/2.1", "Sends a PRIORITY frame on idle stream",
       [](H2CaseClient& client) {
         client.send(H2Client::priority(1, 0));
         return client.acknowledges_ping();
       }},
      {"generic/2.2", "Sends a WINDOW_UPDATE frame on half-closed (remote) stream",
       [](H2CaseClient& client) {
         client.send({H2Wire::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}),
                      client.get_frame(1), H2Wire::window_update(1, 1)});
         return client.receives("DATA 1 ");
       }},
      {"generic/2.3", "Sends a PRIORITY frame on half-closed (remote) stream",
       [](H2CaseClient& client) {
         client.send({H2Wire::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}),
                      client.get_frame(1), H2Client::priority(1, 0), H2Wire::window_update(1, 1)});
         return client.receives("DATA 1 ");
       }},
      {"generic/2.4", "Sends a RST_STREAM frame on half-closed (remote) stream",
       [](H2CaseClient& client) {
         client.send({client.get_frame(1), H2Wire::rst_stream(1, kCancel)});
         return client.acknowledges_ping();
       }},
      {"generic/2.5", "Sends a PRIORITY frame on closed stream",
       [](H2CaseClient& client) {
         client.send(client.get_frame(1));
         if (const auto answered = client.answers(1); !answered) return answered;
         client.send(H2Client::priority(1, 0));
         return client.acknowledges_ping();
       }},

      // ------------------------------------------------------------------ 3: frames
      {"generic/3.1.1", "Sends a DATA frame",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::data(1, kBody, true)});
         return client.answers(1);
       }},
      {"generic/3.1.2", "Sends multiple DATA frames",
       [](H2CaseClient& client) {
         client.send(
             {client.open_post(1), H2Wire::data(1, kBody, false), H2Wire::data(1, kBody, true)});
         return client.answers(1);
       }},
      {"generic/3.1.3", "Sends a DATA frame with padding",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::padded_data(1, kBody, 6, true)});
         return client.answers(1);
       }},
      {"generic/3.2.1", "Sends a HEADERS frame",
       [](H2CaseClient& client) { return answers_after(client, ""); }},
      {"generic/3.2.2", "Sends a HEADERS frame with padding",
       [](H2CaseClient& client) {
         const std::string block = "\x08" + client.block(client.get()) + std::string(8, '\0');
         client.send(H2Client::headers_frame(1, block, kEndStream | kEndHeaders | kPadded));
         return client.answers(1);
       }},
      {"generic/3.2.3", "Sends a HEADERS frame with priority",
       [](H2CaseClient& client) {
         const std::string block = H2Client::priority_fields(0) + client.block(client.get());
         client.send(H2Client::headers_frame(1, block, kEndStream | kEndHeaders | kWithPriority));
         return client.answers(1);
       }},
      {"generic/3.3.1", "Sends a PRIORITY frame with priority 1",
       [](H2CaseClient& client) {
         return answers_after(client, H2Client::priority(1, 0, false, 0));
       }},
      {"generic/3.3.2", "Sends a PRIORITY frame with priority 256",
       [](H2CaseClient& client) {
         return answers_after(client, H2Client::priority(1, 0, false, 255));
       }},
      {"generic/3.3.3", "Sends a PRIORITY frame with stream dependency",
       [](H2CaseClient& client) { return answers_after(client, H2Client::priority(1, 3)); }},
      {"generic/3.3.4", "Sends a PRIORITY frame with exclusive",
       [](H2CaseClient& client) { return answers_after(client, H2Client::priority(1, 3, true)); }},
      {"generic/3.3.5",
       "Sends a PRIORITY frame for an idle stream then send a HEADER frame for a lower stream ID",
       [](H2CaseClient& client) { return answers_after(client, H2Client::priority(3, 0)); }},
      {"generic/3.4.1", "Sends a RST_STREAM frame",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::rst_stream(1, kCancel)});
         return client.acknowledges_ping();
       }},
      {"generic/3.5.1", "Sends a SETTINGS frame",
       [](H2CaseClient& client) {
         client.send(H2Wire::settings({{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}}));
         return client.receives("SETTINGS ack");
       }},
      {"generic/3.7.1", "Sends a PING frame",
       [](H2CaseClient& client) { return client.acknowledges_ping(); }},
      {"generic/3.8.1", "Sends a GOAWAY frame",
       [](H2CaseClient& client) {
         client.send({H2Wire::goaway(0, NGHTTP2_NO_ERROR), H2Wire::ping()});
         return client.closes_connection();
       }},
      {"generic/3.9.1", "Sends a WINDOW_UPDATE frame with stream ID 0",
       [](H2CaseClient& client) {
         client.send(H2Wire::window_update(0, 1));
         return client.acknowledges_ping();
       }},
      {"generic/3.9.2", "Sends a WINDOW_UPDATE frame with stream ID 1",
       [](H2CaseClient& client) {
         client.send(
             {client.open_post(1), H2Wire::window_update(1, 1), H2Wire::data(1, kBody, true)});
         return client.answers(1);
       }},
      {"generic/3.10.1", "Sends a CONTINUATION frame",
       [](H2CaseClient& client) {
         const std::string block = client.block(client.get());
         client.send({H2Client::headers_frame(1, block, kEndStream),
                      H2Client::continuation(1, client.block({{"x-dummy0", "x"}}), true)});
         return client.answers(1);
       }},
      {"generic/3.10.2", "Sends multiple CONTINUATION frames",
       [](H2CaseClient& client) {
         const std::string block = client.block(client.get());
         client.send({H2Client::headers_frame(1, block, kEndStream),
                      H2Client::continuation(1, client.block({{"x-dummy0", "x"}}), false),
                      H2Client::continuation(1, client.block({{"x-dummy1", "x"}}), true)});
         return client.answers(1);
       }},

      // ------------------------------------------------------------------ 4: messages
      {"generic/4.1", "Sends a GET request",
       [](H2CaseClient& client) { return answers_after(client, ""); }},
      {"generic/4.2", "Sends a HEAD request",
       [](H2CaseClient& client) {
         client.send(client.frames.headers(1, client.request("HEAD"), true));
         return client.answers(1);
       }},
      {"generic/4.3", "Sends a POST request",
       [](H2CaseClient& client) {
         client.send({client.open_post(1), H2Wire::data(1, kBody, true)});
         return client.answers(1);
       }},
      {"generic/4.4", "Sends a POST request with trailers",
       [](H2CaseClient& client) {
         client.send({client.open_post(1, {{"trailer", "x-test"}}), H2Wire::data(1, kBody, false)});
         client.send(client.frames.headers(1, {{"x-test", "ok"}}, true));
         return client.answers(1);
       }},

      // ------------------------------------------------------------------ 5: HPACK
      {"generic/5.1", "Sends a indexed header field representation",
       [](H2CaseClient& client) { return answers_block_ending_with(client, "\xba"); }},
      {"generic/5.2", "Sends a literal header field with incremental indexing - indexed name",
       [](H2CaseClient& client) { return answers_block_ending_with(client, "\x7a\x06h2spec"); }},
      {"generic/5.3",
       "Sends a literal header field with incremental indexing - indexed name (with Huffman)",
       [](H2CaseClient& client) {
         return answers_block_ending_with(client, "\x7a\x84\x9c\x48\xac\xa4");
       }},
      {"generic/5.4", "Sends a literal header field with incremental indexing - new name",
       [](H2CaseClient& client) {
         return answers_block_ending_with(client, literal('\x40', kPlainName));
       }},
      {"generic/5.5",
       "Sends a literal header field with incremental indexing - new name (with Huffman)",
       [](H2CaseClient& client) {
         return answers_block_ending_with(client, literal('\x40', kHuffmanName));
       }},
      {"generic/5.6", "Sends a literal header field without indexing - indexed name",
       [](H2CaseClient& client) {
         return answers_block_ending_with(client, "\x0f\x2b\x06h2spec");
       }},
      {"generic/5.7", "Sends a literal header field without indexing - indexed name (with Huffman)",
       [](H2CaseClient& client) {
         return answers_block_ending_with(client, "\x0f\x2b\x84\x9c\x48\xac\xa4");
       }},
      {"generic/5.8", "Sends a literal header field without indexing - new name",
       [](H2CaseClient& client) {
         return answers_block_ending_with(client, literal('\0', kPlainName));
       }},
      {"generic/5.9", "Sends a literal header field without indexing - new name (with Huffman)",
       [](H2CaseClient& client) {
         return answers_block_ending_with(client, literal('\0', kHuffmanName));
       }},
      {"generic/5.10", "Sends a literal header field never indexed - indexed name",
       [](H2CaseClient& client) {
         return answers_block_ending_with(client, "\x1f\x2b\x06h2spec");
       }},
      {"generic/5.11", "Sends a literal header field never indexed - indexed name (with Huffman)",
       [](H2CaseClient& client) {
         return answers_block_ending_with(client, "\x1f\x2b\x84\x9c\x48\xac\xa4");
       }},
      {"generic/5.12", "Sends a literal header field never indexed - new name",
       [](H2CaseClient& client) {
         return answers_block_ending_with(client, literal('\x10', kPlainName));
       }},
      {"generic/5.13", "Sends a literal header field never indexed - new name (with Huffman)",
       [](H2CaseClient& client) {
         return answers_block_ending_with(client, literal('\x10', kHuffmanName));
       }},
      {"generic/5.14", "Sends a dynamic table size update",
       [](H2CaseClient& client) { return answers_block_beginning_with(client, "\x20"); }},
      {"generic/5.15", "Sends multiple dynamic table size update",
       [](H2CaseClient& client) {
         return answers_block_beginning_with(client, "\x20\x3f\xe1\x1f");
       }},
  };
}

}  // namespace trackly::test
