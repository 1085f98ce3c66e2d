// HTTP/1.1 from the client as RFC 9112 has it: rule by rule, byte by byte, against the real
// program. What two programs could read differently is refused and ends the connection, and nothing
// of it reaches the service; what is served goes upstream in our own words.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/conformance/h1_requests.h"
#include "tests/integration/conformance/shared_gateway.h"

namespace trackly::test {
namespace {

using namespace std::string_literals;

// ------------------------------------------------------------------------------------- refusals

struct Refused {
  std::string_view title;
  std::string bytes;
  int status = 400;
};

class H1Refuses : public SharedGateway, public testing::WithParamInterface<Refused> {};

TEST_P(H1Refuses, AndEndsTheConnection) {
  const auto client = gateway().connect();
  client->send(GetParam().bytes);
  client->send(kSmuggled);
  const HttpMessage answer = client->read_message();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.status(), GetParam().status);
  EXPECT_EQ(answer.body, kInvalidInput);
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_EQ(client->read_to_end(), "") << "one answer only";
  EXPECT_EQ(client->ended(), Wire::End::closed) << "in an orderly way";
  // Of a body that turns out to be broken some may be on its way already: never to its end.
  for (const HttpMessage& request : received()) EXPECT_FALSE(request.complete) << request.raw;
}

INSTANTIATE_TEST_SUITE_P(
    RequestLine, H1Refuses,
    testing::ValuesIn(std::vector<Refused>{
        {"HTTP/0.9", "GET /x\r\n\r\n"},
        {"HTTP/0.9 with fields", request("GET /x")},
        {"HTTP/2.0", request("GET /x HTTP/2.0")},
        {"HTTP/3.0", request("GET /x HTTP/3.0")},
        {"HTTP/0.9 by name", request("GET /x HTTP/0.9")},
        {"HTTP/11", request("GET /x HTTP/11")},
        {"HTTP/1", request("GET /x HTTP/1")},
        {"HTTP/1 dot", request("GET /x HTTP/1.")},
        {"HTTP/1.1 with more digits", request("GET /x HTTP/1.11")},
        {"HTTP/01.1", request("GET /x HTTP/01.1")},
        {"HTTP/1.1 in lower case", request("GET /x http/1.1")},
        {"HTTP/1.1 with a space inside", request("GET /x HTTP/ 1.1")},
        {"HTTP/1,1", request("GET /x HTTP/1,1")},
        {"HTTPS/1.1", request("GET /x HTTPS/1.1")},
        {"ICY/1.1", request("GET /x ICY/1.1")},
        {"HTTP/2 preface with a host", request("PRI * HTTP/2.0")},
        {"Something after the version", request("GET /x HTTP/1.1 x")},
        {"Space after the version", request("GET /x HTTP/1.1 ")},
        {"Tab after the version", request("GET /x HTTP/1.1\t")},
        {"Space before the method", request(" GET /x HTTP/1.1")},
        {"Two spaces after the method", request("GET  /x HTTP/1.1")},
        {"Two spaces after the target", request("GET /x  HTTP/1.1")},
        {"Space in the target", request("GET /x y HTTP/1.1")},
        {"Tabs for spaces", request("GET\t/x\tHTTP/1.1")},
        {"Tab in the target", request("GET /x\ty HTTP/1.1")},
        {"Vertical tab for a space", request("GET\x0b/x HTTP/1.1")},
        {"Form feed for a space", request("GET /x\x0cHTTP/1.1")},
        {"No method", request("/x HTTP/1.1")},
        {"No target", request("GET HTTP/1.1")},
        {"Empty target", request("GET  HTTP/1.1")},
        {"No line", "\r\n\r\n\r\n\r\n\r\n\r\n" + get()},
        {"Method with a colon", request("GET: /x HTTP/1.1")},
        {"Method in brackets", request("(GET) /x HTTP/1.1")},
        {"Method in quotes", request("\"GET\" /x HTTP/1.1")},
        {"Method with a control byte", request("G\x01T /x HTTP/1.1")},
        {"Method beyond ASCII", request("G\xc3\x89T /x HTTP/1.1")},
        {"NUL in the method", request("G\0T /x HTTP/1.1"s)},
        {"NUL in the target", request("GET /x\0y HTTP/1.1"s)},
        {"Control byte in the target", request("GET /x\x01 HTTP/1.1")},
        {"DEL in the target", request("GET /x\x7f HTTP/1.1")},
        {"CR in the target", request("GET /x\ry HTTP/1.1")},
        {"Target without a slash", request("GET x HTTP/1.1")},
        {"Asterisk for GET", request("GET * HTTP/1.1")},
        {"Asterisk and more", request("OPTIONS */x HTTP/1.1")},
        {"Authority for GET", request("GET gateway.test:80 HTTP/1.1")},
        {"Path for CONNECT", request("CONNECT /x HTTP/1.1")},
        {"URL for CONNECT", request("CONNECT http://gateway.test/ HTTP/1.1")},
        {"Fragment", request("GET /x#y HTTP/1.1")},
        {"Fragment in a query", request("GET /x?y#z HTTP/1.1")},
        {"LF after the line", "GET /x HTTP/1.1\n" + kFields + "\r\n"},
        {"CR after the line", "GET /x HTTP/1.1\r" + kFields + "\r\n"},
        {"CR CR LF after the line", "GET /x HTTP/1.1\r\r\n" + kFields + "\r\n"},
        {"LF CR after the line", "GET /x HTTP/1.1\n\r" + kFields + "\r\n"},
        {"Bare LF before the line", "\n" + get()},
        {"Bare CR before the line", "\r" + get()},
        {"Spaces for a line", "   \r\n" + get()},
        {"TLS on the cleartext port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s},
        {"TLS with a line feed inside", "\x16\x03\x01\x02\x0a\x01\x00\x01\xfc\x03\x03"s},
        {"Response", "HTTP/1.1 200 OK\r\n\r\n"},
    }),
    row_name<Refused>);

INSTANTIATE_TEST_SUITE_P(
    Fields, H1Refuses,
    testing::ValuesIn(std::vector<Refused>{
        {"No colon", get("X-Odd\r\n")},
        {"No name", get(": odd\r\n")},
        {"Only a colon", get(":\r\n")},
        {"Space before the colon", get("X-Odd : a\r\n")},
        {"Tab before the colon", get("X-Odd\t: a\r\n")},
        {"Space in the name", get("X Odd: a\r\n")},
        {"Slash in the name", get("X/Odd: a\r\n")},
        {"Quotes in the name", get("\"X-Odd\": a\r\n")},
        {"Bracket in the name", get("X[Odd]: a\r\n")},
        {"At sign in the name", get("@X-Odd: a\r\n")},
        {"NUL in the name", get("X\0Odd: a\r\n"s)},
        {"Control byte in the name", get("X\x01Odd: a\r\n")},
        {"Vertical tab in the name", get("X-Odd\x0b: a\r\n")},
        {"DEL in the name", get("X\x7fOdd: a\r\n")},
        {"Bytes beyond ASCII in the name", get("X-\xc3\x96"
                                               "dd: a\r\n")},
        {"CR in the name", get("X\rOdd: a\r\n")},
        {"NUL in the value", get("X-Odd: a\0b\r\n"s)},
        {"NUL at the end of the value", get("X-Odd: a\0\r\n"s)},
        {"Control byte in the value", get("X-Odd: a\x01\r\n")},
        {"Backspace in the value", get("X-Odd: a\x08\r\n")},
        {"Vertical tab in the value", get("X-Odd: a\x0b"
                                          "b\r\n")},
        {"Form feed in the value", get("X-Odd: a\x0c"
                                       "b\r\n")},
        {"Escape in the value", get("X-Odd: \x1b[2J\r\n")},
        {"DEL in the value", get("X-Odd: a\x7f\r\n")},
        {"CR in the value", get("X-Odd: a\rb\r\n")},
        {"CR at the end of the value", get("X-Odd: a\r\r\n")},
        {"CR that looks like a line", get("X-Odd: a\rContent-Length: 9\r\n")},
        {"LF after a field", get("X-Odd: a\n")},
        {"LF that looks like a line", get("X-Odd: a\nContent-Length: 9\r\n")},
        {"LF CR after a field", get("X-Odd: a\n\r")},
        {"LF for the empty line", "GET /x HTTP/1.1\r\n" + kFields + "\n"},
        {"LF only", "GET /x HTTP/1.1\nHost: gateway.test\n\n"},
        {"Folded by a space", get("X-Odd: a\r\n b\r\n")},
        {"Folded by a tab", get("X-Odd: a\r\n\tb\r\n")},
        {"Folded with nothing", get("X-Odd: a\r\n \r\n")},
        {"Folded host", with_host("Host: gateway.test\r\n x\r\n")},
        {"Space before the first field", "GET /x HTTP/1.1\r\n " + kFields + "\r\n"},
        {"Tab before the first field", "GET /x HTTP/1.1\r\n\t" + kFields + "\r\n"},
    }),
    row_name<Refused>);

INSTANTIATE_TEST_SUITE_P(
    Host, H1Refuses,
    testing::ValuesIn(std::vector<Refused>{
        {"Missing", with_host("")},
        {"Twice", with_host("Host: a.test\r\nHost: b.test\r\n")},
        {"Twice the same", with_host("Host: a.test\r\nHost: a.test\r\n")},
        {"Twice in another case", with_host("Host: a.test\r\nhOST: a.test\r\n")},
        {"List", with_host("Host: a.test, b.test\r\n")},
        {"Space inside", with_host("Host: a.test b.test\r\n")},
        {"Tab inside", with_host("Host: a.test\tb.test\r\n")},
        {"User information", with_host("Host: user@a.test\r\n")},
        {"User and password", with_host("Host: user:word@a.test\r\n")},
        {"Path", with_host("Host: a.test/x\r\n")},
        {"Query", with_host("Host: a.test?x\r\n")},
        {"Fragment", with_host("Host: a.test#x\r\n")},
        {"Scheme", with_host("Host: http://a.test\r\n")},
        {"Backslash", with_host("Host: a.test\\x\r\n")},
        {"Quotes", with_host("Host: \"a.test\"\r\n")},
        {"Angle brackets", with_host("Host: <a.test>\r\n")},
        {"Bytes beyond ASCII", with_host("Host: \xc3\xa4.test\r\n")},
        {"Control byte", with_host("Host: a\x01.test\r\n")},
        {"Broken escape", with_host("Host: a%2.test\r\n")},
        {"Port of letters", with_host("Host: a.test:http\r\n")},
        {"Port with a sign", with_host("Host: a.test:+80\r\n")},
        {"Port beyond 16 bits", with_host("Host: a.test:65536\r\n")},
        {"Port beyond 32 bits", with_host("Host: a.test:4294967376\r\n")},
        {"Two ports", with_host("Host: a.test:80:80\r\n")},
        {"Address without brackets", with_host("Host: ::1\r\n")},
        {"Open bracket", with_host("Host: [::1\r\n")},
        {"Closing bracket", with_host("Host: ::1]\r\n")},
        {"Empty brackets", with_host("Host: []\r\n")},
        {"Brackets around a name", with_host("Host: [a.test]\r\n")},
        {"Something behind the brackets", with_host("Host: [::1]x\r\n")},
        {"Zone in the brackets", with_host("Host: [fe80::1%25eth0]\r\n")},
        {"Missing beside an absolute target", with_host("", "http://a.test/x")},
        {"Malformed beside an absolute target", with_host("Host: a b\r\n", "http://a.test/x")},
        {"Absolute target with user information",
         with_host("Host: a.test\r\n", "http://user@a.test/x")},
        {"Absolute target without host", with_host("Host: a.test\r\n", "http:///x")},
        {"Absolute target with a port alone", with_host("Host: a.test\r\n", "http://:80/x")},
        {"Absolute target with a bad port", with_host("Host: a.test\r\n", "http://a.test:x/x")},
        {"Absolute target with a backslash", with_host("Host: a.test\r\n", "http://a.test\\x")},
        {"Absolute target with a fragment", with_host("Host: a.test\r\n", "http://a.test/x#y")},
        {"Absolute target with one slash", with_host("Host: a.test\r\n", "http:/a.test/x")},
        {"Absolute target of another scheme", with_host("Host: a.test\r\n", "ftp://a.test/x")},
        {"Absolute target of a file", with_host("Host: a.test\r\n", "file:///etc/passwd")},
        {"Absolute target with a bad path", with_host("Host: a.test\r\n", "http://a.test/x/../y")},
        {"Target with two slashes", with_host("Host: a.test\r\n", "//b.test/x")},
    }),
    row_name<Refused>);

INSTANTIATE_TEST_SUITE_P(
    Length, H1Refuses,
    testing::ValuesIn(std::vector<Refused>{
        {"Length and chunks",
         post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        {"Chunks and length",
         post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
        {"Length of the first of two requests",
         post("Content-Length: " + std::to_string(kSmuggled.size()) +
                  "\r\nTransfer-Encoding: chunked\r\n",
              "0\r\n\r\n")},
        {"Two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")},
        {"Two equal lengths", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
        {"Two lengths in different case",
         post("Content-Length: 5\r\ncONTENT-lENGTH: 6\r\n", "hello!")},
        {"List of lengths", post("Content-Length: 5, 6\r\n", "hello!")},
        {"List of equal lengths", post("Content-Length: 5, 5\r\n", "hello")},
        {"List with an empty item", post("Content-Length: 5,\r\n", "hello")},
        {"Length with a plus", post("Content-Length: +5\r\n", "hello")},
        {"Negative length", post("Content-Length: -5\r\n", "hello")},
        {"Minus zero", post("Content-Length: -0\r\n", "")},
        {"Hexadecimal length", post("Content-Length: 0x5\r\n", "hello")},
        {"Hexadecimal digits", post("Content-Length: a\r\n", "hellohello")},
        {"Length with a point", post("Content-Length: 5.0\r\n", "hello")},
        {"Length with an exponent", post("Content-Length: 5e0\r\n", "hello")},
        {"Length with an underscore", post("Content-Length: 1_0\r\n", "hellohello")},
        {"Length with a space inside", post("Content-Length: 1 0\r\n", "hellohello")},
        {"Length with a tab inside", post("Content-Length: 1\t0\r\n", "hellohello")},
        {"Length in quotes", post("Content-Length: \"5\"\r\n", "hello")},
        {"Length with a unit", post("Content-Length: 5B\r\n", "hello")},
        {"Length with a vertical tab", post("Content-Length: \x0b"
                                            "5\r\n",
                                            "hello")},
        {"Length in wide digits", post("Content-Length: \xef\xbc\x95\r\n", "hello")},
        {"Empty length", post("Content-Length:\r\n", "hello")},
        {"Length of spaces", post("Content-Length:   \r\n", "hello")},
        {"Length beyond 64 bits", post("Content-Length: 18446744073709551616\r\n", "hello")},
        {"Length of many digits",
         post("Content-Length: " + std::string(400, '9') + "\r\n", "hello")},
        {"Length with a space before the colon", post("Content-Length : 5\r\n", "hello")},
        {"Length in a folded line", post("X-Odd: a\r\n Content-Length: 5\r\n", "hello")},
        {"Folded length", post("Content-Length:\r\n 5\r\n", "hello")},
        {"Length of a GET that is malformed", get("Content-Length: x\r\n")},
    }),
    row_name<Refused>);

INSTANTIATE_TEST_SUITE_P(
    TransferCoding, H1Refuses,
    testing::ValuesIn(std::vector<Refused>{
        {"Unknown", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
        {"Gzip", post("Transfer-Encoding: gzip\r\n", "0\r\n\r\n")},
        {"Identity", post("Transfer-Encoding: identity\r\n", "0\r\n\r\n")},
        {"Gzip and chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
        {"Chunked and gzip", post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n")},
        {"Chunked and identity", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")},
        {"Chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")},
        {"Chunked in two fields",
         post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        {"Chunked and unknown in two fields",
         post("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", "0\r\n\r\n")},
        {"Identity and chunked in two fields",
         post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        {"Chunked after an empty item", post("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n")},
        {"Chunked before an empty item", post("Transfer-Encoding: chunked,\r\n", "0\r\n\r\n")},
        {"Empty", post("Transfer-Encoding:\r\n", "0\r\n\r\n")},
        {"Empty beside a length", post("Transfer-Encoding:\r\nContent-Length: 5\r\n", "hello")},
        {"With a parameter", post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n")},
        {"In quotes", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
        {"With a vertical tab before", post("Transfer-Encoding: \x0b"
                                            "chunked\r\n",
                                            "0\r\n\r\n")},
        {"With a form feed after", post("Transfer-Encoding: chunked\x0c\r\n", "0\r\n\r\n")},
        {"With a NUL after", post("Transfer-Encoding: chunked\0\r\n"s, "0\r\n\r\n")},
        {"With a CR before", post("Transfer-Encoding: \rchunked\r\n", "0\r\n\r\n")},
        {"With a byte beyond ASCII", post("Transfer-Encoding: \xff"
                                          "chunked\r\n",
                                          "0\r\n\r\n")},
        {"With an escape", post("Transfer-Encoding: chunke%64\r\n", "0\r\n\r\n")},
        {"With a space before the colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")},
        {"With a tab before the colon", post("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n")},
        {"With a space before the name", post(" Transfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        {"Folded", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")},
        {"Behind a bare LF", post("X-Odd: a\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        {"Behind a bare CR", post("X-Odd: a\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        {"On HTTP/1.0", request("POST /x HTTP/1.0", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        {"On HTTP/1.0 with keep alive",
         request("POST /x HTTP/1.0", "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n",
                 "0\r\n\r\n")},
    }),
    row_name<Refused>);

INSTANTIATE_TEST_SUITE_P(
    Chunks, H1Refuses,
    testing::ValuesIn(std::vector<Refused>{
        {"Size of letters", post_chunks("zz\r\nhello\r\n0\r\n\r\n")},
        {"No size", post_chunks("\r\nhello\r\n0\r\n\r\n")},
        {"Extension without a size", post_chunks(";x\r\nhello\r\n0\r\n\r\n")},
        {"Size with a plus", post_chunks("+5\r\nhello\r\n0\r\n\r\n")},
        {"Negative size", post_chunks("-5\r\nhello\r\n0\r\n\r\n")},
        {"Size with a prefix", post_chunks("0x5\r\nhello\r\n0\r\n\r\n")},
        {"Size with an underscore", post_chunks("0_5\r\nhello\r\n0\r\n\r\n")},
        {"Size after a space", post_chunks(" 5\r\nhello\r\n0\r\n\r\n")},
        {"Size after a tab", post_chunks("\t5\r\nhello\r\n0\r\n\r\n")},
        {"Size before a tab", post_chunks("5\t\r\nhello\r\n0\r\n\r\n")},
        {"Size before a space", post_chunks("5 \r\nhello\r\n0\r\n\r\n")},
        {"Size before a NUL", post_chunks("5\0\r\nhello\r\n0\r\n\r\n"s)},
        {"Size before a comma", post_chunks("5,5\r\nhello\r\n0\r\n\r\n")},
        {"Size beyond 64 bits", post_chunks("10000000000000005\r\nhello\r\n0\r\n\r\n")},
        {"Size of many digits", post_chunks("fffffffffffffffffffff\r\nhello\r\n0\r\n\r\n")},
        {"Size that ends with LF", post_chunks("5\nhello\r\n0\r\n\r\n")},
        {"Size that ends with CR", post_chunks("5\rhello\r\n0\r\n\r\n")},
        {"Size that ends with CR CR LF", post_chunks("5\r\r\nhello\r\n0\r\n\r\n")},
        {"Chunk that is longer", post_chunks("5\r\nhello!\r\n0\r\n\r\n")},
        {"Chunk that is shorter", post_chunks("5\r\nhell\r\n0\r\n\r\n")},
        {"Chunk without CRLF behind it", post_chunks("5\r\nhello0\r\n\r\n")},
        {"Chunk with LF behind it", post_chunks("5\r\nhello\n0\r\n\r\n")},
        {"Chunk with CR behind it", post_chunks("5\r\nhello\r0\r\n\r\n")},
        {"Chunk with other bytes for CRLF", post_chunks("5\r\nhelloXX0\r\n\r\n")},
        {"Chunk with two CRLF behind it", post_chunks("5\r\nhello\r\n\r\n0\r\n\r\n")},
        {"Last chunk that ends with LF", post_chunks("5\r\nhello\r\n0\n\r\n")},
        {"Trailer section that ends with LF", post_chunks("5\r\nhello\r\n0\r\n\n")},
        {"Extension with LF", post_chunks("5;x\nhello\r\n0\r\n\r\n")},
        {"Extension with LF and CRLF", post_chunks("5;\nx\r\nhello\r\n0\r\n\r\n")},
        {"Extension with CR", post_chunks("5;x\rhello\r\n0\r\n\r\n")},
        {"Extension with CR inside", post_chunks("5;a\rb\r\nhello\r\n0\r\n\r\n")},
        {"Extension with NUL", post_chunks("5;a\0b\r\nhello\r\n0\r\n\r\n"s)},
        {"Extension with a control byte", post_chunks("5;a\x01\r\nhello\r\n0\r\n\r\n")},
        {"Extension with LF in quotes", post_chunks("5;a=\"\n\"\r\nhello\r\n0\r\n\r\n")},
        {"Extension that is very long",
         post_chunks("5;x=" + std::string(20'000, 'y') + "\r\nhello\r\n0\r\n\r\n")},
        {"Extensions without end",
         [] {
           std::string chunks;
           for (int i = 0; i < 20'000; ++i) chunks += "1;\r\na\r\n";
           return post_chunks(chunks + "0;x=" + std::string(20'000, 'y') + "\r\n\r\n");
         }()},
        {"Trailer that is the length", post_chunks("5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n")},
        {"Trailer that is the coding",
         post_chunks("5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n")},
        {"Trailer that is Host", post_chunks("5\r\nhello\r\n0\r\nHost: b.test\r\n\r\n")},
        {"Trailer that is Authorization",
         post_chunks("5\r\nhello\r\n0\r\nAuthorization: x\r\n\r\n")},
        {"Trailer that is Connection", post_chunks("5\r\nhello\r\n0\r\nConnection: x\r\n\r\n")},
        {"Trailer that is Content-Type", post_chunks("5\r\nhello\r\n0\r\nContent-Type: x\r\n\r\n")},
        {"Trailer without a colon", post_chunks("5\r\nhello\r\n0\r\nX-Odd\r\n\r\n")},
        {"Trailer with a space before the colon",
         post_chunks("5\r\nhello\r\n0\r\nX-Odd : a\r\n\r\n")},
        {"Trailer that is folded", post_chunks("5\r\nhello\r\n0\r\nX-Odd: a\r\n b\r\n\r\n")},
        {"Trailer with NUL", post_chunks("5\r\nhello\r\n0\r\nX-Odd: a\0b\r\n\r\n"s)},
        {"Trailer that ends with LF", post_chunks("5\r\nhello\r\n0\r\nX-Odd: a\n\r\n")},
        {"Trailers that are too large",
         post_chunks("5\r\nhello\r\n0\r\nX-Odd: " + std::string(kHeaderBytes, 'a') + "\r\n\r\n")},
        {"Trailers that are too many",
         [] {
           std::string trailers;
           for (std::size_t i = 0; i <= kHeaderCount; ++i) trailers += "X-Odd: a\r\n";
           return post_chunks("5\r\nhello\r\n0\r\n" + trailers + "\r\n");
         }()},
    }),
    row_name<Refused>);

INSTANTIATE_TEST_SUITE_P(Connection, H1Refuses,
                         testing::ValuesIn(std::vector<Refused>{
                             {"Malformed option", get("Connection: a b\r\n")},
                             {"Quoted option", get("Connection: \"close\"\r\n")},
                         }),
                         row_name<Refused>);

}  // namespace
}  // namespace trackly::test
