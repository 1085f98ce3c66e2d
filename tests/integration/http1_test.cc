// HTTP/1.1 from the client, byte by byte: what no library would send, and what RFC 9112 says of it.

#include <gtest/gtest.h>

#include <string>

#include "tests/support/gateway.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

const std::string kKeyLine = key_field() + "\r\n";

std::string get_request(std::string_view more_fields = {}) {
  return http1_request("GET", kContactsPath, kKeyLine + std::string(more_fields));
}

std::string post_request(std::string_view more_fields = {}) {
  return http1_request("POST", kSendPath, kKeyLine + std::string(more_fields), kMessage);
}

/// The head of a POST whose body follows in chunks.
std::string chunked_head(std::string_view more_fields = {}) {
  return http1_request("POST", kSendPath,
                       kKeyLine + "Transfer-Encoding: chunked\r\n" + std::string(more_fields));
}

/// H1 downstream; the service speaks what the parameter says.
class Http1 : public testing::TestWithParam<Upstream> {
 protected:
  Http1() { serve(Reaction{}); }
  void serve(Reaction reaction, GatewayConfig config = {}) {
    gateway_.reset();
    service_ = std::make_unique<Service>(GetParam(), always(std::move(reaction)));
    config.upstream = service_->url();
    gateway_ = std::make_unique<Gateway>(config);
    client_ = gateway_->connect();
  }

  std::unique_ptr<Service> service_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<Wire> client_;
};

TEST_P(Http1, KeepsTheConnectionForTheNextRequest) {
  for (int i = 0; i < 5; ++i) {
    client_->send(post_request());
    const HttpMessage answer = client_->read_message();
    ASSERT_TRUE(answer.complete);
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.body, kAccepted);
  }
  EXPECT_EQ(service_->requests().size(), 5u);
  EXPECT_EQ(service_->connections(), 1);
}

TEST_P(Http1, KeepsTheConnectionAfterARefusalThatReadTheWholeRequest) {
  client_->send(http1_request("POST", kSendPath, kKeyLine, "{}"));
  EXPECT_EQ(client_->read_message().status(), 400);
  client_->send(get_request());
  EXPECT_EQ(client_->read_message().status(), 200);
}

TEST_P(Http1, AnswersPipelinedRequestsInTheirOrder) {
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    const std::string id = "X-Request-Id: request-" + std::to_string(i) + "\r\n";
    requests += i % 3 == 0   ? post_request(id)
                : i % 3 == 1 ? get_request(id)
                             : http1_request("GET", "/nowhere", id);
  }
  client_->send(requests);
  for (int i = 0; i < 20; ++i) {
    const HttpMessage answer = client_->read_message();
    ASSERT_TRUE(answer.complete) << i;
    EXPECT_EQ(answer.field("x-request-id"), "request-" + std::to_string(i));
    EXPECT_EQ(answer.status(), i % 3 == 2 ? 404 : 200) << i;
  }
}

TEST_P(Http1, TakesARequestByteByByte) {
  for (const char byte : post_request()) client_->send({&byte, 1});
  EXPECT_EQ(client_->read_message().status(), 200);
  ASSERT_EQ(service_->requests().size(), 1u);
  EXPECT_EQ(service_->requests().all()[0].body, kMessage);
}

TEST_P(Http1, TakesAChunkedBody) {
  client_->send(chunked_head());
  const std::string_view body = kMessage;
  for (std::size_t at = 0; at < body.size(); at += 7) {
    client_->send(http1_chunk(body.substr(at, 7)));
  }
  client_->send(http1_chunk(""));
  EXPECT_EQ(client_->read_message().status(), 200);
  ASSERT_EQ(service_->requests().size(), 1u);
  EXPECT_EQ(service_->requests().all()[0].body, kMessage);
}

