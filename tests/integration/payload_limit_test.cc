// The 5 MB cap at its exact byte, on every way a body can come; and a refusal that its client can
// read although it is still sending.

#include <gtest/gtest.h>

#include <string>

#include "tests/integration/protocol_pairs.h"
#include "tests/support/gateway.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

constexpr std::size_t kCap = 5 * 1024 * 1024;
constexpr std::string_view kTooLarge =
    R"({"error":"Payload exceeds size limit","code":"payload_too_large"})";

CurlRequest chunked(CurlRequest request) {
  // On HTTP/2 this leaves content-length out.
  request.fields.emplace_back("Transfer-Encoding: chunked");
  return request;
}

/// Without waiting for "100 Continue", so that the body is on its way when the answer comes.
CurlRequest at_once(CurlRequest request) {
  request.fields.emplace_back("Expect:");
  return request;
}

class PayloadLimit : public testing::TestWithParam<ProtocolPair> {
 protected:
  PayloadLimit() : service_(std::get<1>(GetParam())), gateway_({.upstream = service_.url()}) {}
  CurlAnswer request(const CurlRequest& request) {
    return gateway_.request(std::get<0>(GetParam()), request);
  }
  Service service_;
  Gateway gateway_;
};

TEST_P(PayloadLimit, PassesExactlyFiveMebibytes) {
  const std::string body = message_of_size(kCap);
  for (const CurlRequest& sent : {send_message(body), chunked(send_message(body))}) {
    const CurlAnswer answer = request(sent);
    EXPECT_EQ(answer.exit_code, 0) << answer.error;
    EXPECT_EQ(answer.status(), 200) << answer.body;
  }
  ASSERT_EQ(service_.requests().size(), 2u);
  for (const HttpMessage& received : service_.requests().all()) {
    EXPECT_TRUE(received.body == body) << received.body.size();
  }
}

TEST_P(PayloadLimit, RefusesOneByteMore) {
  const std::string body = message_of_size(kCap + 1);
  for (const CurlRequest& sent :
       {send_message(body), chunked(send_message(body)), at_once(send_message(body)),
        at_once(chunked(send_message(body)))}) {
    const CurlAnswer answer = request(sent);
    EXPECT_EQ(answer.exit_code, 0) << answer.error;
    EXPECT_EQ(answer.status(), 413) << answer.error;
    EXPECT_EQ(answer.body, kTooLarge);
  }
  EXPECT_EQ(service_.requests().size(), 0u);
}

TEST_P(PayloadLimit, IsReadableByAClientThatIsStillSending) {
  const std::string body = message_of_size(kCap + 3 * 1024 * 1024);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const CurlRequest sent = send_message(body);
    const CurlAnswer answer = request(at_once(attempt % 2 == 0 ? sent : chunked(sent)));
    ASSERT_EQ(answer.status(), 413) << "attempt " << attempt << ": " << answer.error;
    ASSERT_EQ(answer.body, kTooLarge) << "attempt " << attempt << ": " << answer.error;
  }
}

TEST_P(PayloadLimit, OfABadKeyIsReadableByAClientThatIsStillSending) {
  CurlRequest sent = at_once(send_message(message_of_size(kCap)));
  sent.fields[0] = key_field(keys::kUnknown);
  for (int attempt = 0; attempt < 5; ++attempt) {
    const CurlAnswer answer = request(sent);
    ASSERT_EQ(answer.status(), 401) << "attempt " << attempt << ": " << answer.error;
    ASSERT_EQ(answer.body, R"({"error":"Invalid API key","code":"invalid_api_key"})");
  }
}

INSTANTIATE_TEST_SUITE_P(, PayloadLimit, every_pair(),
                         [](const auto& test) { return pair_name(test); });

TEST(PayloadLimitH1H1, IsSaidBeforeTheBodyWhereTheLengthIsKnown) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url()});
  const auto client = gateway.connect();
  client->send(http1_request("POST", kSendPath,
                             key_field() + "\r\nExpect: 100-continue\r\nContent-Length: " +
                                 std::to_string(kCap + 1) + "\r\n"));
  const HttpMessage answer = client->read_message();
  EXPECT_EQ(answer.status(), 413);
  EXPECT_EQ(answer.body, kTooLarge);
}

TEST(PayloadLimitH1H1, StrikesAtTheByteThatCrossesIt) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .payload_limit = "max_bytes: 1000"});
  const auto client = gateway.connect();
  client->send(
      http1_request("POST", kSendPath, key_field() + "\r\nTransfer-Encoding: chunked\r\n"));
  client->send(http1_chunk(std::string(1000, ' ')));
  EXPECT_EQ(client->read_some(Milliseconds(200)), "");  // not yet: 1,000 bytes are allowed
  client->send(http1_chunk(" "));
  EXPECT_EQ(client->read_message().status(), 413);
}

TEST(PayloadLimitH1H1, CutsAStreamedBodyWithoutDeliveringItWhole) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(),
                   .payload_limit = "max_bytes: 100KiB",
                   .more = "unknown_paths: forward\n"});
  CurlRequest sent = post("/api/v9/upload", std::string(300'000, 'x'));
  sent.fields.emplace_back("Transfer-Encoding: chunked");
  sent.fields.emplace_back("X-Request-Id: cut");
  const CurlAnswer answer = gateway.request(Downstream::h1, sent);
  EXPECT_EQ(answer.status(), 413) << answer.error;
  EXPECT_EQ(answer.body, kTooLarge);
  for (const HttpMessage& received : service.requests().all()) EXPECT_FALSE(received.complete);
  const auto line = gateway.log_of("cut");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/code"], "payload_too_large") << line->json();
  EXPECT_EQ((*line)["/refused_by"], "payload_limit") << line->json();
}

}  // namespace
}  // namespace trackly::test
