// Requests of HTTP/2 that go upstream in HTTP/1.1: what means nothing in frames could mean another
// message in text. Either nothing reaches the service, or exactly one request, in our own words.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/conformance/h2_client.h"
#include "tests/integration/conformance/shared_gateway.h"

namespace trackly::test {
namespace {

using namespace std::string_literals;
using Fields = H2Client::Fields;

constexpr std::string_view kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const std::string kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: b.test\r\n\r\n";

/// Pseudo-fields of a request; what is not named is as usual.
struct Control {
  std::string method = "GET";
  std::string scheme = "http";
  std::string authority = "a.test";
  std::string path = "/x";
};

Fields request(const Control& control, const Fields& more = {}) {
  Fields fields = {{":method", control.method},
                   {":scheme", control.scheme},
                   {":authority", control.authority},
                   {":path", control.path},
                   {"x-api-key", std::string(keys::kActive)},
                   {"x-request-id", "translation"},
                   {"traceparent", std::string(kTrace)}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

Fields get(const Fields& more = {}) { return request({}, more); }
Fields post(const Fields& more = {}) { return request({.method = "POST"}, more); }

struct Message {
  std::string_view title;
  Fields head;
  std::vector<std::string> data = {};  // one frame each
  Fields trailers = {};
  std::string upstream = {};  // what the service gets; empty: nothing
};

class Translation : public SharedGateway, public testing::WithParamInterface<Message> {
 protected:
  /// Status of the answer; 0: RST_STREAM.
  int send(const Message& message) {
    client_.handshake();
    const bool has_trailers = !message.trailers.empty();
    std::string frames =
        client_.frames.headers(1, message.head, message.data.empty() && !has_trailers);
    for (const std::string& piece : message.data) {
      frames += H2Wire::data(1, piece, &piece == &message.data.back() && !has_trailers);
    }
    if (has_trailers) frames += client_.frames.headers(1, message.trailers, true);
    client_.send(frames);
    return client_.status_of(1);
  }

  H2Client client_{gateway().connect()};
};

// ------------------------------------------------------------------------------------- refusals

class Untranslatable : public Translation {};

TEST_P(Untranslatable, ReachesNobody) {
  const int status = send(GetParam());
  EXPECT_TRUE(status == 400 || status == 0) << status;
  EXPECT_TRUE(client_.acknowledges_ping()) << "other streams go on";
  // Of a body that turns out to be broken some may be on its way already: never to its end.
  for (const HttpMessage& request : received()) EXPECT_FALSE(request.complete) << request.raw;
}

INSTANTIATE_TEST_SUITE_P(Names, Untranslatable,
                         testing::ValuesIn(std::vector<Message>{
                             {"Empty", get({{"", "a"}})},
                             {"Upper case", get({{"X-Odd", "a"}})},
                             {"Colon", get({{"x-odd:", "a"}})},
                             {"Colon inside", get({{"x:odd", "a"}})},
                             {"Colon and value", get({{"x-odd: a\r\ny-odd", "a"}})},
                             {"Pseudo field of ours", get({{":x-odd", "a"}})},
                             {"Space", get({{"x odd", "a"}})},
                             {"Space behind", get({{"x-odd ", "a"}})},
                             {"Space in front", get({{" x-odd", "a"}})},
                             {"Tab", get({{"x\todd", "a"}})},
                             {"CR", get({{"x\rodd", "a"}})},
                             {"LF", get({{"x\nodd", "a"}})},
                             {"CRLF", get({{"x-odd\r\ny", "a"}})},
                             {"NUL", get({{"x\0odd"s, "a"}})},
                             {"Control byte", get({{"x\x01odd", "a"}})},
                             {"DEL", get({{"x\x7fodd", "a"}})},
                             {"Byte beyond ASCII", get({{"x\xe4odd", "a"}})},
                             {"Slash", get({{"x/odd", "a"}})},
                             {"Brackets", get({{"x(odd)", "a"}})},
                             {"A whole request", get({{"x-odd: a\r\n\r\n" + kSmuggled, "a"}})},
                         }),
                         row_name<Message>);

INSTANTIATE_TEST_SUITE_P(Values, Untranslatable,
                         testing::ValuesIn(std::vector<Message>{
                             {"CRLF and a field", get({{"x-odd", "a\r\ncontent-length: 9"}})},
                             {"CRLF and a request", get({{"x-odd", "a\r\n\r\n" + kSmuggled}})},
                             {"LF and a field", get({{"x-odd", "a\ncontent-length: 9"}})},
                             {"CR and a field", get({{"x-odd", "a\rcontent-length: 9"}})},
                             {"CR at the end", get({{"x-odd", "a\r"}})},
                             {"LF at the end", get({{"x-odd", "a\n"}})},
                             {"LF and a space", get({{"x-odd", "a\n b"}})},
                             {"NUL", get({{"x-odd", "a\0b"s}})},
                             {"NUL alone", get({{"x-odd", "\0"s}})},
                             {"Control byte", get({{"x-odd", "a\x01"}})},
                             {"Vertical tab", get({{"x-odd", "a\x0b"}})},
                             {"DEL", get({{"x-odd", "a\x7f"}})},
                             {"Space in front", get({{"x-odd", " a"}})},
                             {"Space behind", get({{"x-odd", "a "}})},
                             {"Tab in front", get({{"x-odd", "\ta"}})},
                             {"Tab behind", get({{"x-odd", "a\t"}})},
                             {"CRLF in a cookie", get({{"cookie", "a=1\r\nx-odd: b"}})},
                             {"CRLF in the second cookie",
                              get({{"cookie", "a=1"}, {"cookie", "b=2\r\nx-odd: b"}})},
                             {"CRLF in the key", get({{"x-api-key", "a\r\nx-odd: b"}})},
                         }),
                         row_name<Message>);

INSTANTIATE_TEST_SUITE_P(
    Framing, Untranslatable,
    testing::ValuesIn(std::vector<Message>{
        {"Chunked", post({{"transfer-encoding", "chunked"}}), {"0\r\n\r\n" + kSmuggled}},
        {"Chunked beside a length",
         post({{"content-length", "5"}, {"transfer-encoding", "chunked"}}),
         {"0\r\n\r\n"}},
        {"Another coding", post({{"transfer-encoding", "identity"}}), {"hello"}},
        {"Connection", post({{"connection", "close"}}), {"hello"}},
        {"Connection that names a field", post({{"connection", "content-length"}}), {"hello"}},
        {"Keep alive", post({{"keep-alive", "timeout=5"}}), {"hello"}},
        {"Proxy connection", post({{"proxy-connection", "keep-alive"}}), {"hello"}},
        {"Upgrade", get({{"upgrade", "h2c"}})},
        {"TE of a coding", get({{"te", "chunked"}})},
        {"TE of trailers and more", get({{"te", "trailers, chunked"}})},
        {"Length that is too small", post({{"content-length", "4"}}), {"hello"}},
        {"Length that is too large", post({{"content-length", "6"}}), {"hello"}},
        {"Length of zero and a body", post({{"content-length", "0"}}), {kSmuggled}},
        {"Length and no body", post({{"content-length", "5"}})},
        {"Length and trailers alone", post({{"content-length", "5"}}), {}, {{"x-sum", "1"}}},
        {"Two lengths", post({{"content-length", "5"}, {"content-length", "5"}}), {"hello"}},
        {"List of lengths", post({{"content-length", "5,5"}}), {"hello"}},
        {"Length with a sign", post({{"content-length", "+5"}}), {"hello"}},
        {"Hexadecimal length", post({{"content-length", "0x5"}}), {"hello"}},
        {"Length with a space", post({{"content-length", "5 "}}), {"hello"}},
        {"Length with CRLF", post({{"content-length", "5\r\nx-odd: a"}}), {"hello"}},
        {"Empty length", post({{"content-length", ""}}), {"hello"}},
        {"Length beyond 64 bits", post({{"content-length", "18446744073709551621"}}), {"hello"}},
        {"Trailer that is a length", post(), {"hello"}, {{"content-length", "5"}}},
        {"Trailer that is a coding", post(), {"hello"}, {{"transfer-encoding", "chunked"}}},
        {"Trailer that is a host", post(), {"hello"}, {{"host", "b.test"}}},
        {"Trailer with CRLF", post(), {"hello"}, {{"x-sum", "1\r\n\r\n" + kSmuggled}}},
        {"Trailer with a name of two", post(), {"hello"}, {{"x-sum: 1\r\nx-odd", "1"}}},
        {"Trailer in upper case", post(), {"hello"}, {{"X-Sum", "1"}}},
    }),
    row_name<Message>);

INSTANTIATE_TEST_SUITE_P(
    ControlData, Untranslatable,
    testing::ValuesIn(std::vector<Message>{
        {"Method with a space", request({.method = "GE T"})},
        {"Method that is a line", request({.method = "GET /smuggled HTTP/1.1\r\nx-odd: a"})},
        {"Method with a target", request({.method = "GET http://b.test/"})},
        {"Method with CRLF", request({.method = "GET\r\n"})},
        {"Method with NUL", request({.method = "GET\0"s})},
        {"Method with a colon", request({.method = "GET:"})},
        {"Empty method", request({.method = ""})},
        {"Path with a version", request({.path = "/x HTTP/1.1\r\nx-odd: a\r\n\r\n"})},
        {"Path with a space", request({.path = "/x y"})},
        {"Path with a tab", request({.path = "/x\ty"})},
        {"Path with LF", request({.path = "/x\ny"})},
        {"Path with CR", request({.path = "/x\ry"})},
        {"Path with NUL", request({.path = "/x\0y"s})},
        {"Path with a fragment", request({.path = "/x#y"})},
        {"Path with a version in its query", request({.path = "/x? HTTP/1.1"})},
        {"Path without a slash", request({.path = "x"})},
        {"Path that is a URL", request({.path = "http://b.test/x"})},
        {"Path that is an authority", request({.path = "b.test:80"})},
        {"Path that is another authority", request({.path = "//b.test/x"})},
        {"Path that is an asterisk", request({.path = "*"})},
        {"Empty path", request({.path = ""})},
        {"Authority with user information", request({.authority = "user@a.test"})},
        {"Authority with user and password", request({.authority = "user:word@a.test"})},
        {"Authority with a space", request({.authority = "a.test b.test"})},
        {"Authority with a path", request({.authority = "a.test/x"})},
        {"Authority with a query", request({.authority = "a.test?x"})},
        {"Authority with a fragment", request({.authority = "a.test#x"})},
        {"Authority with a comma", request({.authority = "a.test, b.test"})},
        {"Authority with CRLF", request({.authority = "a.test\r\nx-odd: a"})},
        {"Authority with LF", request({.authority = "a.test\nx-odd: a"})},
        {"Authority with NUL", request({.authority = "a.test\0"s})},
        {"Authority with a scheme", request({.authority = "http://a.test"})},
        {"Authority with a bad port", request({.authority = "a.test:80x"})},
        {"Authority with a large port", request({.authority = "a.test:65536"})},
        {"Authority that is a port", request({.authority = ":80"})},
        {"Authority beyond ASCII", request({.authority = "\xc3\xa4.test"})},
        {"Empty authority", request({.authority = ""})},
        {"Empty authority beside a host", request({.authority = ""}, {{"host", "b.test"}})},
        {"Host that is another one", get({{"host", "b.test"}})},
        {"Host on another port", get({{"host", "a.test:81"}})},
        {"Two hosts", get({{"host", "a.test"}, {"host", "a.test"}})},
        {"Empty host", get({{"host", ""}})},
        {"Host with CRLF", get({{"host", "a.test\r\nx-odd: a"}})},
        {"Scheme with CRLF", request({.scheme = "http\r\nx-odd: a"})},
        {"Scheme with a URL", request({.scheme = "http://b.test/x?"})},
        {"Scheme that is not of HTTP", request({.scheme = "ftp"})},
        {"Empty scheme", request({.scheme = ""})},
        {"Neither authority nor host", {{":method", "GET"}, {":scheme", "http"}, {":path", "/x"}}},
        {"Host with user information and no authority",
         {{":method", "GET"}, {":scheme", "http"}, {":path", "/x"}, {"host", "user@a.test"}}},
        {"Two authorities",
         {{":method", "GET"},
          {":scheme", "http"},
          {":authority", "a.test"},
          {":authority", "b.test"},
          {":path", "/x"}}},
    }),
    row_name<Message>);

// ------------------------------------------------------------------------------------- requests

/// What the service gets: these bytes and no others.
std::string upstream(std::string_view line, std::string_view fields = {},
                     std::string_view framing = {}, std::string_view body = {},
                     std::string_view host = "a.test") {
  return std::string(line) + "\r\nHost: " + std::string(host) +
         "\r\nx-api-key: " + std::string(keys::kActive) + "\r\n" + std::string(fields) +
         "X-Forwarded-For: 127.0.0.1\r\n"
         "X-Forwarded-Proto: http\r\n"
         "X-Forwarded-Host: " +
         std::string(host) +
         "\r\n"
         "Via: 2 trackly-gateway\r\n"
         "X-Request-Id: translation\r\n"
         "traceparent: " +
         std::string(kTrace) +
         "\r\n"
         "X-Account-Id: acct_active\r\n" +
         std::string(framing) + "\r\n" + std::string(body);
}

std::string upstream_get(std::string_view fields = {}) {
  return upstream("GET /x HTTP/1.1", fields);
}

std::string upstream_post(std::string_view body) {
  return upstream("POST /x HTTP/1.1", "", "Content-Length: " + std::to_string(body.size()) + "\r\n",
                  body);
}

std::string upstream_chunks(std::string_view chunks) {
  return upstream("POST /x HTTP/1.1", "", "Transfer-Encoding: chunked\r\n", chunks);
}

class Translatable : public Translation {};

TEST_P(Translatable, IsOneRequest) {
  EXPECT_EQ(send(GetParam()), 200);
  ASSERT_EQ(received().size(), 1U);
  EXPECT_EQ(with_span_of(kTrace, received()[0].raw), GetParam().upstream);
}

INSTANTIATE_TEST_SUITE_P(
    , Translatable,
    testing::ValuesIn(std::vector<Message>{
        {"Plain", get(), {}, {}, upstream_get()},
        {"Scheme that is not the connection's",
         request({.scheme = "https"}),
         {},
         {},
         upstream_get()},
        {"Authority with a port",
         request({.authority = "a.test:81"}),
         {},
         {},
         upstream("GET /x HTTP/1.1", "", "", "", "a.test:81")},
        {"Host that is the authority", get({{"host", "A.test"}}), {}, {}, upstream_get()},
        {"Host without authority",
         {{":method", "GET"},
          {":scheme", "http"},
          {":path", "/x"},
          {"host", "a.test"},
          {"x-api-key", std::string(keys::kActive)},
          {"x-request-id", "translation"},
          {"traceparent", std::string(kTrace)}},
         {},
         {},
         upstream_get()},
        {"Query of odd bytes",
         request({.path = "/x?a=b?c/../%2F//;\\{}|^\"<>\xc3\xa4"}),
         {},
         {},
         upstream("GET /x?a=b?c/../%2F//;\\{}|^\"<>\xc3\xa4 HTTP/1.1")},
        {"Field of odd characters",
         get({{"!#$%&'*+-.^_`|~1a",
               "\x80 \xff\t:"
               "x"}}),
         {},
         {},
         upstream_get("!#$%&'*+-.^_`|~1a: \x80 \xff\t:"
                      "x\r\n")},
        {"Empty field", get({{"x-odd", ""}}), {}, {}, upstream_get("x-odd: \r\n")},
        {"Repeated field",
         get({{"x-odd", "a"}, {"x-odd", "b"}}),
         {},
         {},
         upstream_get("x-odd: a\r\nx-odd: b\r\n")},
        {"Cookies",
         get({{"cookie", "a=1"}, {"x-odd", "a"}, {"cookie", "b=2"}, {"cookie", "c=3"}}),
         {},
         {},
         upstream_get("x-odd: a\r\ncookie: a=1; b=2; c=3\r\n")},
        {"Cookies that look like more",
         get({{"cookie", "a=1; b"}, {"cookie", "host: b.test"}}),
         {},
         {},
         upstream_get("cookie: a=1; b; host: b.test\r\n")},
        {"TE of trailers", get({{"te", "trailers"}}), {}, {}, upstream_get()},
        {"Fields that look like framing",
         get({{"content_length", "5"}, {"transfer_encoding", "chunked"}, {"x_account_id", "b"}}),
         {},
         {},
         upstream_get()},
        {"Expectation",
         post({{"expect", "100-continue"}, {"content-length", "5"}}),
         {"hello"},
         {},
         upstream_post("hello")},
        {"No body", post(), {}, {}, upstream("POST /x HTTP/1.1", "", "Content-Length: 0\r\n")},
        {"Body of a length",
         post({{"content-length", "5"}}),
         {"he", "", "llo"},
         {},
         upstream_post("hello")},
        {"Body of a length that is a request",
         post({{"content-length", std::to_string(kSmuggled.size())}}),
         {kSmuggled},
         {},
         upstream_post(kSmuggled)},
        {"Body of no length", post(), {"hello"}, {}, upstream_chunks("5\r\nhello\r\n0\r\n\r\n")},
        {"Body that looks like the last chunk",
         post(),
         {"0\r\n\r\n" + kSmuggled},
         {},
         upstream_chunks(http1_chunk("0\r\n\r\n" + kSmuggled) + "0\r\n\r\n")},
        {"Body and trailers",
         post(),
         {"hello"},
         {{"x-sum", "1"}, {"x-account-id", "b"}},
         upstream_chunks("5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n")},
        {"Body of a length and trailers",
         post({{"content-length", "5"}}),
         {"hello"},
         {{"x-sum", "1"}},
         upstream_post("hello")},
        {"Body of a GET",
         get({{"content-length", "5"}}),
         {"hello"},
         {},
         upstream("GET /x HTTP/1.1", "", "Content-Length: 5\r\n", "hello")},
    }),
    row_name<Message>);

}  // namespace
}  // namespace trackly::test