TEST_P(Http1, IgnoresChunkExtensions) {
  client_->send(chunked_head());
  char size[16];
  std::snprintf(size, sizeof size, "%zx", kMessage.size());
  client_->send(std::string(size) + ";name=\"a quoted value\"\r\n" + std::string(kMessage) +
                "\r\n0;last\r\n\r\n");
  EXPECT_EQ(client_->read_message().status(), 200);
}

TEST_P(Http1, SendsTheAnswersTrailersOn) {
  Reaction reaction;
  reaction.trailers = {{"x-checksum", "abc"}};
  serve(reaction);
  client_->send(get_request("TE: trailers\r\n"));
  const HttpMessage answer = client_->read_message();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.body, kAccepted);
  EXPECT_EQ(answer.trailer("x-checksum"), "abc");
}

TEST_P(Http1, AsksForTheBodyOnlyOnceTheHeadIsFine) {
  client_->send(http1_request("POST", kSendPath,
                              kKeyLine + "Expect: 100-continue\r\nContent-Length: " +
                                  std::to_string(kMessage.size()) + "\r\n"));
  const HttpMessage interim = client_->read_message();
  EXPECT_EQ(interim.status(), 100);
  client_->send(kMessage);
  EXPECT_EQ(client_->read_message().status(), 200);
  ASSERT_EQ(service_->requests().size(), 1u);
  EXPECT_FALSE(service_->requests().all()[0].has("expect"));
}

TEST_P(Http1, NeverAsksForTheBodyOfARefusedHead) {
  client_->send(http1_request(
      "POST", kSendPath,
      "Expect: 100-continue\r\nContent-Length: " + std::to_string(kMessage.size()) + "\r\n"));
  EXPECT_EQ(client_->read_message().status(), 401);
}

TEST_P(Http1, ServesHttp10AndCloses) {
  client_->send("GET /api/v2/contacts HTTP/1.0\r\n" + kKeyLine + "\r\n");
  const std::string answer = client_->read_to_end();
  EXPECT_EQ(client_->ended(), Wire::End::closed);
  EXPECT_TRUE(answer.ends_with(kAccepted)) << answer;
  EXPECT_EQ(answer.find("Transfer-Encoding"), std::string::npos);
}

TEST_P(Http1, ClosesAfterTheAnswerWhereTheClientAsksForIt) {
  client_->send(get_request("Connection: close\r\n"));
  const HttpMessage answer = client_->read_message();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(client_->read_to_end(), "");
  EXPECT_EQ(client_->ended(), Wire::End::closed);
}

TEST_P(Http1, AnswersAClientThatHalfCloses) {
  client_->send(post_request());
  client_->finish_sending();
  const HttpMessage answer = client_->read_message();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.status(), 200);
}

TEST_P(Http1, SendsNoBodyForHeadAndGoesOn) {
  client_->send(http1_request("HEAD", kContactsPath, kKeyLine));
  EXPECT_EQ(client_->read_message("HEAD").status(), 200);
  client_->send(http1_request("HEAD", "/nowhere", ""));
  const HttpMessage refused = client_->read_message("HEAD");
  EXPECT_EQ(refused.status(), 404);
  client_->send(get_request());
  EXPECT_EQ(client_->read_message().body, kAccepted);
}

TEST_P(Http1, PrefersTheAbsoluteFormsAuthority) {
  client_->send("GET http://right.example/api/v2/contacts?x=1 HTTP/1.1\r\nHost: wrong.example\r\n" +
                kKeyLine + "\r\n");
  EXPECT_EQ(client_->read_message().status(), 200);
  ASSERT_EQ(service_->requests().size(), 1u);
  EXPECT_EQ(authority_of(service_->requests().all()[0]), "right.example");
  EXPECT_EQ(service_->requests().all()[0].target(), "/api/v2/contacts?x=1");
}

