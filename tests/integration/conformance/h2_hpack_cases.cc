// Field compression: h2spec's hpack/*, and the limits of RFC 7541 beside it. A decoding error ends
// the connection, since both sides no longer have the same table.

#include "tests/integration/conformance/h2_cases.h"

namespace trackly::test {
namespace {

using Result = testing::AssertionResult;

/// A GET whose field block ends with these bytes.
Result breaks_connection_ending_with(H2CaseClient& client, std::string_view bytes) {
  client.send(H2Client::headers_frame(1, client.block(client.get()) + std::string(bytes),
                                      kEndStream | kEndHeaders));
  return client.breaks_connection({kCompressionError});
}

Result breaks_connection_beginning_with(H2CaseClient& client, std::string_view bytes) {
  client.send(H2Client::headers_frame(1, std::string(bytes) + client.block(client.get()),
                                      kEndStream | kEndHeaders));
  return client.breaks_connection({kCompressionError});
}

std::string_view bytes(std::string_view literal) { return literal; }

}  // namespace

std::vector<H2Case> hpack_cases() {
  return {
      {"hpack/2.3.3/1", "Sends a indexed header field representation with invalid index",
       [](H2CaseClient& client) { return breaks_connection_ending_with(client, "\xff\x7f"); }},
      {"hpack/2.3.3/2", "Sends a literal header field representation with invalid index",
       [](H2CaseClient& client) {
         return breaks_connection_ending_with(client, "\x7f\x7f\x05value");
       }},
      {"hpack/4.2/1", "Sends a dynamic table size update at the end of header block",
       [](H2CaseClient& client) { return breaks_connection_ending_with(client, "\x20"); }},
      {"hpack/4.2", "Sends a dynamic table size update between two fields",
       [](H2CaseClient& client) {
         return breaks_connection_ending_with(client, bytes({"\x20\x00\x01x\x01y", 6}));
       }},
      {"hpack/5.2/1", "Sends a Huffman-encoded string literal with padding longer than 7 bits",
       [](H2CaseClient& client) {
         return breaks_connection_ending_with(
             client, {"\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff", 12});
       }},
      {"hpack/5.2/2", "Sends a Huffman-encoded string literal representation padded by zero",
       [](H2CaseClient& client) {
         return breaks_connection_ending_with(client,
                                              {"\x00\x85\xf2\xb2\x4a\x84\xff\x83\x49\x50\x90", 11});
       }},
      {"hpack/5.2/3", "Sends a Huffman-encoded string literal that contains the EOS symbol",
       [](H2CaseClient& client) {
         return breaks_connection_ending_with(
             client, {"\x00\x85\xf2\xb2\x4a\x87\xff\xff\xff\xfd\x25\x42\x7f", 13});
       }},
      {"hpack/5.1", "Sends an index that does not fit an integer",
       [](H2CaseClient& client) {
         return breaks_connection_ending_with(client, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f");
       }},
      {"hpack/5.2", "Sends a string that is longer than its frame",
       [](H2CaseClient& client) {
         return breaks_connection_ending_with(client, {"\x00\x01x\x7f\xff\x7fy", 7});
       }},
      {"hpack/5.2", "Sends a string whose length does not fit an integer",
       [](H2CaseClient& client) {
         return breaks_connection_ending_with(client,
                                              {"\x00\x7f\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11});
       }},
      {"hpack/6.1/1", "Sends a indexed header field representation with index 0",
       [](H2CaseClient& client) { return breaks_connection_ending_with(client, "\x80"); }},
      {"hpack/6.3/1",
       "Sends a dynamic table size update larger than the value of SETTINGS_HEADER_TABLE_SIZE",
       [](H2CaseClient& client) {
         return breaks_connection_beginning_with(client, "\x3f\xe2\x1f");  // 4097
       }},
      {"hpack/6.3", "Sends a dynamic table size update to what SETTINGS_HEADER_TABLE_SIZE allows",
       [](H2CaseClient& client) {
         client.send(H2Client::headers_frame(1, "\x3f\xe1\x1f" + client.block(client.get()),
                                             kEndStream | kEndHeaders));
         return client.answers(1);
       }},
      {"hpack", "Sends a field block that breaks off",
       [](H2CaseClient& client) { return breaks_connection_ending_with(client, "\x40\x06x-te"); }},
      {"hpack", "Sends a broken field block on a stream that is refused",
       [](H2CaseClient& client) {
         client.send({client.open_post(1, {{"connection", "close"}}),
                      H2Client::headers_frame(1, "\x80", kEndStream | kEndHeaders)});
         return client.breaks_connection({kCompressionError});
       }},
      {"hpack", "Keeps the table of a field block that is ignored",
       [](H2CaseClient& client) {
         // The trailers put a field into the table that the next request refers to.
         client.send(
             {client.open_post(1, {{"connection", "close"}}),
              H2Client::headers_frame(1, "\x40\x06x-test\x06h2spec", kEndStream | kEndHeaders),
              H2Client::headers_frame(3,
                                      "\x82\x86\x84\x01\x09"
                                      "127.0.0.1\xbe",
                                      kEndStream | kEndHeaders)});
         return client.answers(3);
       }},
  };
}

}  // namespace trackly::test
