// HTTP/1.1 requests that are served although they are unusual, what of them reaches the service,
// and the limits to the byte.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/conformance/h1_requests.h"
#include "tests/integration/conformance/shared_gateway.h"

namespace trackly::test {
namespace {

using namespace std::string_literals;

/// What the service gets of a request of kFields: these bytes and no others.
std::string upstream(std::string_view line, std::string_view fields = {},
                     std::string_view framing = {}, std::string_view body = {},
                     std::string_view version = "1.1", std::string_view host = "gateway.test") {
  return std::string(line) + "\r\nHost: " + std::string(host) + "\r\n" + key_field() + "\r\n" +
         std::string(fields) +
         "X-Forwarded-For: 127.0.0.1\r\n"
         "X-Forwarded-Proto: http\r\n"
         "X-Forwarded-Host: " +
         std::string(host) + "\r\nVia: " + std::string(version) +
         " trackly-gateway\r\n"
         "X-Request-Id: conformance\r\n"
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

std::string upstream_chunks(std::string_view body, std::string_view trailers = {}) {
  return upstream(
      "POST /x HTTP/1.1", "", "Transfer-Encoding: chunked\r\n",
      (body.empty() ? "" : http1_chunk(body)) + "0\r\n" + std::string(trailers) + "\r\n");
}

struct Served {
  std::string_view title;
  std::string bytes;
  std::string upstream;
  bool keeps_connection = true;
};

class H1Serves : public SharedGateway, public testing::WithParamInterface<Served> {};

TEST_P(H1Serves, AndWritesTheRequestAnew) {
  const auto client = gateway().connect();
  client->send(GetParam().bytes);
  const HttpMessage answer = client->read_message();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, kAccepted);
  ASSERT_EQ(received().size(), 1U);
  EXPECT_EQ(with_span_of(kTrace, received()[0].raw), GetParam().upstream);
  if (GetParam().keeps_connection) {
    client->send(get());
    EXPECT_EQ(client->read_message().status(), 200) << "the connection goes on";
  } else {
    EXPECT_EQ(client->read_to_end(), "");
    EXPECT_EQ(client->ended(), Wire::End::closed);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Requests, H1Serves,
    testing::ValuesIn(std::vector<Served>{
        {"Plain", get(), upstream_get()},
        {"After an empty line", "\r\n" + get(), upstream_get()},
        {"After four empty lines", "\r\n\r\n\r\n\r\n" + get(), upstream_get()},
        {"Of a later minor version", request("GET /x HTTP/1.2"), upstream_get()},
        {"Of the last minor version", request("GET /x HTTP/1.9"), upstream_get()},
        {"Of a method that nobody knows", request("BREW /x HTTP/1.1"),
         upstream("BREW /x HTTP/1.1")},
        {"Of a method in lower case", request("get /x HTTP/1.1"), upstream("get /x HTTP/1.1")},
        {"Of a method of odd characters", request("!#$%&'*+-.^_`|~1a /x HTTP/1.1"),
         upstream("!#$%&'*+-.^_`|~1a /x HTTP/1.1")},
        {"Of a long method", request(std::string(40, 'M') + " /x HTTP/1.1"),
         upstream(std::string(40, 'M') + " /x HTTP/1.1")},
        {"With an empty query", request("GET /x? HTTP/1.1"), upstream("GET /x? HTTP/1.1")},
        {"With marks in a query", request("GET /x?a=b?c/../%2F//;\\{}|^\"<> HTTP/1.1"),
         upstream("GET /x?a=b?c/../%2F//;\\{}|^\"<> HTTP/1.1")},
        {"With bytes beyond ASCII in a query", request("GET /x?\xc3\xa4\xff HTTP/1.1"),
         upstream("GET /x?\xc3\xa4\xff HTTP/1.1")},
        {"Of an absolute URL", request("GET http://gateway.test/x HTTP/1.1"), upstream_get()},
        {"Of an absolute URL in another case", request("GET HTTP://gateway.test/x HTTP/1.1"),
         upstream_get()},
        {"Of an absolute URL without a path", request("GET http://gateway.test HTTP/1.1"),
         upstream("GET / HTTP/1.1")},
        {"Of an absolute URL with a query alone", request("GET http://gateway.test?y HTTP/1.1"),
         upstream("GET /?y HTTP/1.1")},
        {"Of an absolute URL of another host", request("GET http://other.test:81/x HTTP/1.1"),
         upstream("GET /x HTTP/1.1", "", "", "", "1.1", "other.test:81")},
    }),
    row_name<Served>);

INSTANTIATE_TEST_SUITE_P(
    Fields, H1Serves,
    testing::ValuesIn(std::vector<Served>{
        {"Without space after the colon", get("X-Odd:a\r\n"), upstream_get("X-Odd: a\r\n")},
        {"With much space around the value", get("X-Odd: \t a b \t \r\n"),
         upstream_get("X-Odd: a b\r\n")},
        {"With an empty value", get("X-Odd:\r\n"), upstream_get("X-Odd: \r\n")},
        {"With a value of spaces", get("X-Odd:   \r\n"), upstream_get("X-Odd: \r\n")},
        {"With a tab inside", get("X-Odd: a\tb\r\n"), upstream_get("X-Odd: a\tb\r\n")},
        {"With bytes beyond ASCII", get("X-Odd: \xc3\xa4\xff\x80\r\n"),
         upstream_get("X-Odd: \xc3\xa4\xff\x80\r\n")},
        {"With colons in the value", get("X-Odd: :a: b\r\n"), upstream_get("X-Odd: :a: b\r\n")},
        {"With a name of odd characters", get("!#$%&'*+-.^_`|~1a: x\r\n"),
         upstream_get("!#$%&'*+-.^_`|~1a: x\r\n")},
        {"Repeated", get("X-Odd: a\r\nx-odd: b\r\nX-Odd: a\r\n"),
         upstream_get("X-Odd: a\r\nx-odd: b\r\nX-Odd: a\r\n")},
        {"Of the connection",
         get("Connection: keep-alive, X-Mine , ,\r\nKeep-Alive: timeout=5\r\nX-Mine: a\r\n"
             "Proxy-Connection: close\r\nTE: gzip\r\nX-Odd: a\r\n"),
         upstream_get("X-Odd: a\r\n")},
        {"Named by Connection but never of it",
         get("Connection: host, content-length, x-forwarded-for\r\n"), upstream_get()},
        {"That offer a websocket",
         get("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
         upstream_get("Sec-WebSocket-Version: 13\r\n")},
        {"That offer HTTP/2",
         get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
             "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"),
         upstream_get()},
        {"That offer TLS", get("Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n"), upstream_get()},
        {"That look like ours",
         get("X-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nX-Account-Id: other\r\n"
             "X_Account-Id: other\r\nContent_Length: 5\r\nTransfer_Encoding: chunked\r\n"
             "X_Api_Key: a\r\n"),
         upstream_get()},
    }),
    row_name<Served>);

INSTANTIATE_TEST_SUITE_P(
    Bodies, H1Serves,
    testing::ValuesIn(std::vector<Served>{
        {"Of no length", request("POST /x HTTP/1.1"),
         upstream("POST /x HTTP/1.1", "", "Content-Length: 0\r\n")},
        {"Of length zero", post("Content-Length: 0\r\n", ""),
         upstream("POST /x HTTP/1.1", "", "Content-Length: 0\r\n")},
        {"Of a length", post("Content-Length: 5\r\n", "hello"), upstream_post("hello")},
        {"Of a length with leading zeros", post("Content-Length: 0005\r\n", "hello"),
         upstream_post("hello")},
        {"Of a length with spaces around it", post("Content-Length: \t 5  \r\n", "hello"),
         upstream_post("hello")},
        {"Of a length in another case", post("cONTENT-lENGTH:5\r\n", "hello"),
         upstream_post("hello")},
        {"That look like a request",
         post("Content-Length: " + std::to_string(kSmuggled.size()) + "\r\n", kSmuggled),
         upstream_post(kSmuggled)},
        {"In chunks", post_chunks("5\r\nhello\r\n0\r\n\r\n"), upstream_chunks("hello")},
        {"In chunks of another case", post("tRANSFER-eNCODING: CHUNKED\r\n", "0\r\n\r\n"),
         upstream_chunks("")},
        {"In chunks with spaces around the coding",
         post("Transfer-Encoding: \t chunked \t \r\n", "0\r\n\r\n"), upstream_chunks("")},
        {"In no chunk", post_chunks("0\r\n\r\n"), upstream_chunks("")},
        {"In chunks with leading zeros", post_chunks("0005\r\nhello\r\n000\r\n\r\n"),
         upstream_chunks("hello")},
        {"In chunks of hexadecimal sizes",
         post_chunks("A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n"),
         upstream_chunks("01234567890123456789a")},
        {"In chunks with extensions", post_chunks("5;a;b=c;d=\"e\"\r\nhello\r\n0 ; x = y\r\n\r\n"),
         upstream_chunks("hello")},
        {"In chunks with trailers",
         post_chunks("5\r\nhello\r\n0\r\nX-Sum:  1 \r\nX-Sum: 2\r\n\r\n"),
         upstream_chunks("hello", "X-Sum: 1\r\nX-Sum: 2\r\n")},
        {"In chunks with trailers that look like ours",
         post_chunks("5\r\nhello\r\n0\r\nX-Account-Id: other\r\nX_Account_Id: other\r\n"
                     "Content_Length: 5\r\nX-Sum: 1\r\n\r\n"),
         upstream_chunks("hello", "X-Sum: 1\r\n")},
        {"In chunks that look like a request", post_chunks(http1_chunk(kSmuggled) + "0\r\n\r\n"),
         upstream_chunks(kSmuggled)},
        {"Of a GET", get("Content-Length: 5\r\n") + "hello",
         upstream("GET /x HTTP/1.1", "", "Content-Length: 5\r\n", "hello")},
        {"Of a GET in chunks", get("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n",
         upstream("GET /x HTTP/1.1", "", "Transfer-Encoding: chunked\r\n",
                  "5\r\nhello\r\n0\r\n\r\n")},
        {"Of a DELETE", request("DELETE /x HTTP/1.1", "Content-Length: 5\r\n", "hello"),
         upstream("DELETE /x HTTP/1.1", "", "Content-Length: 5\r\n", "hello")},
    }),
    row_name<Served>);

INSTANTIATE_TEST_SUITE_P(
    Connections, H1Serves,
    testing::ValuesIn(std::vector<Served>{
        {"Closed on demand", get("Connection: close\r\n"), upstream_get(), false},
        {"Closed on demand in a list", get("Connection: foo, CLOSE\r\n"), upstream_get(), false},
        {"Closed on demand in the second field", get("Connection: foo\r\nConnection: close\r\n"),
         upstream_get(), false},
        {"Closed on demand whatever else it says", get("Connection: keep-alive, close\r\n"),
         upstream_get(), false},
        {"Of HTTP/1.0", request("GET /x HTTP/1.0"), upstream("GET /x HTTP/1.1", "", "", "", "1.0"),
         false},
        {"Of HTTP/1.0 that would keep it", request("GET /x HTTP/1.0", "Connection: keep-alive\r\n"),
         upstream("GET /x HTTP/1.1", "", "", "", "1.0"), false},
        {"Of HTTP/1.0 with a body", request("POST /x HTTP/1.0", "Content-Length: 5\r\n", "hello"),
         upstream("POST /x HTTP/1.1", "", "Content-Length: 5\r\n", "hello", "1.0"), false},
    }),
    row_name<Served>);

class H1Conversation : public SharedGateway {
 protected:
  std::unique_ptr<Wire> client_ = gateway().connect();

  void expect_end() {
    EXPECT_EQ(client_->read_to_end(), "");
    EXPECT_EQ(client_->ended(), Wire::End::closed);
  }
};

TEST_F(H1Conversation, Http10NeedsNoHost) {
  client_->send("GET /x HTTP/1.0\r\n" + key_field() + "\r\n\r\n");
  EXPECT_EQ(client_->read_message().status(), 200);
  expect_end();
}

TEST_F(H1Conversation, AnEmptyHostIsOne) {
  client_->send(with_host("Host:\r\n"));
  EXPECT_EQ(client_->read_message().status(), 200);
}

TEST_F(H1Conversation, HostsOfEveryFormAreServed) {
  for (const std::string host : {"a.test:80", "a.test:", "A.TEST", "a_b.test", "192.0.2.1", "[::1]",
                                 "[::1]:8080", "[::ffff:192.0.2.1]", "a%41.test", "a.test:65535"}) {
    client_->send(with_host("Host: " + host + "\r\n"));
    EXPECT_EQ(client_->read_message().status(), 200) << host;
    EXPECT_EQ(received().back().field("host"), host);
  }
}

TEST_F(H1Conversation, ConnectIsNotFoundAndEndsTheConnection) {
  client_->send(request("CONNECT gateway.test:443 HTTP/1.1") + kSmuggled);
  const HttpMessage answer = client_->read_message();
  EXPECT_EQ(answer.status(), 404);
  EXPECT_EQ(answer.body, kNotFound);
  EXPECT_EQ(answer.field("connection"), "close");
  expect_end();
  EXPECT_TRUE(received().empty());
}

TEST_F(H1Conversation, TraceIsNotFoundAndEchoesNothing) {
  client_->send(request("TRACE /x HTTP/1.1"));
  const HttpMessage answer = client_->read_message();
  EXPECT_EQ(answer.status(), 404);
  EXPECT_EQ(answer.body, kNotFound);
  client_->send(request("TRACE /api/v2/contacts HTTP/1.1"));
  EXPECT_EQ(client_->read_message().status(), 404);
  EXPECT_TRUE(received().empty());
}

TEST_F(H1Conversation, TheServerAsAWholeHasNoOptions) {
  client_->send(request("OPTIONS * HTTP/1.1"));
  EXPECT_EQ(client_->read_message().status(), 404);
  EXPECT_TRUE(received().empty());
}

TEST_F(H1Conversation, PipelinedRequestsAreAnsweredInOrder) {
  std::string requests;
  for (int i = 0; i < 30; ++i) {
    const std::string id = "X-Request-Id: r" + std::to_string(i) + "\r\n";
    const std::string line = (i % 3 == 2 ? "GET /api/v2/nowhere?" : "GET /x?") + std::to_string(i);
    requests += line + " HTTP/1.1\r\nHost: gateway.test\r\n" + id +
                (i % 3 == 1 ? "" : key_field() + "\r\n") + "\r\n";
  }
  client_->send(requests);
  for (int i = 0; i < 30; ++i) {
    const HttpMessage answer = client_->read_message();
    EXPECT_EQ(answer.field("x-request-id"), "r" + std::to_string(i));
    EXPECT_EQ(answer.status(), i % 3 == 1 ? 401 : 200);
  }
}

TEST_F(H1Conversation, NothingBehindAMalformedRequestIsServed) {
  client_->send(get() + post("Content-Length: 5\r\n", "hello") + get("X-Odd : a\r\n") + kSmuggled);
  EXPECT_EQ(client_->read_message().status(), 200);
  EXPECT_EQ(client_->read_message().status(), 200);
  EXPECT_EQ(client_->read_message().status(), 400);
  expect_end();
  EXPECT_EQ(received().size(), 2U);
}

TEST_F(H1Conversation, NothingBehindARequestToCloseIsServed) {
  client_->send(get("Connection: close\r\n") + kSmuggled);
  EXPECT_EQ(client_->read_message().status(), 200);
  expect_end();
  EXPECT_EQ(received().size(), 1U);
}

TEST_F(H1Conversation, WhatFollowsABodyIsTheNextRequest) {
  client_->send(post("Content-Length: 5\r\n", "hello") + "\r\n" +
                post_chunks("5\r\nhello\r\n0\r\n\r\n") + get());
  EXPECT_EQ(client_->read_message().status(), 200);
  EXPECT_EQ(client_->read_message().status(), 200);
  EXPECT_EQ(client_->read_message().status(), 200);
  EXPECT_EQ(received().size(), 3U);
}

TEST_F(H1Conversation, AnUnknownExpectationIsRefused) {
  client_->send(get("Expect: the unexpected\r\n"));
  HttpMessage answer = client_->read_message();
  EXPECT_EQ(answer.status(), 417);
  EXPECT_EQ(answer.body, kInvalidInput);
  client_->send(post("Expect: 100-continue, x\r\nContent-Length: 5\r\n", "hello"));
  EXPECT_EQ(client_->read_message().status(), 417);
  EXPECT_TRUE(received().empty());
}

TEST_F(H1Conversation, AChunkedBodyThatBreaksOffIsNotServed) {
  client_->send(post_chunks("5\r\nhello\r\n"));
  client_->finish_sending();
  EXPECT_EQ(client_->read_message().status(), 400);
  expect_end();
}

TEST_F(H1Conversation, ABodyThatBreaksOffIsNotServed) {
  client_->send(post("Content-Length: 50\r\n", "hello"));
  client_->finish_sending();
  EXPECT_EQ(client_->read_message().status(), 400);
  expect_end();
}

// --------------------------------------------------------------------------------------- limits

class H1Limit : public H1Conversation {
 protected:
  int status_of(const std::string& bytes) {
    client_ = gateway().connect();
    client_->send(bytes);
    const HttpMessage answer = client_->read_message();
    if (answer.status() >= 400) {
      EXPECT_EQ(answer.body, kInvalidInput);
      EXPECT_EQ(answer.field("connection"), "close");
      expect_end();
    }
    return answer.status();
  }
  /// A request whose head has exactly that size.
  static std::string head_of_size(std::size_t bytes) {
    std::string head = get("X-Fill: \r\n");
    head.insert(head.size() - 4, std::string(bytes - head.size(), 'x'));
    return head;
  }
};

TEST_F(H1Limit, OfTheTarget) {
  EXPECT_EQ(status_of(request("GET /" + std::string(kUriBytes - 1, 'x') + " HTTP/1.1")), 200);
  EXPECT_EQ(status_of(request("GET /" + std::string(kUriBytes, 'x') + " HTTP/1.1")), 414);
  EXPECT_EQ(status_of(request("GET /x?" + std::string(kUriBytes - 3, 'x') + " HTTP/1.1")), 200);
  EXPECT_EQ(status_of(request("GET /x?" + std::string(kUriBytes - 2, 'x') + " HTTP/1.1")), 414);
}

TEST_F(H1Limit, OfTheTargetIsJudgedBeforeTheHeadIsComplete) {
  EXPECT_EQ(status_of("GET /" + std::string(2 * kUriBytes, 'x')), 414);
}

TEST_F(H1Limit, OfTheMethod) {
  EXPECT_EQ(status_of(request(std::string(100, 'M') + " /x HTTP/1.1")), 200);
  EXPECT_EQ(status_of(request(std::string(2 * kUriBytes, 'M') + " /x HTTP/1.1")), 414);
}

TEST_F(H1Limit, OfTheHead) {
  EXPECT_EQ(status_of(head_of_size(kHeaderBytes)), 200);
  EXPECT_EQ(status_of(head_of_size(kHeaderBytes + 1)), 431);
  EXPECT_EQ(status_of(head_of_size(4 * kHeaderBytes)), 431);
}

TEST_F(H1Limit, OfTheHeadIsJudgedBeforeItIsComplete) {
  EXPECT_EQ(status_of("GET /x HTTP/1.1\r\nX-Odd: " + std::string(kHeaderBytes, 'x')), 431);
}

TEST_F(H1Limit, OfTheCountOfFields) {
  const auto with_fields = [](std::size_t count) {
    std::string fields;
    for (std::size_t i = 4; i < count; ++i) fields += "X: y\r\n";
    return get(fields);
  };
  EXPECT_EQ(status_of(with_fields(kHeaderCount)), 200);
  EXPECT_EQ(status_of(with_fields(kHeaderCount + 1)), 431);
  EXPECT_EQ(status_of(with_fields(10 * kHeaderCount)), 431);
}

TEST_F(H1Limit, OfChunkExtensions) {
  EXPECT_EQ(status_of(post_chunks("5;x=" + std::string(10'000, 'y') + "\r\nhello\r\n0\r\n\r\n")),
            200);
}

}  // namespace
}  // namespace trackly::test