TEST_P(Http1, PassesAChunkedBodyThatNoRuleReadsWhileItArrives) {
  serve(Reaction{}, {.more = "unknown_paths: forward\n"});
  client_->send(http1_request("POST", "/api/v9/upload",
                              kKeyLine + "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n"));
  std::string body;
  for (int i = 0; i < 50; ++i) {
    const std::string piece(20'000, static_cast<char>('a' + i % 26));
    body += piece;
    client_->send(http1_chunk(piece));
  }
  client_->send("0\r\nX-Sum: 42\r\n\r\n");
  EXPECT_EQ(client_->read_message().status(), 200);
  ASSERT_EQ(service_->requests().size(), 1u);
  EXPECT_TRUE(service_->requests().all()[0].body == body);
  EXPECT_EQ(service_->requests().all()[0].trailer("x-sum"), "42");
}

INSTANTIATE_TEST_SUITE_P(, Http1, testing::ValuesIn(kEveryUpstream), [](const auto& test) {
  return "H1" + std::string(to_string(test.param));
});

// ------------------------------------------------------------- requests that two readers could
// frame differently, or that do not parse: 400, and the connection goes

class MalformedRequest : public testing::TestWithParam<std::pair<const char*, std::string>> {};

TEST_P(MalformedRequest, IsRefusedAndEndsTheConnection) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url()});
  const auto client = gateway.connect();
  client->send(GetParam().second);
  const HttpMessage answer = client->read_message();
  EXPECT_EQ(answer.status(), 400);
  EXPECT_EQ(answer.body, R"({"error":"Invalid input","code":"invalid_input"})");
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_GE(answer.field("x-request-id").size(), 16u);
  EXPECT_TRUE(answer.field("proxy-status").starts_with("trackly-gateway; error=http_request"));
  client->finish_sending();
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_EQ(client->ended(), Wire::End::closed);
  EXPECT_EQ(service.requests().size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    H1, MalformedRequest,
    testing::Values(
        std::pair{"Nonsense", std::string("nonsense\r\n\r\n")},
        std::pair{"TlsOnThePlainPort",
                  std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15)},
        std::pair{"NoHost", "GET /api/v2/contacts HTTP/1.1\r\n" + kKeyLine + "\r\n"},
        std::pair{"TwoHosts", get_request("Host: other.example\r\n")},
        std::pair{"ObsoleteFolding", get_request("X-Folded: a\r\n b\r\n")},
        std::pair{"SpaceBeforeTheColon", get_request("X-Spaced : a\r\n")},
        std::pair{"NulInAField", get_request(std::string("X-Nul: a\0b\r\n", 12))},
        std::pair{"BareLineFeeds", std::string("GET /api/v2/contacts HTTP/1.1\nHost: x\n\n")},
        std::pair{"LengthAndChunked", chunked_head("Content-Length: 5\r\n") + "0\r\n\r\n"},
        std::pair{"TwoLengths",
                  http1_request("POST", kSendPath,
                                kKeyLine + "Content-Length: 5\r\nContent-Length: 6\r\n") +
                      "hello"},
        std::pair{"NegativeLength",
                  http1_request("POST", kSendPath, kKeyLine + "Content-Length: -5\r\n")},
        std::pair{"LengthWithASign",
                  http1_request("POST", kSendPath, kKeyLine + "Content-Length: +5\r\n") + "hello"},
        std::pair{"UnknownCoding",
                  http1_request("POST", kSendPath, kKeyLine + "Transfer-Encoding: gzip\r\n")},
        std::pair{"TwoCodings", http1_request("POST", kSendPath,
                                              kKeyLine + "Transfer-Encoding: gzip, chunked\r\n") +
                                    "0\r\n\r\n"},
        std::pair{
            "ChunkedTwice",
            http1_request("POST", kSendPath, kKeyLine + "Transfer-Encoding: chunked, chunked\r\n") +
                "0\r\n\r\n"},
        std::pair{"ChunkedOnHttp10",
                  "POST /api/v2/send HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" +
                      kKeyLine + "\r\n0\r\n\r\n"},
        std::pair{"BadChunkSize", chunked_head() + "zz\r\n"},
        std::pair{"ChunkSizeTooLarge", chunked_head() + "fffffffffffffffff\r\n"},
        std::pair{"ChunkLongerThanItSays", chunked_head() + "2\r\nabcdef\r\n0\r\n\r\n"},
        std::pair{"FragmentInTheTarget", http1_request("GET", "/api/v2/contacts#x", kKeyLine)},
        std::pair{"BackslashInTheTarget", http1_request("GET", "/api\\v2/contacts", kKeyLine)},
        std::pair{"DoubleSlash", http1_request("GET", "//api/v2/contacts", kKeyLine)},
        std::pair{"BrokenEscape", http1_request("GET", "/api/v2/contacts/%zz", kKeyLine)},
        std::pair{"ControlByteInTheTarget",
                  http1_request("GET", "/api/v2/contacts/\x01", kKeyLine)},
        std::pair{"UnknownVersion",
                  std::string("GET /api/v2/contacts HTTP/3.0\r\nHost: x\r\n\r\n")}),
    [](const auto& test) { return std::string(test.param.first); });

// ------------------------------------------------------------------------------ slow clients

TEST(SlowClient, WhoseHeadDoesNotComeIs408) {
  Gateway gateway({.limits = "header_timeout: 300ms"});
  const auto client = gateway.connect();
  client->send("GET /api/v2/contacts HTTP/1.1\r\nHost: x\r\n");
  const HttpMessage answer = client->read_message();
  EXPECT_EQ(answer.status(), 408);
  EXPECT_EQ(answer.body, R"({"error":"Invalid input","code":"invalid_input"})");
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(client->read_to_end(), "");
}

TEST(SlowClient, WhoseBodyDoesNotComeIs408) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .limits = "body_timeout: 300ms"});
  const auto client = gateway.connect();
  client->send(http1_request("POST", kSendPath, kKeyLine + "Content-Length: 100\r\n") + "{");
  const HttpMessage answer = client->read_message();
  EXPECT_EQ(answer.status(), 408);
  EXPECT_EQ(answer.body, R"({"error":"Invalid input","code":"invalid_input"})");
  EXPECT_EQ(service.requests().size(), 0u);
}

TEST(SlowClient, WithoutARequestIsLetGo) {
  Gateway gateway({.limits = "header_timeout: 300ms, idle_timeout: 300ms"});
  const auto client = gateway.connect();
  client->read_to_end();
  EXPECT_NE(client->ended(), Wire::End::open);
}

TEST(IdleClient, WhoseNextRequestCrossesOurEndDoesNotReachTheService) {
  Service service(Upstream::h1, always(Reaction{}));
  Gateway gateway({.upstream = service.url(), .limits = "idle_timeout: 300ms"});
  const auto client = gateway.connect();
  client->send(get_request());
  EXPECT_EQ(client->read_message().status(), 200);
  EXPECT_EQ(client->read_to_end(), "");
  ASSERT_EQ(client->ended(), Wire::End::closed);

  client->send(post_request());
  EXPECT_EQ(gateway.stop(), 0);
  EXPECT_EQ(service.requests().size(), 1u);
}

TEST(ClientThatLeaves, BeforeItsAnswerIsLogged) {
  Service service(Upstream::h1, always({.kind = Reaction::Kind::hang}));
  Gateway gateway({.upstream = service.url()});
  const auto client = gateway.connect();
  client->send(get_request("X-Request-Id: gone\r\n"));
  ASSERT_TRUE(service.requests().wait_for(0));
  client->reset();
  const auto line = gateway.log_of("gone");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/delivered"], "true") << line->json();
  EXPECT_NE(line->json().find("client_gone"), std::string::npos) << line->json();
}

}  // namespace
}  // namespace trackly::test
